//! The demo's script: what is appended when. It closes only at quiet points, so that the outcome is a function of the
//! seed and the sizes alone, however the log is partitioned and batched.

use super::super::session::Session;
use super::super::{close, release};
use super::company::{MadeUp, YEAR};
use super::deals;
use super::pace::Pace;
use crate::append::Appender;
use crate::domain::calendar::Period;
use crate::domain::fact::{Fact, FactBody};
use crate::read::facts::Periods;

/// Who closes, and who releases.
pub const CLOSER: &str = "dana.cole";
pub const RELEASER: &str = "lee.park";
/// Records of one append.
const CHUNK: usize = 2_000;
/// Of a thousand deals: where January is closed, where things change, and where February is closed.
const ACTS: [u64; 3] = [420, 560, 740];
/// One payee in this many gets another quota.
const REVIEWED: usize = 20;

/// The play as it goes on.
pub struct Script<'s> {
    pub company: &'s MadeUp,
    pub session: &'s Session,
    pub appender: Appender<'s>,
    pub pace: Pace<'s>,
    /// Deal events appended so far.
    pub events: u64,
}

impl<'s> Script<'s> {
    pub fn new(company: &'s MadeUp, session: &'s Session, pace: Pace<'s>) -> anyhow::Result<Script<'s>> {
        Ok(Script { company, session, appender: session.appender()?, pace, events: 0 })
    }

    /// Plays from the first fact to the last deal; returns the last released period.
    pub fn play(&mut self) -> anyhow::Result<Period> {
        let [january, changes, february] = ACTS.map(|act| self.company.deals * act / 1_000);
        self.publish()?;
        self.sell(0, january, "January, and the first days of February")?;
        self.close_and_release(Period(YEAR * 12))?;
        self.sell(january, changes, "February; late January deals are adjustments now")?;
        self.change()?;
        self.sell(changes, february, "quotas changed and a rep moved to another team")?;
        let last = Period(YEAR * 12 + 1);
        self.close_and_release(last)?;
        self.sell(february, self.company.deals, "March")?;
        self.quiet()?;
        Ok(last)
    }

    fn publish(&mut self) -> anyhow::Result<()> {
        let company = self.company;
        for body in company.rules() {
            self.fact(body)?;
        }
        for index in 0..company.payees() {
            self.fact(FactBody::PayeeDefined(company.payee(index)))?;
            self.appender.name(&company.name(index))?;
        }
        self.appender.flush()?;
        for index in 0..company.payees() {
            self.appender.quota(&company.quota(index, 1))?;
            self.flush_when_full()?;
        }
        self.quiet()
    }

    fn change(&mut self) -> anyhow::Result<()> {
        let company = self.company;
        for index in (0..company.payees()).step_by(REVIEWED) {
            self.appender.quota(&company.quota(index, 2))?;
            self.flush_when_full()?;
        }
        self.fact(FactBody::PayeeDefined(company.moved()))?;
        self.appender.flush()?;
        Ok(())
    }

    fn fact(&mut self, body: FactBody) -> anyhow::Result<()> {
        let fact_id = format!("demo-{}", self.appender.facts());
        let (author, reason) = ("sales-operations".into(), "demo".into());
        self.appender.fact(&Fact { fact_id, author, reason, approver: None, occurred_at: 0, body })?;
        self.flush_when_full()
    }

    fn sell(&mut self, from: u64, to: u64, caption: &'static str) -> anyhow::Result<()> {
        self.pace.caption(caption);
        for k in from..to {
            for event in deals::events(self.company, k) {
                let deal_id = deals::deal_id(event.deal);
                self.appender.deal(&deals::deal(self.company, event, &deal_id))?;
                self.events += 1;
            }
            if self.pace.due(k) {
                self.appender.flush()?;
                self.pace.wait(self.session, k + 1)?;
            }
            self.flush_when_full()?;
        }
        Ok(())
    }

    fn flush_when_full(&mut self) -> anyhow::Result<()> {
        if self.appender.waiting() >= CHUNK {
            self.appender.flush()?;
        }
        Ok(())
    }

    /// Until everything appended is folded.
    fn quiet(&mut self) -> anyhow::Result<()> {
        self.appender.flush()?;
        self.session.catch_up()
    }

    fn close_and_release(&mut self, period: Period) -> anyhow::Result<()> {
        self.quiet()?;
        let periods = Periods::read(self.session.client(), self.session.codec())?;
        let close_id = close::close(self.session, &periods, period, CLOSER)?;
        let sum = release::sum_of(self.session, &close_id)?;
        self.quiet()?;
        release::release(self.session, &close_id, sum, RELEASER)?;
        self.quiet()
    }
}
