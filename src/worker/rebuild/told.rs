//! What the log tells a rebuild of earning beside the inputs: what was published of a partition's payees, where each source
//! stood when it performed a close, the facts, and the packed records that the partition has yet to take in.

use super::changelog::undecided;
use super::{LOOK, PATIENCE};
use crate::domain::output::{CloseNote, RejectKind, RunBalance};
use crate::domain::topic::Topic;
use crate::domain::world::{ByYear, World};
use crate::log::{Batch, Client, Records, Row};
use crate::pipeline::earning::rebuilt::{Published, Stood};
use crate::pipeline::packed::{Entry, PackedCredits};
use crate::wire::{Codec, Draft, Unread, read_close_note, read_draft, read_reject};
use crate::worker::Stop;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

const READ_BYTES: usize = 1 << 20;

/// Visits the committed records of a partition between two offsets.
fn each(
    client: &dyn Client,
    (topic, partition): (Topic, u32),
    range: std::ops::Range<u64>,
    mut visit: impl FnMut(&Batch, &Row) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (mut next, mut batch) = (range.start, Batch::default());
    while next < range.end {
        batch.clear();
        let reached = client.read(topic, partition, next, READ_BYTES, &mut batch)?;
        batch.rows().iter().filter(|row| row.position.offset < range.end).try_for_each(|row| visit(&batch, row))?;
        if reached <= next {
            let name = topic.name();
            return Err(Stop::Unavailable(format!("{name}, partition {partition}, cannot be read behind {next}; rebuild again")));
        }
        next = reached;
    }
    Ok(())
}

/// All of a partition, once nothing of it is undecided: behind a transaction that a dead worker left open others may have
/// committed.
fn whole(client: &dyn Client, topic: Topic, partition: u32) -> Result<std::ops::Range<u64>, Stop> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let end = client.end(topic, partition)?;
        if end >= client.high_watermark(topic, partition)? {
            return Ok(client.start(topic, partition)?..end);
        }
        if Instant::now() > deadline {
            return Err(undecided(topic));
        }
        std::thread::sleep(LOOK);
    }
}

fn unreadable(topic: Topic, row: &Row, error: impl std::fmt::Display) -> Stop {
    let (name, at) = (topic.name(), row.position);
    Stop::Settings(format!(
        "{name}, partition {}, offset {}: {error}; start the version of accrue that wrote it",
        at.partition, at.offset
    ))
}

/// All that was published of a partition's payees.
pub fn published(client: &dyn Client, codec: &Codec, partition: u32, by_year: &Arc<ByYear>) -> Result<Published, Stop> {
    let mut published = Published::new(by_year.clone());
    for topic in [Topic::Accrual, Topic::Attainment, Topic::Rejected] {
        let all = whole(client, topic, partition)?;
        if topic != Topic::Attainment && all.start > 0 {
            let (name, start) = (topic.name(), all.start);
            return Err(Stop::Settings(format!(
                "{name}, partition {partition}, begins at {start}, and a rebuild needs all of it; bring all topics back from one backup"
            )));
        }
        each(client, (topic, partition), all, |batch, row| {
            let wrong = |error| unreadable(topic, row, error);
            let Some(value) = batch.value(row).filter(|_| topic != Topic::Rejected) else {
                if topic == Topic::Rejected {
                    published.word(&read_reject(batch, row).map_err(wrong)?);
                }
                return Ok(());
            };
            match topic {
                Topic::Accrual => published.accrual(&codec.read_accrual(value).map_err(wrong)?),
                _ => published.attainment(&codec.read_attainment(value).map_err(wrong)?),
            }
            Ok(())
        })?;
    }
    Ok(published)
}

/// Refusals of quotas and adjustments that follow from the inputs and are not among what was published.
pub fn unsaid(given: &dyn Client, partition: u32, published: &Published) -> Result<Records, Stop> {
    let (topic, mut records) = (Topic::Rejected, Records::default());
    each(given, (topic, partition), whole(given, topic, partition)?, |batch, row| {
        let record = read_reject(batch, row).map_err(|error| unreadable(topic, row, error))?;
        if record.kind == RejectKind::Rejected && !published.has_refused(record.position) {
            records.push_with_headers(batch.key(row), batch.value(row), row.headers.clone());
        }
        Ok(())
    })?;
    Ok(records)
}

/// What the runs of a partition computed, and left to their payees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Runs {
    computed: BTreeMap<String, CloseNote>,
    left: BTreeMap<(String, String), RunBalance>,
}

impl Runs {
    pub fn read(client: &dyn Client, partition: u32) -> Result<Runs, Stop> {
        let mut runs = Runs::default();
        each(client, (Topic::Closes, 0), whole(client, Topic::Closes, 0)?, |batch, row| {
            let note = read_close_note(batch.value(row).unwrap_or_default());
            let note = note.map_err(|error| unreadable(Topic::Closes, row, error))?;
            match &note {
                CloseNote::RunComputed { close_id, partition: of, .. } if *of == partition => {
                    runs.computed.insert(close_id.clone(), note);
                }
                _ => {}
            }
            Ok(())
        })?;
        let topic = Topic::PayoutDraft;
        each(client, (topic, partition), whole(client, topic, partition)?, |batch, row| {
            let draft = batch.value(row).map(read_draft).transpose().map_err(|error| unreadable(topic, row, error))?;
            if let Some(Draft::Balance(balance)) = draft {
                runs.left.insert((balance.run_id.clone(), balance.payee_id.clone()), balance);
            }
            Ok(())
        })?;
        Ok(runs)
    }
}

