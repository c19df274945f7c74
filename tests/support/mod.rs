//! What several test programs share. Each of them uses a part of it.

#![allow(dead_code)]

pub mod acls;
pub mod application;
pub mod broker;
pub mod company;
pub mod engine;
pub mod features;
pub mod foreign;
pub mod heavy;
pub mod histories;
pub mod memory;
pub mod pairs;
pub mod producers;
pub mod proxy;
pub mod records;
pub mod registry;
pub mod rights;
pub mod runner;
pub mod secured;
pub mod stage;
pub mod story;
pub mod tokens;

/// Says how a test that passes went: what it prints with `println` nobody sees then.
pub fn tell(line: &str) {
    use std::io::Write;
    // Nobody may listen.
    let _ = writeln!(std::io::stderr(), "{line}");
}
