//! Lines of JSON: what they say, and every refusal with its exact message.

use super::fixtures;
use crate::domain::calendar::Date;
use crate::domain::deal::{Change, DealStatus};
use crate::domain::money::Share;
use crate::wire::json::{deal_from_line, deal_line, quota_from_line, quota_line, settlement_from_line, settlement_line};

const DEAL: &str = r#"{"deal_id": "D-1", "revision": 2, "status": "CLOSED", "change": "CORRECTION",
    "effective_on": "2026-02-03", "closed_on": "2026-02-03", "sequence": 7, "currency": "USD", "customer": "Initech",
    "related_deal": "D-0", "kind": "EXPANSION", "contract_start": "2026-02-03", "term_months": 12, "stage": "won",
    "probability": "100%", "lines": [
      {"line_id": "1", "product": "platform", "geography": "EMEA", "segment": "enterprise", "amount": "125000.50",
       "quantity": 2.5, "cost": -0.000001, "splits": [{"payee_id": "ana", "role": "AE", "counts": "REVENUE", "share": 1}]},
      {"line_id": "2", "product": "support", "geography": null, "amount": 0, "quantity": "-1"}],
    "splits": [{"payee_id": "ana", "role": "AE", "counts": "REVENUE", "share": "70%"},
      {"payee_id": "ben", "role": "AE", "counts": "REVENUE", "share": 0.3},
      {"payee_id": "cy", "role": "AE", "counts": "OVERLAY", "share": "0.5"}],
    "attributes": {"since": {"date": "2026-02-03"}, "score": -1.5, "region": "north"},
    "occurred_at": "2026-02-02T02:40:00Z"}"#;

#[test]
fn a_line_says_all_of_a_deal() {
    let deal = deal_from_line(DEAL).expect("a good line");
    assert_eq!(deal.as_deal(), fixtures::deal());
}

#[test]
fn inputs_are_written_as_the_lines_that_they_are_read_from() {
    let deal = fixtures::deal();
    assert_eq!(deal_from_line(deal_line(&deal).unwrap().get()).unwrap().as_deal(), deal);
    let quota = fixtures::quota();
    assert_eq!(quota_from_line(quota_line(&quota).unwrap().get()).unwrap().as_quota(), quota);
    let settled = fixtures::settlement();
    assert_eq!(settlement_from_line(settlement_line(&settled).unwrap().get()).unwrap().as_settlement(), settled);
}

#[test]
fn what_a_deal_may_leave_out() {
    let deal = deal_from_line(r#"{"deal_id":"D","revision":1,"closed_on":"2026-01-31","currency":"USD"}"#).expect("a good line");
    assert_eq!((deal.status, deal.change, deal.occurred_at), (DealStatus::Closed, Change::Correction, 0));
    assert_eq!((deal.closed_on, deal.lines.len(), deal.splits.len()), (Date(20_484), 0, 0));
}

#[test]
fn a_line_says_all_of_a_quota() {
    let line = r#"{"payee_id":"ana","measure":"new-arr","calendar":"fiscal","interval":"2026-Q1","amount":100000,"revision":3,
        "applies_from":"2026-02-01","author":"eva","reason":"new territory","occurred_at":1770000000000000}"#;
    assert_eq!(quota_from_line(line).expect("a good line").as_quota(), fixtures::quota());
    let withdrawn = quota_from_line(&line.replace("\"amount\":100000,", "")).expect("a good line");
    assert_eq!(withdrawn.amount, None);
}

#[test]
fn a_line_says_all_of_a_settlement() {
    let line = r#"{"settlement_id":"INV-7/1","deal_id":"D-1","kind":"COLLECTED","amount":"60000.50","currency":"USD",
        "on":"2026-02-03","occurred_at":1770000000000000}"#;
    assert_eq!(settlement_from_line(line).expect("a good line").as_settlement(), fixtures::settlement());
    let refused = |from: &str, to: &str| settlement_from_line(&line.replace(from, to)).expect_err("a bad line").to_string();
    let kind = "kind: \"PAID\" is not one of INVOICED, COLLECTED, REFUNDED [invalid_field]";
    assert_eq!(refused("\"COLLECTED\"", "\"PAID\""), kind);
    assert_eq!(refused("\"on\":\"2026-02-03\",", ""), "on: missing [invalid_field]");
}

