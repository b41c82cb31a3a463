//! The mapping platforms as programs, for the demo and the tests. They share no code with the adapters that talk to
//! them: what both believe about a platform is written down twice, from the same sheet.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`ozmap`] | OZMap with a made-up city |
//! | [`geogrid`] | GeoGrid with a made-up city |
//! | [`geosite`] | Geosite with another one, in two ways of setting it up |
//! | [`server`] | HTTP for any of them: connections that can be cut, faults, the journal, the face under `/_simulator` |
//! | [`faults`] | what can be made to go wrong, and when |
//! | [`journal`] | which calls were made |
//! | [`people`] | made-up people; person *n* is the same one in every simulator and in the demo's HubSoft |
//! | [`chance`] | chance without a generator |

pub mod chance;
pub mod faults;
pub mod geogrid;
pub mod geosite;
pub mod journal;
pub mod ozmap;
pub mod people;
pub mod server;

/// Why a simulator could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of faults could not be read.
    #[error("the file of faults {path} cannot be read: {cause}")]
    Unreadable {
        /// As given.
        path: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// What it holds is not a list of faults.
    #[error("the faults cannot be understood: {0}")]
    NotFaults(#[from] serde_json::Error),
    /// The options contradict each other.
    #[error("{0}")]
    Options(String),
}
