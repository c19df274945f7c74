//! Settlements of a deal: kept with it, in any order of arrival, and told to earning as a whole.

use super::deal_state::{DealState, Settlement};
use super::{Crediting, alarm, reject_record};
use crate::domain::calendar::Date;
use crate::domain::credit::Credit;
use crate::domain::deal::DealClosed;
use crate::domain::money::Amount;
use crate::domain::output::RejectKind;
use crate::domain::reject::{Reason, Reject};
use crate::domain::settlement::{Dated, DealSettled, MAXIMUM_SETTLEMENTS, Passed, SettlementKind, by_day};
use crate::domain::topic::{Position, Topic};
use crate::domain::world::World;
use crate::pipeline::feed::word_about;
use crate::pipeline::packed::{Cause, CauseTopic, Settled};
use crate::pipeline::packer::{Heading, PACKED_BYTES};
use crate::pipeline::{Effects, Origin, Outcome, StageError, States};

impl Crediting {
    pub(super) fn fold_settlement(
        &mut self,
        origin: Origin<'_>,
        settled: &DealSettled<'_>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<Outcome, StageError> {
        let partition = origin.position.partition;
        let place = self.load(partition, settled.deal_id.as_bytes(), states)?;
        let cause = Cause { topic: CauseTopic::DealSettled, offset: origin.position.offset, occurred_at: settled.occurred_at };
        if self.loaded[place].state.facts_next < self.world.facts_next {
            self.recredit_key(partition, settled.deal_id.as_bytes(), None, states, effects)?;
        }
        let state = &mut self.loaded[place].state;
        let mut new = Settlement {
            id: settled.settlement_id.into(),
            kind: settled.kind,
            amount: settled.amount,
            currency: settled.currency.into(),
            on: settled.on,
            offset: origin.position.offset,
            waits: None,
        };
        let at = match state.settlements.binary_search_by(|known| known.id.cmp(&new.id)) {
            Ok(at) => {
                let known = &state.settlements[at];
                (new.offset, new.waits) = (known.offset, known.waits);
                return Ok(if *known == new { Outcome::Duplicate } else { Outcome::Rejected(conflict(settled)) });
            }
            Err(_) if state.settlements.len() >= MAXIMUM_SETTLEMENTS => return Ok(Outcome::Rejected(too_many(settled))),
            Err(at) => at,
        };
        let currency = newest_currency(state).map_err(|error| alarm(partition, error))?;
        new.waits = waits(&new, currency);
        let waits = new.waits.map(|reason| waiting(&new, settled.deal_id, reason));
        state.settlements.insert(at, new);
        self.loaded[place].changed = true;
        if let Some(reject) = waits {
            effects.outputs.push(reject_record(RejectKind::Parked, origin, reject.clone(), self.reject_bytes));
            return Ok(Outcome::Parked(reject));
        }
        if self.world.is_dated_by_settlements() {
            self.tell_credits(place, None, cause, origin, effects)?;
        }
        self.tell_settled(place, None, cause, effects)?;
        Ok(Outcome::Counted)
    }

    /// Tells those whom a deal credits what is settled of it: where something is, was told before or never will be.
    pub(super) fn tell_settled(
        &mut self,
        place: usize,
        newest_deal: Option<&DealClosed<'_>>,
        cause: Cause,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let loaded = &mut self.loaded[place];
        let number = loaded.partition;
        let failed = |error: postcard::Error| alarm(number, error);
        let Some(partition) = self.partitions.get_mut(&number) else { return Err(alarm(number, "not assigned")) };
        let DealState { revisions, emitted, settlements, settled_told, returned, .. } = &mut loaded.state;
        let Some(newest) = revisions.last() else { return Ok(()) };
        let stored;
        let deal = match newest_deal {
            Some(deal) => deal,
            None => {
                stored = newest.deal().map_err(failed)?;
                &stored
            }
        };
        ask_again(settlements, number, (deal, cause), effects);
        let settled = settled_of(settlements, deal);
        let now = emitted.iter().flat_map(|emitted| &emitted.credited.credits);
        let credits: Vec<&Credit> = now.chain(returned.iter().flat_map(|told| &told.credited.credits)).collect();
        // What was cancelled may state another day.
        let closed_on = match returned.first().filter(|_| !deal.credits_anything()) {
            Some(told) => told.deal().map_err(failed)?.closed_on,
            None => deal.closed_on,
        };
        let matters = *settled_told || !settled.passed.is_empty() || settled.total.0 == 0;
        if !matters || credits.is_empty() {
            return Ok(());
        }
        *settled_told = true;
        loaded.changed = true;
        partition.packer.settled((deal.deal_id, closed_on), &credits, &settled, cause).map_err(failed)?;
        let heading = Heading { source: number, epoch: partition.progress.epoch, facts_next: self.world.facts_next };
        partition.packer.close(heading, &mut partition.progress.links, PACKED_BYTES, effects).map_err(failed)
    }
}

