//! What a component may not say about how much is taken back by the age of deals, in the words of its reject.

use super::super::component::check_component;
use super::component;
use crate::domain::money::Rate;
use crate::domain::plan::*;

#[test]
fn a_scale_is_of_what_single_deals_earned() {
    let check = |price: ClawbackPrice, rows: &[(i32, i64)], expected: &str| {
        let row = |(within_months, share): &(i32, i64)| ScaleRow { within_months: *within_months, share: Rate(*share) };
        let clawback = Clawback { price, scale: rows.iter().map(row).collect(), ..Clawback::default() };
        let found =
            check_component(&Component { clawback, ..component(QuotaUse::Interval) }).map_err(|reject| reject.to_string());
        let expected =
            if expected.is_empty() { Ok(()) } else { Err(format!("clawback: component \"new\": {expected} [invalid_fact]")) };
        assert_eq!(found, expected, "{rows:?}");
    };
    use ClawbackPrice::{HistoricRate, Recompute};
    check(HistoricRate, &[], "");
    check(HistoricRate, &[(3, 100_000_000), (120, 0)], "");
    check(Recompute, &[(3, 100_000_000)], "a scale is of what single deals earned");
    check(HistoricRate, &[(3, 1); 13], "a scale of more than 12 rows");
    check(HistoricRate, &[(0, 1)], "a row of a scale is within 1 to 120 months");
    check(HistoricRate, &[(3, 1), (3, 1)], "the months of a scale rise");
    check(HistoricRate, &[(3, 100_000_001)], "a share of a scale is 0 to 100 %");
}
