//! What can be seen of the product from outside: one trace a workflow, and metrics that answer an operator's questions.

pub mod collector;
mod metrics;
mod traces;
