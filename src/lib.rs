//! `accrue`: deals and quotas in, attainment, accruals and payouts out, exactly once.
//!
//! # Flow
//!
//! ```text
//! deal-closed, quota-changed, deal-settled, adjustment-made --> [crediting] --> credits --> [earning] --> attainment, accrual, payout
//!                                    ^                           ^
//!                                  facts (organisation, plans, measures, calendar, closes, releases)
//! ```
//!
//! # Modules in reading order
//!
//! - [`domain`]: how pay is computed; pure
//! - [`pipeline`]: the two stages as pure folds
//! - [`log`]: the seam to Kafka and the embedded log
//! - [`wire`]: records as bytes and back
//! - [`store`], [`worker`]: the cache in sled, and the step machine that makes a stage exactly-once
//! - `registry`: the schema registry that ids may come from; `token_endpoint`: who gives the tokens of OAUTHBEARER
//! - [`files`]: the files that people write
//! - [`crm`]: deals as Salesforce and HubSpot send them
//! - [`oracle`]: the slow, obvious second engine behind `verify`
//! - `append`: inputs on their way into the log; [`read`], [`cli`]: what people see; [`http`]: what machines ask and bring

mod append;
pub mod cli;
pub mod config;
pub mod crm;
pub mod domain;
pub mod files;
pub mod http;
pub mod log;
pub mod oracle;
pub mod pipeline;
pub mod read;
mod registry;
pub mod store;
pub mod telemetry;
mod token_endpoint;
pub mod wire;
pub mod worker;
