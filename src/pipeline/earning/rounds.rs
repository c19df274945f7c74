//! What earning partitions tell each other: how it is sent and counted, and the rounds of a close.
//!
//! A close is performed on sums that are final. Those of credits are once every crediting partition has sent its marker;
//! then the first round begins: each partition goes over its entries with a cursor, tells what is earned up to the close
//! apart from the rest (`telling`), and says to every partition that it is done. From then on every entry that is told
//! something tells on in the same transaction. So once the ends of a round have come from all partitions, and what came
//! before them has been priced, components one phase higher are final, too, and the next round is told by its end alone.

use super::entry::{KeyOf, parse_key, write_entry_key};
use super::progress::Exchange;
use super::telling::News;
use super::{Earning, alarm};
use crate::domain::calendar::Span;
use crate::domain::fact::{CreditKind, EarnedBy};
use crate::domain::money::{MEASURED_DECIMALS, minor_digits};
use crate::domain::output::Causes;
use crate::domain::topic::Position;
use crate::domain::world::Operation;
use crate::pipeline::packed::{Cause, CauseTopic, Earned, PackedCredits};
use crate::pipeline::packer::{Heading, Packer};
use crate::pipeline::{Effects, StageError, States};

/// Where and for what an entry's news arise.
#[derive(Clone, Copy)]
pub struct Sender {
    pub partition: u32,
    pub causes: Causes,
    pub as_of: i64,
}

impl Sender {
    pub fn tell(&self, news: Vec<News>, packer: &mut Packer) -> Result<(), StageError> {
        let Position { topic, partition, offset } = self.causes.last;
        let topic = CauseTopic::of(topic).unwrap_or(CauseTopic::Facts);
        let cause = Cause { topic, offset, occurred_at: self.as_of };
        for News { sum, epoch, minor } in news {
            let (period, yearly) = (sum.period, sum.yearly);
            let told = Earned { cause, partition, epoch, payee: 0, measure: 0, period, yearly, minor };
            packer.earned(&sum.payee_id, &sum.measure, told).map_err(|error| alarm(self.partition, error))?;
        }
        Ok(())
    }
}

impl Earning {
    /// The close in front whose rounds are not over, its epoch, and how many rounds it has.
    fn close_in_rounds(&self, number: u32) -> Option<(usize, u32)> {
        let Some(Operation::Close(run)) = self.operation_in_rounds(number) else { return None };
        let rounds = self.world.runs[run].rounds;
        let exchange = &self.partitions.get(&number)?.progress.exchange;
        (exchange.rounds < rounds && self.has_all_markers(number, run)).then_some((run, rounds))
    }

    /// A round after the first needs the ends of the one before from every partition.
    pub(super) fn can_tell_round(&self, number: u32) -> bool {
        let Some((run, _)) = self.close_in_rounds(number) else { return false };
        let exchange = self.partitions.get(&number).map(|partition| &partition.progress.exchange);
        exchange.is_some_and(|exchange| exchange.rounds == 0 || exchange.has_all(run as u32, exchange.rounds))
    }

    pub(super) fn has_all_markers(&self, number: u32, run: usize) -> bool {
        let partition = self.partitions.get(&number);
        partition.is_some_and(|partition| partition.progress.sources.iter().all(|source| source.epoch as usize > run))
    }

    /// Whether all partitions have told all rounds of a close.
    pub(super) fn has_all_rounds(&self, number: u32, run: usize) -> bool {
        let rounds = self.world.runs[run].rounds;
        let partition = self.partitions.get(&number);
        rounds == 0 || partition.is_some_and(|partition| partition.progress.exchange.has_all(run as u32, rounds))
    }