fn too_many(settled: &DealSettled<'_>) -> Reject {
    let message = format!("deal \"{}\" has {MAXIMUM_SETTLEMENTS} settlements already", settled.deal_id);
    Reject::field("settlement_id", message)
}

/// Of the newest revision; `None` where there is no deal yet.
fn newest_currency(state: &DealState) -> Result<Option<&str>, postcard::Error> {
    let newest = state.revisions.last().map(|revision| revision.deal()).transpose()?;
    Ok(newest.map(|deal| deal.currency))
}

/// Why a settlement does not count.
fn waits(settlement: &Settlement, currency: Option<&str>) -> Option<Reason> {
    match currency {
        None => Some(Reason::UnknownDeal),
        Some(currency) if currency != settlement.currency => Some(Reason::OtherCurrency),
        Some(_) => None,
    }
}

fn waiting(settlement: &Settlement, deal_id: &str, reason: Reason) -> Reject {
    match reason {
        Reason::UnknownDeal => Reject::new(reason, "deal_id", format!("there is no deal \"{deal_id}\" yet")),
        _ => Reject::new(reason, "currency", format!("\"{}\" is not what deal \"{deal_id}\" is in", settlement.currency)),
    }
}

/// Asks every settlement again why it waits, after a revision of the deal, and says what is another answer than before.
fn ask_again(settlements: &mut [Settlement], partition: u32, (deal, cause): (&DealClosed<'_>, Cause), effects: &mut Effects) {
    for settlement in settlements {
        let now = waits(settlement, Some(deal.currency));
        let before = std::mem::replace(&mut settlement.waits, now);
        if now == before {
            continue;
        }
        let position = Position { topic: Topic::DealSettled, partition, offset: settlement.offset };
        let origin = Origin { position, key: deal.deal_id.as_bytes(), value: &[] };
        let told = [(before, RejectKind::Resumed), (now, RejectKind::Parked)];
        for (reason, kind) in told.into_iter().filter_map(|(reason, kind)| Some((reason?, kind))) {
            let reject = waiting(settlement, deal.deal_id, reason);
            effects.outputs.push(word_about(kind, origin, cause.position(partition), reject, 0));
        }
    }
}

/// What a deal's lines total, and what was paid for it by day.
fn settled_of(settlements: &[Settlement], deal: &DealClosed<'_>) -> Settled {
    // Of a deal of which nothing is left there is nothing to be paid for.
    let lines = deal.lines.iter().filter(|_| deal.credits_anything());
    let total = Amount(lines.map(|line| line.amount.0).sum());
    let counted = settlements.iter().filter(|settlement| settlement.waits.is_none());
    let all = counted.filter_map(|of| Passed::of(of.kind, of.on, of.amount)).collect();
    Settled { total, passed: by_day(all) }
}

/// On which days a deal counts in measures that are dated by settlements: not before it closed, and as far as the calendar
/// reaches. Of a credit note an invoice is as much less than nothing.
pub(super) fn dated_of(settlements: &[Settlement], deal: &DealClosed<'_>, world: &World) -> Dated {
    let total = Amount(deal.lines.iter().map(|line| line.amount.0).sum());
    if total.0 == 0 {
        return Dated::nothing(deal.closed_on);
    }
    let reached = |on: Date| world.calendar.as_ref().is_some_and(|calendar| calendar.period_of(on).is_some());
    let of_deal = || settlements.iter().filter(|of| of.currency == deal.currency);
    let days = |all: Vec<Passed>| {
        let late = all.into_iter().map(|passed| Passed { on: passed.on.max(deal.closed_on), ..passed });
        by_day(late.filter(|passed| reached(passed.on)).collect())
    };
    let invoices = of_deal().filter(|of| of.kind == SettlementKind::Invoiced);
    let invoiced = invoices.map(|of| Passed { on: of.on, amount: Amount(of.amount.0 * total.0.signum()) });
    let received = of_deal().filter_map(|of| Passed::of(of.kind, of.on, of.amount));
    Dated { total, invoiced: days(invoiced.collect()), received: days(received.collect()) }
}

fn conflict(settled: &DealSettled<'_>) -> Reject {
    let (id, deal_id) = (settled.settlement_id, settled.deal_id);
    let message = format!("settlement \"{id}\" of deal \"{deal_id}\" was accepted before with another content");
    Reject::new(Reason::RevisionConflict, "settlement_id", message)
}
