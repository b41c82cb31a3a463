//! The engine's guarantees G1–G6, G8 and G10, each tried with a small operation (`support::toy`).

mod acts;
mod explain;
mod history;
mod isolation;
mod keys;
mod leader;
mod lost_intakes;
mod retries;
mod start;
mod steps;
mod upstream;
mod versions;
mod worker;