/// Next offsets of the inputs.
type Positions = [(Topic, u64); 4];

/// The facts, and what they say of closes.
pub struct Facts {
    offsets: Vec<u64>,
    /// In order: the offset of the fact, and the close's id.
    pub closes: Vec<(u64, String)>,
    /// Whether any measure has counted what components earn.
    pub measure_earnings: bool,
    /// Which components the year prices.
    pub by_year: Arc<ByYear>,
    /// Where the sources stood, by close and partition.
    cuts: BTreeMap<(String, u32), Positions>,
}

impl Facts {
    pub fn read(client: &dyn Client, codec: &Codec, partitions: u32) -> Result<Facts, Stop> {
        let mut world = World::new(partitions);
        let (mut offsets, mut closes, mut measure_earnings) = (Vec::new(), Vec::new(), false);
        each(client, (Topic::Facts, 0), whole(client, Topic::Facts, 0)?, |batch, row| {
            let offset = row.position.offset;
            offsets.push(offset);
            let fact = match batch.value(row).map(|value| codec.fact(value)) {
                Some(Ok(fact)) => fact,
                Some(Err(Unread::Unavailable(why))) => return Err(Stop::Unavailable(why)),
                Some(Err(Unread::Refused(_))) | None => return Ok(()),
            };
            let before = world.runs.len();
            // A fact that is refused changes nothing.
            let _ = world.apply(offset, &fact);
            closes.extend(world.runs[before..].iter().map(|run| (offset, run.closed.close_id.clone())));
            measure_earnings |= world.earning_rounds > 0;
            Ok(())
        })?;
        let mut cuts = BTreeMap::new();
        each(client, (Topic::Closes, 0), whole(client, Topic::Closes, 0)?, |batch, row| {
            let note = read_close_note(batch.value(row).unwrap_or_default());
            let note = note.map_err(|error| unreadable(Topic::Closes, row, error))?;
            if let CloseNote::SourceClosed { close_id, partition, deal_closed, quota_changed, deal_settled, adjustment_made } =
                note
            {
                let at = [
                    (Topic::DealClosed, deal_closed),
                    (Topic::QuotaChanged, quota_changed),
                    (Topic::DealSettled, deal_settled),
                    (Topic::AdjustmentMade, adjustment_made),
                ];
                cuts.insert((close_id, partition), at);
            }
            Ok(())
        })?;
        Ok(Facts { offsets, closes, measure_earnings, by_year: world.by_year, cuts })
    }

    /// The facts before an offset, and the offset behind the last of them.
    pub fn before(&self, until: u64) -> (u64, u64) {
        let place = self.offsets.partition_point(|offset| *offset < until);
        (until, self.offsets[..place].last().map_or(0, |offset| offset + 1))
    }

    /// Where a source stood when it performed a close; `None`: it has not.
    pub fn cut(&self, close_id: &str, partition: u32) -> Option<&Positions> {
        self.cuts.get(&(close_id.to_owned(), partition))
    }
}

/// What a partition of earning has yet to take in.
pub struct Behind {
    pub records: u64,
    /// Why it cannot go on with them.
    pub broken: Option<String>,
    /// Where what the sources have sent ends.
    pub end: u64,
}

/// How many packed records each source has sent to a partition: the partitions of crediting, then those of earning.
pub type Sent = Vec<u64>;

impl Behind {
    pub fn read(client: &dyn Client, partition: u32, from: u64, stood: &Stood, sent: &Sent) -> Result<Behind, Stop> {
        let std::ops::Range { start, end } = whole(client, Topic::Credits, partition)?;
        let mut next = stood.expected();
        next.resize(sent.len(), (0, 0));
        let mut behind = Behind { records: 0, broken: None, end };
        if start > from {
            behind.broken = Some(format!("credits, partition {partition}, begins at {start}, and {from} is next"));
        }
        each(client, (Topic::Credits, partition), from.max(start)..end, |batch, row| {
            let value = batch.value(row).unwrap_or_default();
            behind.records += 1;
            let wrong = match PackedCredits::decode(value) {
                Ok(packed) => follow(&mut next, &packed, sent),
                Err(error) => Some(error.to_string()),
            };
            let at = row.position.offset;
            let broken = wrong.map(|why| format!("credits, partition {partition}, offset {at}: {why}"));
            behind.broken = behind.broken.take().or(broken);
            Ok(())
        })?;
        let lost = (0..sent.len()).find(|source| next[*source].0 < sent[*source]);
        let lost = lost.map(|source| format!("credits, partition {partition}, has lost what source {source} sent"));
        behind.broken = behind.broken.or(lost);
        Ok(behind)
    }
}

/// Goes on with a record; says what does not follow. What was sent since the sources were looked at has no say.
fn follow(next: &mut [(u64, u32)], packed: &PackedCredits<'_>, sent: &Sent) -> Option<String> {
    let source = packed.source as usize;
    let (Some(expected), Some(sent)) = (next.get_mut(source), sent.get(source)) else {
        return Some(format!("source {source} is unknown"));
    };
    if packed.link_seq >= *sent {
        return None;
    }
    let follows = (packed.link_seq, packed.epoch) == *expected;
    let (link, epoch) = *expected;
    let markers = packed.entries.iter().filter(|entry| matches!(entry, Entry::Marker { .. })).count() as u32;
    *expected = (packed.link_seq + 1, packed.epoch + markers);
    (!follows)
        .then(|| format!("source {source} has link {} in epoch {}, expected {link} in {epoch}", packed.link_seq, packed.epoch))
}
