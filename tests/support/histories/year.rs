//! What happens to the company of a history: deals, quotas, facts that come late, closes and releases.

use super::*;

impl Making {
    pub(super) fn year(&mut self) {
        let later: Vec<_> = self.later.drain(..).collect();
        let steps = 60 + self.random.below(60);
        let mut due: Vec<(usize, (&'static str, FactBody))> = vec![];
        for fact in later {
            due.push((self.random.below(steps), fact));
        }
        for step in 0..steps {
            for (_, (feature, body)) in due.extract_if(.., |(at, _)| *at == step) {
                self.features.count(feature);
                self.fact("admin", body);
            }
            match self.random.below(100) {
                0..40 => self.new_deal(),
                40..49 => self.adjustment(),
                49..65 => self.new_revision(),
                65..72 => self.same_revision(),
                72..84 => self.quota(),
                84..94 => self.settlement(),
                _ => self.period_step(),
            }
            self.falls_and_rises();
        }
    }

    fn new_deal(&mut self) {
        let deal_id = format!("D{}", self.deals.len());
        let mut deal = OwnedDeal {
            deal_id,
            revision: 1 + self.random.below(3) as i64,
            status: DealStatus::Closed,
            change: Change::Correction,
            effective_on: None,
            closed_on: self.close_date(),
            sequence: self.sequence(),
            currency: self.currency(),
            kind: *self.random.pick(&[None, Some(DealKind::New), Some(DealKind::New), Some(DealKind::Renewal)]),
            customer: *self.random.pick(&[None, Some(CUSTOMERS[0]), Some(CUSTOMERS[1])]),
            attributes: self.attributes(),
            lines: vec![],
            splits: self.splits(),
            occurred_at: self.events.len() as i64,
        };
        deal.lines = (0..1 + self.random.below(3)).map(|place| self.line(place)).collect();
        if self.random.chance(4) {
            deal.status = *self.random.pick(&[DealStatus::Open, DealStatus::Lost]);
            self.features.count("open or lost");
        }
        self.features.count("deal");
        self.deals.push(deal.clone());
        self.tell(deal);
    }

    /// Some deals state their place among those of their day.
    fn sequence(&mut self) -> Option<i64> {
        let stated = self.random.chance(25).then(|| self.random.below(4) as i64 - 1);
        if stated.is_some() {
            self.features.count("sequence");
        }
        stated
    }

    pub(super) fn tell(&mut self, deal: OwnedDeal) {
        debug_assert!(deal.as_deal().check().is_ok());
        self.events.push(Event::Deal(deal));
    }

    fn close_date(&mut self) -> Date {
        if self.random.chance(3) {
            self.features.count("outside the calendar");
            return *self.random.pick(&[Date(day(1, 1).0 - 1), Date(day(12, 31).0 + 1)]);
        }
        if self.random.chance(30) {
            self.features.count("boundary date");
            let firsts = self.calendar.starts[..4].to_vec();
            return Date(self.random.pick(&firsts).0 - self.random.below(2) as i32).max(day(1, 1));
        }
        Date(day(1, 1).0 + self.random.below(110) as i32)
    }

    fn line(&mut self, place: usize) -> OwnedLine {
        if self.huge && self.random.chance(8) {
            self.features.count("more than can be paid");
            let amount = *self.random.pick(&[40_000_000_000_000_000_000, 600_000_000_000_000_000_000_000]);
            return self.line_of(place, amount);
        }
        let mut amount = (1 + self.random.below(12)) as i128 * 500_000_000;
        if self.random.chance(30) {
            amount += self.random.below(1_000_000_000) as i128;
        }
        if self.random.chance(10) {
            self.features.count("negative line");
            amount = -amount;
        }
        self.line_of(place, amount)
    }

    fn line_of(&mut self, place: usize, amount: i128) -> OwnedLine {
        let own = self.random.chance(15);
        if own {
            self.features.count("line splits");
        }
        OwnedLine {
            line_id: format!("{place}"),
            product: (*self.random.pick(&["suite", "addon", "service"])).into(),
            geography: self.random.chance(70).then(|| (*self.random.pick(&["emea", "emea", "amer", "de", "berlin"])).into()),
            segment: self.random.chance(70).then(|| (*self.random.pick(&["smb", "enterprise"])).into()),
            amount: Amount(amount),
            cost: self.cost(amount),
            quantity: Quantity((self.random.below(40) as i64 - 3) * 5_000),
            splits: if own { self.splits() } else { vec![] },
        }
    }

    /// One to three REVENUE payees that share everything, and at times an overlay payee; at times nobody.
    fn splits(&mut self) -> Vec<OwnedSplit> {
        if self.random.chance(20) {
            self.features.count("nobody named");
            return vec![];
        }
        let mut payees: Vec<&str> = REPS.into_iter().chain(["lead-1"]).collect();
        if self.random.chance(8) {
            self.features.count("unknown payee");
            payees = vec![LATE_PAYEE, REPS[0], REPS[1]];
        } else {
            self.random.shuffle(&mut payees);
        }
        let mut rest = 1_000_000;
        let mut splits = vec![];
        let count = 1 + self.random.below(3);
        for (place, payee_id) in payees.iter().take(count).enumerate() {
            let last = place + 1 == count;
            let share = if last { rest } else { *self.random.pick(&[rest / 2, rest / 3, rest / 10]) };
            rest -= share;
            let payee_id = (*payee_id).into();
            splits.push(OwnedSplit { payee_id, role: "AE", counts: Counts::Revenue, share: Share(share) });
        }
        if self.random.chance(20) {
            self.features.count("overlay");
            let share = *self.random.pick(&[Share(1_000_000), Share(500_000), Share(333_333)]);
            let payee_id = (*self.random.pick(&REPS)).into();
            splits.push(OwnedSplit { payee_id, role: "AE", counts: Counts::Overlay, share });
        }
        self.roles.assign(&mut splits);
        splits
    }

    /// An amendment, a cancellation, or a revision that is older than what was told.
    fn new_revision(&mut self) {
        if self.deals.is_empty() {
            return self.new_deal();
        }
        let place = self.random.below(self.deals.len());
        let mut deal = self.deals[place].clone();
        let newest = deal.revision;
        deal.occurred_at = self.events.len() as i64;
        deal.revision = newest + 1 + self.random.below(4) as i64;
        match self.random.below(6) {
            0 => {
                (deal.status, deal.change) = (DealStatus::Cancelled, Change::Cancellation);
                deal.effective_on = self.effective_on(deal.closed_on);
                self.features.count("cancellation");
            }
            1 => {
                deal.closed_on = self.close_date();
                deal.sequence = self.sequence();
                self.features.count("moved deal");
            }
            2 => {
                deal.splits = self.splits();
                self.features.count("split changed");
            }
            3 => {
                deal.status = DealStatus::Closed;
                if self.random.chance(40) {
                    deal.lines = vec![self.line(0)];
                } else {
                    self.features.count("return of a part");
                    deal.lines.truncate(1 + self.random.below(3));
                    let left = *self.random.pick(&[0, 1, 3]);
                    deal.lines.iter_mut().for_each(|line| line.amount.0 = line.amount.0 * left / 4);
                }
                deal.change = Change::Return;
                deal.effective_on = self.effective_on(deal.closed_on);
                self.features.count("return");
            }
            4 => {
                deal.revision = -(self.events.len() as i64);
                deal.lines = vec![self.line(0)];
                self.features.count("older revision late");
            }
            _ => {
                deal.status = DealStatus::Closed;
                deal.lines = (0..1 + self.random.below(3)).map(|place| self.line(place)).collect();
                if self.random.chance(40) {
                    deal.attributes = self.attributes();
                    self.features.count("attributes stated again");
                }
                self.other_roles(&mut deal);
                if self.converts && self.random.chance(15) {
                    deal.currency = self.currency();
                    self.features.count("currency stated again");
                }
                self.features.count("amendment");
            }
        }
        if !matches!(deal.status, DealStatus::Cancelled) && deal.change != Change::Correction && self.random.chance(20) {
            deal.change = Change::Correction;
            self.features.count("correction behind a return");
        }
        if deal.revision > newest {
            self.deals[place] = deal.clone();
        }
        self.tell(deal);
    }

    /// Some weeks after the close date; at times before it, or not stated.
    fn effective_on(&mut self, closed_on: Date) -> Option<Date> {
        let days = self.random.below(150) as i32 - 10;
        self.random.chance(90).then_some(Date(closed_on.0 + days))
    }

    /// A second delivery of a revision, with the same or with another content.
    fn same_revision(&mut self) {
        if self.deals.is_empty() {
            return self.new_deal();
        }
        let mut deal = self.random.pick(&self.deals).clone();
        deal.occurred_at = self.events.len() as i64;
        if self.random.chance(35) {
            deal.lines = vec![self.line(7)];
            self.features.count("conflict");
        } else {
            self.features.count("duplicate");
        }
        self.tell(deal);
    }

    fn quota(&mut self) {
        let again = !self.quotas.is_empty() && self.random.chance(40);
        let mut quota = if again { self.random.pick(&self.quotas).clone() } else { self.new_quota() };
        quota.occurred_at = self.events.len() as i64;
        if again && self.random.chance(85) {
            quota.revision += self.random.below(5) as i64 - 1;
            quota.amount = self.quota_amount();
            quota.applies_from = self.applies_from(quota.interval);
            self.features.count("quota change");
        }
        self.count_behind_a_close(quota.interval);
        self.quotas.push(quota.clone());
        self.events.push(Event::Quota(quota));
    }

    fn new_quota(&mut self) -> OwnedQuota {
        self.features.count("quota");
        let month = Interval::Month(Period(JANUARY.0 + self.random.below(4) as i32));
        let quarter = Interval::Quarter(Quarter(2026 * 4 + self.random.below(2) as i32));
        let mut interval = if self.random.chance(35) { month } else { quarter };
        if self.random.chance(if self.long { 35 } else { 5 }) {
            self.features.count("quota of a half-year or year");
            let first_half = Interval::Half(Half(2026 * 2));
            interval = *self.random.pick(&[Interval::Year(Year(2026)), first_half]);
        }
        let payees = [&REPS[..], &MANAGERS[..]].concat();
        let payee_id = *self.random.pick(&payees);
        let measure = self.quota_measure().into();
        OwnedQuota {
            payee_id: payee_id.into(),
            measure: self.measure_of(payee_id, measure, "quota in a plan's currency"),
            interval,
            amount: self.quota_amount(),
            revision: 1,
            applies_from: None,
            occurred_at: 0,
        }
    }

    fn quota_amount(&mut self) -> Option<Amount> {
        if self.random.chance(8) {
            self.features.count("quota withdrawn");
            return None;
        }
        if self.random.chance(8) {
            self.features.count("quota zero");
            return Some(Amount(0));
        }
        Some(Amount((1 + self.random.below(20)) as i128 * 1_000_000_000))
    }

    fn applies_from(&mut self, interval: Interval) -> Option<Date> {
        let (first, last) = interval.first_and_last();
        if first == last || self.random.chance(50) {
            return None;
        }
        self.features.count("quota applies from");
        let among = (last.0 - first.0 + 1).min(6) as usize;
        let month = first.0.rem_euclid(12) + self.random.below(among) as i32 + 1;
        Some(self.first_day(month as i8))
    }

    /// The next close, or the reopening or release of one; now and then one that is refused.
    fn period_step(&mut self) {
        let unreleased = self.closes.iter().position(|(_, released)| !released);
        match (unreleased, self.random.below(4)) {
            (Some(_), 0) if self.closes.last().is_some_and(|(_, released)| !released) => {
                let Some((close_id, _)) = self.closes.pop() else { return };
                self.features.count("reopen");
                self.fact(CLOSER, FactBody::PeriodReopened(PeriodReopened { close_id }));
            }
            (Some(first), 1 | 2) => {
                let by_closer = self.random.chance(20);
                let author = if by_closer { CLOSER } else { RELEASER };
                self.features.count(if by_closer { "release by the closer" } else { "release" });
                if !by_closer {
                    self.closes[first].1 = true;
                }
                let (close_id, digest, other_totals) = (self.closes[first].0.clone(), String::new(), Vec::new());
                let released = PeriodReleased { close_id, records: 0, total_minor: 0, digest, other_totals };
                self.fact(author, FactBody::PeriodReleased(released));
            }
            _ => self.close(),
        }
    }

    fn close(&mut self) {
        let period = Period(JANUARY.0 + self.closes.len() as i32);
        if self.closes.len() >= 3 {
            return;
        }
        self.closed_before += 1;
        let close_id = format!("close-{}", self.closed_before);
        self.closes.push((close_id.clone(), false));
        self.features.count("close");
        let (calendar, pay_group) = (CALENDAR.into(), "default".into());
        let closed = PeriodClosed { close_id, calendar, pay_group, period, cut: Cut::default() };
        self.fact(CLOSER, FactBody::PeriodClosed(closed));
    }
}
