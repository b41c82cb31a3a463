//! What a role may do. One table for the API's routes and the console's pages.

use crate::tokens::Role;

/// What a route or a page needs its caller to be allowed.
pub trait Right: Send + Sync + 'static {
    /// The roles that are.
    const ROLES: &'static [Role];
}

/// Start workflows.
pub struct Starting;
/// Read workflows; a token of role `enqueue` only those that it started.
pub struct ReadingWork;
/// Read everything else.
pub struct Reading;
/// Act: on workflows, upstreams, schedules.
pub struct Acting;
/// Set integrations up.
pub struct Administering;

impl Right for Starting {
    const ROLES: &'static [Role] = &[Role::Enqueue, Role::Operator, Role::Admin];
}
impl Right for ReadingWork {
    const ROLES: &'static [Role] = &[Role::Enqueue, Role::Viewer, Role::Operator, Role::Admin];
}
impl Right for Reading {
    const ROLES: &'static [Role] = &[Role::Viewer, Role::Operator, Role::Admin];
}
impl Right for Acting {
    const ROLES: &'static [Role] = &[Role::Operator, Role::Admin];
}
impl Right for Administering {
    const ROLES: &'static [Role] = &[Role::Admin];
}
