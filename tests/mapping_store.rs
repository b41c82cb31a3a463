//! HubSoft's side: what pages of a sync and changes of operations leave in the tables of `mapping`.

mod changes;
mod elements;
mod integrations;
mod occupants;
mod unseen;
mod viability;
mod world;
