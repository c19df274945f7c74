//! Records as bytes and back: golden bytes, an independent decoder, every refusal, truncation and random bytes.

mod acknowledgements;
mod adjustments;
mod broken;
mod fixtures;
mod formats;
mod headers;
mod history;
mod independent;
mod lines;
mod rates;
mod records;
mod refusals;
mod results;
mod routes;
mod schemas;
mod traces;
mod writers;