#[test]
fn lines_that_are_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(DEAL.contains(from), "{from}");
        let refused =
            deal_from_line(&DEAL.replacen(from, to, 1)).map_or_else(|reject| reject.to_string(), |deal| format!("{deal:?}"));
        assert_eq!(refused, expected);
    };
    check("\"revision\": 2,", "", "revision: missing [invalid_field]");
    check("\"revision\": 2,", "\"revision\": 2.0,", "revision: expected a whole number in range, found 2.0 [invalid_field]");
    check("\"D-1\"", "1", "deal_id: expected text, found 1 [invalid_field]");
    check("\"stage\"", "\"stagee\"", "stagee: unknown field [invalid_field]");
    check("\"stage\"", "\"customer\"", "customer: twice [invalid_field]");
    check("\"CLOSED\"", "\"closed\"", "status: \"closed\" is not one of CLOSED, CANCELLED, OPEN, LOST [invalid_field]");
    check(
        "\"closed_on\": \"2026-02-03\"",
        "\"closed_on\": \"3.2.2026\"",
        "closed_on: \"3.2.2026\" is not a date like 2026-01-31 [invalid_field]",
    );
    check("\"125000.50\"", "1.25e5", "lines[0].amount: \"1.25e5\" is not a plain decimal number [invalid_field]");
    check("\"125000.50\"", "0.1234567", "lines[0].amount: \"0.1234567\" has more than 6 decimals [invalid_field]");
    check(
        "\"125000.50\"",
        "1000000000000000000",
        "lines[0].amount: \"1000000000000000000\" is out of range [amount_out_of_range]",
    );
    check("\"125000.50\"", "[1]", "lines[0].amount: expected a decimal number, found [1] [invalid_field]");
    check("\"quantity\": \"-1\"", "\"quantity\": \"\"", "lines[1].quantity: \"\" is not a plain decimal number [invalid_field]");
    check("\"segment\"", "\"segmnt\"", "lines[0].segmnt: unknown field [invalid_field]");
    check("0.3", "1.3", "splits[1].share: \"1.3\" is out of range [amount_out_of_range]");
    check("\"share\": 1}", "\"share\": 1, \"note\": 2}", "lines[0].splits[0].note: unknown field [invalid_field]");
    check("-1.5", "true", "attributes.score: expected text, a number or {\"date\": ...}, found true [invalid_field]");
    check("{\"date\": \"2026-02-03\"}", "{\"day\": 1}", "attributes.since.date: missing [invalid_field]");
    let time = "occurred_at: \"2026-02-02T02:40:00\" is not a time like 2026-01-31T09:30:00Z, to the microsecond [invalid_field]";
    check("2026-02-02T02:40:00Z", "2026-02-02T02:40:00", time);
    check("\"2026-02-02T02:40:00Z\"", "1e9", "occurred_at: expected a whole number in range, found 1e9 [invalid_field]");
}

#[test]
fn what_is_no_object() {
    let check = |line: &str, expected: &str| {
        assert_eq!(deal_from_line(line).map_err(|reject| reject.to_string()), Err(expected.into()));
    };
    check("[]", "expected an object, found [] [invalid_field]");
    check("", "not JSON: EOF while parsing a value at line 1 column 0 [not_decodable]");
    check("{\"a\": 1} x", "not JSON: trailing characters at line 1 column 10 [not_decodable]");
    check(
        "\"a long text that nobody would want to read in full\"",
        "expected an object, found \"a long text that nobody would want to r... [invalid_field]",
    );
    assert_eq!(Share::parse("50%"), Share::parse("0.5"));
}
