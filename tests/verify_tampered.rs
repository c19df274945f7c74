//! `accrue verify` against copies of a log in which one accrual is not what the engine wrote: it names the accrual.

mod support;

use accrue::domain::money::Minor;
use accrue::domain::output::Accrual;
use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::{Append, Batch, Client, Records};
use accrue::wire::Codec;
use std::path::Path;
use support::story::{Story, accrue, error_text, succeeded, text};

/// What becomes of the chosen accrual in the copy.
type Change = fn(Accrual) -> Vec<Accrual>;

const CHANGES: [(&str, Change); 4] = [
    ("altered", |accrual| vec![Accrual { new_total: Minor(accrual.new_total.0 + 1), ..accrual }]),
    ("dropped", |_| vec![]),
    ("doubled", |accrual| vec![accrual.clone(), accrual]),
    ("invented", |accrual| vec![accrual.clone(), Accrual { component: "renewals-2".into(), ..accrual }]),
];

#[test]
fn one_accrual_that_is_not_the_engines_is_named() {
    let story = Story::new();
    let data = story.text("original");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let last = story.steps().into_iter().filter(|step| step.name() != "ingest");
    last.for_each(|step| succeeded(&[step.name()], &step.run(&log)));
    let codec = Codec::new().unwrap();
    let original = Embedded::open(&story.path("original"), EmbeddedSettings::default()).unwrap();

    let untouched = |accrual: Accrual| vec![accrual];
    copy(&original, &story.path("untouched"), &codec, untouched);
    let verified = verify(&story, "untouched");
    assert_eq!(verified.0, 0, "{}", verified.1);
    assert!(verified.1.ends_with(" totals, 0 differ\n"), "{}", verified.1);
    for (name, change) in CHANGES {
        let chosen = copy(&original, &story.path(name), &codec, change);
        let (code, said) = verify(&story, name);
        let component = if name == "invented" { "renewals-2".into() } else { chosen.component };
        let Accrual { payee_id, interval, effective_period, booking_period, .. } = chosen;
        let named = format!("{payee_id}, {component}, {interval}, earned in {effective_period}, booked in {booking_period}");
        assert_eq!(code, 1, "{name}: {said}");
        assert!(said.contains(&named), "{name}: {said}\nnames nothing of {named}");
    }
}

/// Exit code, and everything that it said.
fn verify(story: &Story, name: &str) -> (i32, String) {
    let output = accrue(&["verify", "--data", &story.text(name)]);
    (output.status.code().unwrap(), error_text(&output) + &text(&output))
}

/// Copies every topic, with the change of the first accrual of all; returns that one.
fn copy(original: &Embedded, to: &Path, codec: &Codec, change: Change) -> Accrual {
    let copy = Embedded::open(to, EmbeddedSettings::default()).unwrap();
    copy.create_topics(original.partitions(Topic::DealClosed).unwrap()).unwrap();
    let mut chosen = None;
    for topic in Topic::ALL {
        for partition in 0..original.partitions(topic).unwrap() {
            let batch = contents(original, topic, partition);
            let mut records = Records::default();
            for row in batch.rows() {
                let (key, value) = (batch.key(row), batch.value(row));
                if topic != Topic::Accrual || chosen.is_some() {
                    records.push_with_headers(key, value, row.headers.clone());
                    continue;
                }
                let accrual = codec.read_accrual(value.unwrap()).unwrap();
                chosen = Some(accrual.clone());
                for changed in change(accrual) {
                    let mut bytes = Vec::new();
                    codec.write_accrual(&changed, &mut bytes).unwrap();
                    records.push_with_headers(key, Some(&bytes), row.headers.clone());
                }
            }
            copy.append(&[Append { topic, partition, records: &records }]).unwrap();
        }
    }
    chosen.expect("an accrual")
}

fn contents(log: &Embedded, topic: Topic, partition: u32) -> Batch {
    let (mut batch, mut next) = (Batch::default(), log.start(topic, partition).unwrap());
    while next < log.end(topic, partition).unwrap() {
        next = log.read(topic, partition, next, 1 << 20, &mut batch).unwrap();
    }
    batch
}
