//! What can be seen of a process from outside: its log, what it counts, and the traces of its workflows.
//!
//! The engine knows of none of it: it logs through `tracing`, counts through `metrics`, and tells of each recorded attempt
//! through [`engine::watch`]. Spans are made from what is recorded rather than by a layer over `tracing`, because their ids
//! follow from the workflow's (a trace outlives processes) and their times are the database's.

mod calls;
mod catalogue;
mod context;
mod counted;
mod export;
mod log;
pub mod recent;
mod requests;
mod spans;

pub use calls::Calls;
pub use catalogue::{METRICS, Metric, Sort, describe, document};
pub use context::Context;
pub use counted::{counted, upkeep};
pub use export::Traces;
pub use log::start;
pub use requests::traced;
