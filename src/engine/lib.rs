//! Durable runs on Postgres: every operation a persisted state machine, driven by workers that poll an outbox.
//!
//! This crate knows no operation, no platform and no port.

pub mod retry;
pub mod workflow;
