//! enlace, put together: what the crates below it do is joined here, and given a face.

pub mod api;
pub mod app;
pub mod bench;
pub mod cli;
pub mod console;
pub mod desk;
pub mod migrations;
pub mod postgres;
pub mod settings;
pub mod states;
pub mod telemetry;
pub mod tokens;
