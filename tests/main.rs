//! One binary for all tests that need a database, a process or the network: a module per word of the domain.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, and what it stands on, fails by panicking")]

mod api;
mod bind;
mod bulk;
mod chaos;
mod cli;
mod clients;
mod conformance;
mod console;
mod crash;
mod decisions;
mod dependencies;
mod documents;
mod embedded_postgres;
mod engine;
mod enqueue;
mod equivalence;
mod every_workflow;
mod geogrid_adapter;
mod geogrid_budget;
mod geosite_adapter;
mod history;
mod mapping_store;
mod migrate;
mod migrations;
mod ozmap_adapter;
mod ozmap_sdk;
mod people;
mod php;
mod postgres_away;
mod retirement;
mod rules;
mod schedules;
mod setting_up;
mod settings;
mod sql;
mod states;
mod support;
mod sync;
mod telemetry;
mod tidy;
mod tokens;
mod trail;
mod upstreams;
mod viability;
