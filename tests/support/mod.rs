//! What tests stand on: databases, folders and processes that clean up after themselves.

#![allow(dead_code, clippy::allow_attributes, reason = "a library for the tests; not all of it is used at every time")]

pub mod caller;
pub mod cities;
pub mod db;
pub mod doubles;
pub mod folder;
pub mod isp;
pub mod paths;
pub mod process;
pub mod provider;
pub mod proxy;
pub mod python;
pub mod toy;
pub mod tree;

pub use db::Db;
pub use folder::Folder;
pub use process::Process;
