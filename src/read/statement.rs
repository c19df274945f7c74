//! A payee's statement: attainment, what was earned by component and period, what was paid, and what is carried.

use super::ReadError;
use super::facts::Periods;
use super::scan;
use super::totals::{Booked, BookedKey, Totals};
use crate::domain::calendar::Interval;
use crate::domain::money::Minor;
use crate::domain::output::{Attainment, PayeeName, Payout};
use crate::domain::topic::{Topic, partition_of};
use crate::log::Client;
use crate::wire::{Codec, Draft, WireError, read_draft};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes the value of one record.
type Take<'t> = Box<dyn FnMut(&[u8]) -> Result<(), WireError> + 't>;

#[derive(Debug, Default)]
pub struct Statement {
    pub payee_id: String,
    pub name: Option<PayeeName>,
    pub attainment: BTreeMap<(Interval, Arc<str>), Attainment>,
    pub totals: Totals,
    pub payouts: Vec<Payout>,
    /// Brought forward by the last released run: negative is set off by the next one, positive is paid.
    pub carried: Minor,
    /// The same in the currency of pay, where that is another than the plans'.
    pub carried_in: Option<(String, Minor)>,
    /// Draws that are still to be recovered after it.
    pub owed: Minor,
    /// Earned, and due with a later run.
    pub held: Minor,
}

impl Statement {
    pub fn read(client: &dyn Client, codec: &Codec, payee_id: &str) -> Result<Statement, ReadError> {
        let mut statement = Statement { payee_id: payee_id.into(), ..Statement::default() };
        let values = |topic, mut take: Take<'_>| {
            let partition = partition_of(payee_id.as_bytes(), client.partitions(topic)?);
            scan::partition(client, topic, partition, |batch, row| batch.value(row).map_or(Ok(()), &mut take))
        };
        values(Topic::Attainment, Box::new(|value| statement.add_attainment(codec.read_attainment(value)?)))?;
        values(Topic::Accrual, Box::new(|value| statement.add_accrual(codec.read_accrual(value)?)))?;
        values(Topic::Payout, Box::new(|value| statement.add_payout(codec.read_payout(value)?)))?;
        values(Topic::Payee, Box::new(|value| statement.add_name(codec.read_payee_name(value)?)))?;
        let mut left = BTreeMap::new();
        values(
            Topic::PayoutDraft,
            Box::new(|value| {
                if let Draft::Balance(balance) = read_draft(value)?
                    && balance.payee_id == payee_id
                {
                    left.insert(balance.run_id.clone(), balance);
                }
                Ok(())
            }),
        )?;
        let periods = Periods::read(client, codec)?;
        if let Some(balance) = periods.last_released().and_then(|run_id| left.remove(run_id)) {
            (statement.carried, statement.owed, statement.held) = (balance.carried, balance.owed, balance.held);
            statement.carried_in = balance.carried_in;
        }
        Ok(statement)
    }

    /// Whether the log says nothing at all about this payee.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.attainment.is_empty() && self.totals.0.is_empty() && self.payouts.is_empty()
    }

    /// Totals that are not zero.
    pub fn booked(&self) -> impl Iterator<Item = (&BookedKey, &Booked)> {
        self.totals.0.iter().filter(|(_, booked)| booked.total != Minor(0))
    }

    fn add_attainment(&mut self, found: Attainment) -> Result<(), WireError> {
        if *found.payee_id == *self.payee_id {
            self.attainment.insert((found.interval, found.measure.clone()), found);
        }
        Ok(())
    }

    fn add_accrual(&mut self, found: crate::domain::output::Accrual) -> Result<(), WireError> {
        if *found.payee_id == *self.payee_id {
            self.totals.add(found);
        }
        Ok(())
    }

    fn add_payout(&mut self, found: Payout) -> Result<(), WireError> {
        if found.payee_id == self.payee_id {
            self.payouts.push(found);
        }
        Ok(())
    }

    fn add_name(&mut self, found: PayeeName) -> Result<(), WireError> {
        if found.payee_id == self.payee_id {
            self.name = Some(found);
        }
        Ok(())
    }
}
