//! Records as bytes and back: golden bytes, an independent decoder, every refusal, truncation and random bytes.

mod fixtures;
mod records;
