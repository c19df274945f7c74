//! The domain: what a deal, a quota, a plan and a payout are, and how pay is computed from them.
//!
//! Pure and synchronous: no clock, disk, socket, randomness or float, and nothing of this crate outside `domain`.
//! Reading order: `money`, `exact`, `calendar`, `deal`, `quota`, `adjustment`, `plan`, `clawback`, `territory`, `currency`, `measure`, `fact` (inputs); `world` (facts
//! folded); `returns`, `credit`, `rate_table`, `formula`, `deals`, `reward`, `plan_cap`, `tranche`, `account`, `pay`, `conversion` (the four steps of the pipeline); `output` (what is
//! published); `reject` (why not).

pub mod account;
pub mod acknowledgement;
pub mod adjustment;
pub mod calendar;
pub mod clawback;
pub mod conversion;
pub mod credit;
pub mod currency;
pub mod deal;
pub mod deals;
pub mod exact;
pub mod fact;
pub mod formula;
pub mod measure;
pub mod money;
pub mod output;
pub mod pay;
pub mod pay_terms;
pub mod plan;
pub mod plan_cap;
pub mod quota;
pub mod rate_table;
pub mod reject;
pub mod returns;
pub mod reward;
pub mod settlement;
pub mod territory;
pub mod topic;
pub mod tranche;
pub mod world;
