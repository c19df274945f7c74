//! What a deal may hold, wherever it stands in it, and the deal that other tests begin with.

use super::*;

/// Closed in dollars: one line of ana's.
pub fn deal() -> DealClosed<'static> {
    let split = Split { payee_id: "ana", role: "AE", counts: Counts::Revenue, share: WHOLE };
    let line = Line {
        line_id: "1",
        product: "crm",
        geography: None,
        segment: None,
        amount: crate::domain::money::Amount(1),
        quantity: crate::domain::money::Quantity(1),
        cost: None,
        splits: vec![],
    };
    DealClosed {
        deal_id: "D1",
        revision: 1,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on: Date(0),
        sequence: None,
        currency: "USD",
        customer: None,
        related_deal: None,
        kind: None,
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines: vec![line],
        splits: vec![split],
        attributes: vec![],
        occurred_at: 0,
    }
}

#[track_caller]
fn check(deal: &DealClosed<'_>, expected: &str) {
    let found = deal.check().map_err(|reject| reject.to_string());
    assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(expected.to_owned()) });
}

/// As many lines, each with an id of its own.
fn with_lines(ids: &[String]) -> DealClosed<'_> {
    let lines = ids.iter().map(|id| Line { line_id: id, ..deal().lines.remove(0) });
    DealClosed { lines: lines.collect(), ..deal() }
}

#[test]
fn a_deal_has_its_limits() {
    let ids: Vec<String> = (0..=MAXIMUM_LINES).map(|place| place.to_string()).collect();
    check(&with_lines(&ids[..0]), "lines: a deal needs at least one line [invalid_field]");
    check(&with_lines(&ids[..MAXIMUM_LINES]), "");
    check(&with_lines(&ids), "lines: 1001 lines, more than 1000 [invalid_field]");
    let twice = [ids[0].clone(), ids[1].clone(), ids[0].clone()];
    check(&with_lines(&twice), "lines[2].line_id: line \"0\" twice [invalid_field]");
    check(&DealClosed { currency: "usd", ..deal() }, "currency: \"usd\" is not an ISO 4217 currency code [invalid_field]");
    let (longest, longer) = ("x".repeat(MAXIMUM_ID_BYTES), "x".repeat(MAXIMUM_ID_BYTES + 1));
    check(&DealClosed { deal_id: &longest, ..deal() }, "");
    check(&DealClosed { deal_id: &longer, ..deal() }, "deal_id: 201 bytes, more than 200 [invalid_field]");
    check(&DealClosed { deal_id: "", ..deal() }, "deal_id: empty [invalid_field]");
    check(&DealClosed { deal_id: "D\n1", ..deal() }, "deal_id: has a control character [invalid_field]");
}

#[test]
fn splits_have_their_limits_wherever_they_stand() {
    let of = |payee_id, counts, share| Split { payee_id, role: "AE", counts, share: Share(share) };
    let check = |splits: Vec<Split<'_>>, of_deal: &str, of_line: &str| {
        let mut on_line = deal();
        on_line.lines[0].splits = splits.clone();
        check(&DealClosed { splits, ..deal() }, of_deal);
        check(&on_line, of_line);
    };
    let (half, revenue, overlay) = (WHOLE.0 / 2, Counts::Revenue, Counts::Overlay);
    check(vec![of("ana", revenue, half), of("bo", revenue, half), of("ana", overlay, WHOLE.0)], "", "");
    for (share, text) in [(0, "0"), (WHOLE.0 + 1, "1.000001")] {
        let wrong = format!("splits[0].share: {text} is not above 0 and at most 1 [invalid_field]");
        check(vec![of("ana", revenue, share)], &wrong, &format!("lines[0].{wrong}"));
    }
    let twice = "payee \"ana\" twice with the same counts [duplicate_split]";
    let same = vec![of("ana", revenue, half), of("ana", revenue, half)];
    check(same, &format!("splits[1]: {twice}"), &format!("lines[0].splits[1]: {twice}"));
    let nobody = vec![of("", revenue, WHOLE.0)];
    check(nobody, "splits[0].payee_id: empty [invalid_field]", "lines[0].splits[0].payee_id: empty [invalid_field]");
    let short = "lines[0]: REVENUE shares total 90 %, not 100 % [splits_not_whole]";
    check(vec![of("ana", revenue, WHOLE.0 / 10 * 9)], short, short);
    let ids: Vec<String> = (0..=MAXIMUM_SPLITS).map(|place| place.to_string()).collect();
    let one_each = |count: u32| ids[..count as usize].iter().map(|id| of(id, revenue, WHOLE.0 / count)).collect();
    check(one_each(MAXIMUM_SPLITS as u32), "", "");
    let many = "splits: 101 splits, more than 100 [invalid_field]";
    check(one_each(MAXIMUM_SPLITS as u32 + 1), many, &format!("lines[0].{many}"));
}