    /// Goes on with the rounds of the close in front for about `budget` keys; returns what is left of the budget.
    pub(super) fn tell_rounds(
        &mut self,
        number: u32,
        budget: usize,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<usize, StageError> {
        if budget == 0 || !self.can_tell_round(number) {
            return Ok(budget);
        }
        let Some((run, _)) = self.close_in_rounds(number) else { return Ok(budget) };
        let partitions = self.world.partitions;
        self.partition(number)?.progress.exchange.open(partitions);
        let mut used = 1;
        if self.partition(number)?.progress.exchange.rounds == 0 {
            let after = self.partition(number)?.progress.exchange.after.clone().unwrap_or_default();
            let keys = states.keys_between(number, &after, None, budget)?;
            used = keys.len().max(1);
            let all = keys.len() < budget;
            for key in &self.with_years(keys, &after) {
                self.partition(number)?.progress.exchange.after = Some(key.clone());
                if let Some(KeyOf::Entry { .. }) = parse_key(key) {
                    let place = self.load(number, key, states)?;
                    self.reprice(place, effects)?;
                }
            }
            if !all {
                return Ok(0);
            }
        }
        let exchange = &mut self.partition(number)?.progress.exchange;
        exchange.rounds += 1;
        exchange.after = None;
        let round = exchange.rounds;
        let packer = self.packers.entry(number).or_insert_with(|| Packer::new(partitions));
        packer.round(run as u32, round).map_err(|error| alarm(number, error))?;
        Ok(budget.saturating_sub(used))
    }

    /// Sends what partitions tell each other: records above `least_bytes` (0: all that have an entry).
    pub(super) fn send_told(&mut self, least_bytes: usize, effects: &mut Effects) -> Result<(), StageError> {
        let partitions = self.world.partitions;
        for (number, packer) in &mut self.packers {
            let Some(partition) = self.partitions.get_mut(number).filter(|_| !packer.is_empty()) else { continue };
            let exchange = &mut partition.progress.exchange;
            exchange.open(partitions);
            let heading = Heading { source: partitions + number, epoch: 0, facts_next: self.world.facts_next };
            let closed = packer.close(heading, &mut exchange.links, least_bytes, effects);
            closed.map_err(|error| alarm(*number, error))?;
        }
        Ok(())
    }

    /// Records of an earning partition come without a gap.
    pub(super) fn check_peer(&mut self, number: u32, packed: &PackedCredits<'_>) -> Result<(), StageError> {
        let partitions = self.world.partitions;
        let exchange = &mut self.partition(number)?.progress.exchange;
        exchange.open(partitions);
        let Some(peer) = exchange.peers.get_mut((packed.source - partitions) as usize) else {
            return Err(alarm(number, format!("earnings of unknown source {}", packed.source)));
        };
        if packed.link_seq != peer.next_link_seq {
            let (found, expected) = (packed.link_seq, peer.next_link_seq);
            return Err(alarm(number, format!("earnings of source {} have link {found}, expected {expected}", packed.source)));
        }
        peer.next_link_seq += 1;
        Ok(())
    }

    pub(super) fn count_round(&mut self, number: u32, source: u32, epoch: u32, round: u32) -> Result<(), StageError> {
        let place = source.saturating_sub(self.world.partitions) as usize;
        let peer = self.partition(number)?.progress.exchange.peers.get_mut(place);
        let peer = peer.ok_or_else(|| alarm(number, "a round of an unknown source"))?;
        (peer.epoch, peer.round) = (epoch, round);
        Ok(())
    }

    /// Counts what somebody earned for a measure of another, or of his own.
    pub(super) fn count_earned(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        of: &Earned,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        self.check_epoch(number, packed.source, of.epoch)?;
        let payee_id = packed.payees.get(of.payee as usize).ok_or_else(|| alarm(number, "an earning names no payee"))?;
        let measure_id = packed.texts.get(of.measure as usize).ok_or_else(|| alarm(number, "an earning names no measure"))?;
        let span = if of.yearly { Span::Year(of.period.year()) } else { Span::Quarter(of.period.quarter()) };
        let mut key = std::mem::take(&mut self.key);
        write_entry_key(payee_id, &self.world.calendar_id, span, &mut key);
        let place = self.load(number, &key, states)?;
        self.key = key;
        self.note_cause(place, of.partition, of.cause);
        let measure = self.world.measure(measure_id).map(|defined| &defined.measure);
        let earnings = measure.and_then(|measure| measure.earnings.as_ref());
        // Boards show what is one's own beside what comes from below, as they do of credit.
        let kind = match earnings.map(|earnings| earnings.by) {
            Some(EarnedBy::Own) => CreditKind::Revenue,
            Some(EarnedBy::Reports | EarnedBy::Team) => CreditKind::Rolled,
            None => return Err(alarm(number, format!("\"{measure_id}\" is no measure of earnings"))),
        };
        let currency = measure.map(|measure| self.world.currency_of(measure)).unwrap_or_default();
        let digits = minor_digits(currency).ok_or_else(|| alarm(number, format!("\"{measure_id}\" is in no currency")))?;
        let inputs = self.inputs_mut(place, of.epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
        let value = of.minor.checked_mul(10i128.pow(MEASURED_DECIMALS - digits));
        let added = value.and_then(|value| inputs.sum_mut(measure_id, span.place(of.period) as u8).add(kind, value));
        added.ok_or_else(|| alarm(number, "a measured sum does not fit"))
    }

    /// What a partition earned up to a close never changes once it has told its last round.
    fn check_epoch(&mut self, number: u32, source: u32, epoch: u32) -> Result<(), StageError> {
        let rounds = self.world.runs.get(epoch as usize).map_or(0, |run| run.rounds);
        let place = source.saturating_sub(self.world.partitions) as usize;
        let peer = self.partition(number)?.progress.exchange.peers.get(place).copied().unwrap_or_default();
        match rounds > 0 && (peer.epoch, peer.round) >= (epoch, rounds) {
            true => Err(alarm(number, format!("source {source} tells earnings of epoch {epoch} behind its last round"))),
            false => Ok(()),
        }
    }
}

impl Exchange {
    /// A close is performed: the next one begins its rounds.
    pub fn end_close(&mut self) {
        (self.rounds, self.after) = (0, None);
    }
}
