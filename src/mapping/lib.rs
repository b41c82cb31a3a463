//! The network as HubSoft holds it: projects, boxes, ports, who sits where, and what differs from the platform.
//!
//! Operations see the plain types of [`types`] and [`change`]; they read through a port that the application fills with
//! [`store`], and they write by answering with [`change::Change`]s, which the engine applies in the transaction that
//! records the step.

mod apply;
pub mod change;
pub mod discrepancies;
pub mod documents;
mod error;
pub mod integrations;
mod occupants;
mod parameters;
mod register;
pub mod retention;
pub mod secrets;
pub mod store;
mod sync;
pub mod types;
mod unseen;
pub mod viability;

pub use apply::apply;
pub use change::Change;
pub use error::Error;
pub use types::*;
