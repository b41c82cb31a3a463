//! The small HubSoft of the demo.
fn main() {}
