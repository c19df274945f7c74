//! What several test programs share.

#![allow(dead_code)]

pub mod broker;
pub mod company;
pub mod histories;
pub mod memory;
