//! The currencies of a history: what measures convert at, rates that come late, change, end or are refused, and the
//! currency of a deal.

use super::*;

pub(super) const RATE_TYPES: [&str; 2] = ["spot", "month"];
const CURRENCIES: [&str; 2] = ["EUR", "GBP"];

impl Making {
    /// Half of the companies convert; some lack a rate for ever.
    pub(super) fn rates(&mut self) {
        self.converts = self.random.chance(50) || self.plan_currencies.are_stated();
        if !self.converts {
            return;
        }
        for rate_type in RATE_TYPES {
            for currency in CURRENCIES {
                if self.random.chance(10) {
                    continue;
                }
                let stated = self.stated_rates(rate_type, currency);
                let late = self.random.chance(20);
                self.now_or_later("rates later", late, FactBody::RatesDefined(stated.clone()));
                if self.random.chance(35) {
                    let changed = self.changed_rates(stated);
                    self.later.push(("rates changed", FactBody::RatesDefined(changed)));
                }
            }
        }
        if self.random.chance(20) {
            let stated = self.stated_rates("spot", "EUR");
            let refused = match self.random.below(3) {
                0 => CurrencyRates { to_currency: "pound".into(), ..stated },
                1 => CurrencyRates { from_currency: "USD".into(), ..stated },
                _ => CurrencyRates { rows: vec![], ..stated },
            };
            self.later.push(("fact refused", FactBody::RatesDefined(refused)));
        }
    }

    /// What a measure of amounts converts at; now and then nothing.
    pub(super) fn rate_type(&mut self) -> Option<String> {
        let stated = self.converts && self.random.chance(96);
        stated.then(|| (*self.random.pick(&RATE_TYPES)).into())
    }

    fn stated_rates(&mut self, rate_type: &str, currency: &str) -> CurrencyRates {
        let mut from = if self.random.chance(85) { day(1, 1) } else { day(1, 12) };
        let mut rows = vec![];
        for _ in 0..1 + self.random.below(4) {
            rows.push(RateRow { from, rate: self.rate(), max_age_days: *self.random.pick(&[3, 31, 120, 400, 400]) });
            from = Date(from.0 + 1 + self.random.below(45) as i32);
        }
        CurrencyRates { rate_type: rate_type.into(), from_currency: currency.into(), to_currency: "USD".into(), rows }
    }

    /// Of four decimals, or of all ten.
    fn rate(&mut self) -> CurrencyRate {
        let whole = 1 + self.random.below(25_000) as i128;
        let rest = if self.random.chance(50) { self.random.below(1_000_000) as i128 } else { 0 };
        CurrencyRate(whole * 1_000_000 + rest)
    }

    fn changed_rates(&mut self, mut stated: CurrencyRates) -> CurrencyRates {
        let place = self.random.below(stated.rows.len());
        match self.random.below(3) {
            0 => stated.rows[place].rate = self.rate(),
            1 => stated.rows[place].max_age_days = *self.random.pick(&[1, 400]),
            _ => {
                let last = stated.rows[stated.rows.len() - 1];
                stated.rows.push(RateRow { from: Date(last.from.0 + 2), rate: self.rate(), max_age_days: 60 });
            }
        }
        stated
    }

    /// Of a deal: the company's own, one that is converted, or one that nothing converts.
    pub(super) fn currency(&mut self) -> String {
        let drawn = self.drawn_currency();
        self.currency_of_deal(drawn)
    }

    fn drawn_currency(&mut self) -> String {
        if self.converts && self.random.chance(30) {
            self.features.count("other currency");
            return (*self.random.pick(&CURRENCIES)).into();
        }
        if self.random.chance(2) {
            self.features.count("currency without a rate");
            return "JPY".into();
        }
        "USD".into()
    }
}
