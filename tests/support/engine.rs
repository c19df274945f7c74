//! The engine in the test's own process, over either log, with a small company and its deals.

use super::company;
use accrue::config::{Config, Limits};
use accrue::domain::fact::{Fact, FactBody};
use accrue::domain::plan::{Method, TierBy};
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::embedded::Embedded;
use accrue::log::{Append, Batch, Client, StageLog};
use accrue::pipeline::crediting::Crediting;
use accrue::pipeline::earning::Earning;
use accrue::wire::Codec;
use accrue::worker::Stop;
use accrue::worker::engine::{Engine, EngineSetup};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const PARTITIONS: u32 = 3;
pub const WAIT: Duration = Duration::from_secs(30);

pub fn start(log: &Embedded, directory: &Path) -> Engine {
    start_on(Arc::new(log.clone()), "test", directory, |group, inputs| Box::new(log.stage(group, inputs).unwrap()))
}

pub fn start_on(
    client: Arc<dyn Client>,
    application_id: &str,
    directory: &Path,
    hold: impl Fn(&str, &[Topic]) -> Box<dyn StageLog>,
) -> Engine {
    start_with(Codec::new().unwrap(), client, application_id, directory, hold).unwrap()
}

/// Small batches, and inputs of at most 2 kB.
pub fn start_with(
    codec: Codec,
    client: Arc<dyn Client>,
    application_id: &str,
    directory: &Path,
    hold: impl Fn(&str, &[Topic]) -> Box<dyn StageLog>,
) -> Result<Engine, Stop> {
    let defaults = Config::defaults().unwrap().limits;
    let limits = Limits { batch_records: 50, batch_wait_ms: 2, maintenance_ms: 20, maximum_record_bytes: 2_000, ..defaults };
    Engine::start(EngineSetup {
        client,
        codec: Arc::new(codec),
        limits,
        application_id: application_id.into(),
        store_directory: directory.into(),
        hold: &|group, inputs| Ok(hold(group, inputs)),
        crediting: Box::new(|| Box::new(Crediting::new(PARTITIONS, 100))),
        earning: Box::new(|| Box::new(Earning::new(PARTITIONS, 100))),
        crash: Arc::default(),
    })
}

pub fn append(log: &dyn Client, outbox: &Outbox) {
    let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
    log.append(&appends).unwrap();
}

pub fn append_company(log: &dyn Client, codec: &Codec) {
    let component = company::component(TierBy::Amount, Method::Marginal, &[("0", "10%")]);
    let bodies = [
        company::company(),
        company::calendar("2026-12"),
        company::bookings(),
        company::plan("2026-01-01", None, component),
        company::payee("ana", &[("2026-01-01", None)]),
        company::payee("ben", &[("2026-01-01", None)]),
    ];
    let mut outbox = Outbox::default();
    for (number, body) in bodies.into_iter().enumerate() {
        let mut bytes = Vec::new();
        codec.write_fact(&fact(number, body), &mut bytes).unwrap();
        outbox.to(Topic::Facts, 0).push(Some(format!("fact-{number}").as_bytes()), Some(&bytes));
    }
    append(log, &outbox);
}

pub fn fact(number: usize, body: FactBody) -> Fact {
    Fact {
        fact_id: format!("fact-{number}"),
        author: "tests".into(),
        reason: String::new(),
        approver: None,
        occurred_at: 0,
        body,
    }
}

/// Deals of 100.00 each, `from` up to before `to`, in turn ana's and ben's; returns where each went.
pub fn append_deals(log: &dyn Client, codec: &Codec, from: usize, to: usize) {
    let mut outbox = Outbox::default();
    for number in from..to {
        let (id, payee) = (format!("deal-{number}"), ["ana", "ben"][number % 2]);
        let mut bytes = Vec::new();
        codec.write_deal(&company::deal(&id, 1, "2026-01-10", "100", payee), &mut bytes).unwrap();
        outbox.to(Topic::DealClosed, partition_of(id.as_bytes(), PARTITIONS)).push(Some(id.as_bytes()), Some(&bytes));
    }
    append(log, &outbox);
}

/// The newest total per payee; the totals must follow on one another.
pub fn accrued(log: &dyn Client, codec: &Codec) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let (mut batch, mut next) = (Batch::default(), 0);
        while next < log.end(Topic::Accrual, partition).unwrap() {
            next = log.read(Topic::Accrual, partition, next, 1 << 20, &mut batch).unwrap();
        }
        for row in batch.rows() {
            let accrual = codec.read_accrual(batch.value(row).unwrap()).unwrap();
            let before = totals.insert(accrual.payee_id.to_string(), accrual.new_total.0).unwrap_or(0);
            assert_eq!(before, accrual.previous_total.0);
        }
    }
    totals
}
