//! What payroll says about payouts: it comes back as it was written, by ours or another writer, and broken never.

use super::independent::{rewritten, schema};
use super::records::codec;
use crate::domain::acknowledgement::{PayoutAcknowledged, PayoutStatus};
use crate::domain::money::Amount;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic, partition_of};
use crate::wire::json::acknowledgement_from_line;
use crate::wire::{Codec, Format, Raw};

fn paid() -> PayoutAcknowledged<'static> {
    PayoutAcknowledged {
        payout_id: "2026-01/ana/COMM/regular/USD/2026-01",
        payee_id: "ana",
        status: PayoutStatus::Paid,
        amount: Some(Amount(3_800_000_000)),
        reference: Some("T-17"),
        reason: None,
        occurred_at: 1_770_000_000_000_000,
    }
}

fn written(of: &PayoutAcknowledged<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec().write_acknowledgement(of, &mut bytes).unwrap();
    bytes
}

/// In ana's partition, under her key.
fn read(value: Option<&[u8]>) -> Result<PayoutAcknowledged<'_>, Reject> {
    let position = Position { topic: Topic::PayoutAcknowledged, partition: partition_of(b"ana", 4), offset: 0 };
    codec().acknowledgement(position, 4, Some(b"ana"), value)
}

#[test]
fn an_acknowledgement_comes_back_whoever_wrote_it() {
    let returned = PayoutAcknowledged { status: PayoutStatus::Returned, amount: None, reason: Some("account closed"), ..paid() };
    for of in [paid(), returned] {
        let bytes = written(&of);
        assert_eq!(read(Some(&bytes)), Ok(of.clone()));
        assert_eq!(read(Some(&rewritten(&schema("payout-acknowledged"), &bytes))), Ok(of));
    }
    let json = Codec::new().unwrap().with_formats(&[(Topic::PayoutAcknowledged, Format::Json)]);
    let (mut line, mut scratch) = (Vec::new(), Vec::new());
    json.write_acknowledgement(&paid(), &mut line).unwrap();
    let position = Position { topic: Topic::PayoutAcknowledged, partition: 0, offset: 0 };
    let own = json.own(Raw { position, key: None, value: Some(&line), headers: &[] }, &mut scratch).unwrap();
    assert!(line.starts_with(b"{") && own == Some(&written(&paid())));
    let line = r#"{"payout_id":"2026-01/ana/COMM/regular/USD/2026-01","payee_id":"ana","status":"PAID","amount":"3800.00",
        "reference":"T-17","reason":null,"occurred_at":"2026-02-02T02:40:00Z"}"#;
    assert_eq!(acknowledgement_from_line(line).unwrap().as_acknowledgement(), paid());
}

#[test]
fn an_acknowledgement_that_is_broken_is_refused() {
    let good = written(&paid());
    for length in 0..good.len() {
        assert!(read(Some(&good[..length])).is_err(), "{length}");
    }
    let refusal = |of: PayoutAcknowledged<'_>| read(Some(&written(&of))).unwrap_err().to_string();
    assert_eq!(refusal(PayoutAcknowledged { amount: None, ..paid() }), "amount: missing: PAID states it [invalid_field]");
    let rejected = PayoutAcknowledged { status: PayoutStatus::Rejected, ..paid() };
    assert_eq!(refusal(rejected), "reason: missing: REJECTED states it [invalid_field]");
    assert_eq!(refusal(PayoutAcknowledged { payout_id: "", ..paid() }), "payout_id: has 1 to 1024 bytes [invalid_field]");
    let elsewhere = Position { topic: Topic::PayoutAcknowledged, partition: partition_of(b"ana", 4) ^ 1, offset: 0 };
    let misplaced = |key: &[u8]| codec().acknowledgement(elsewhere, 4, Some(key), Some(&good)).unwrap_err().reason;
    assert_eq!([misplaced(b"ana"), misplaced(b"ben")], [Reason::WrongPartition, Reason::KeyMismatch]);
    assert!(read(None).unwrap_err().to_string().starts_with("no value, expected a record"));
}
