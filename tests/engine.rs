//! The engine's guarantees G1–G6, G8 and G10, each tried with a small operation (`support::toy`).

mod keys;
mod retries;
mod start;
mod steps;
mod versions;
mod worker;
