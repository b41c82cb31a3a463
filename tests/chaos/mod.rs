//! Chaos: everything that can go wrong goes wrong, at random and again, and every run ends with the history checker.

pub mod hubsoft;
