//! Records as bytes and back, and the record types under one roof.

pub mod records;
