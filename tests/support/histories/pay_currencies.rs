//! Whom a history pays in another currency than the company's, and at which rates: they change, come late, and lack for
//! a while.

use super::*;

const RATE_TYPE: &str = "pay";
const CURRENCIES: [&str; 3] = ["GBP", "JPY", "KWD"];

/// What a company pays in: drawn apart, so that the rest of a history is what it is without.
pub struct Abroad {
    random: Random,
    currencies: BTreeMap<String, &'static str>,
    converts: bool,
}

impl Abroad {
    /// Half of the companies pay so.
    pub fn new(seed: u64) -> Abroad {
        let mut random = Random(seed ^ 0x00c0_ffee);
        let converts = random.chance(95);
        Abroad { random, currencies: BTreeMap::new(), converts }
    }

    pub fn rate_type(&self) -> Option<String> {
        self.converts.then(|| RATE_TYPE.into())
    }
}

impl Making {
    /// Rates of every currency that anybody may be paid in.
    pub(super) fn pay_rates(&mut self) {
        if !self.abroad.converts {
            return;
        }
        for currency in CURRENCIES {
            let stated = self.stated_pay_rates(currency);
            let late = self.abroad.random.chance(4);
            self.now_or_later("pay rates later", late, FactBody::RatesDefined(stated.clone()));
            if self.abroad.random.chance(40) {
                let mut changed = stated;
                let place = self.abroad.random.below(changed.rows.len());
                changed.rows[place].rate = self.pay_rate(currency);
                self.later.push(("pay rates changed", FactBody::RatesDefined(changed)));
            }
        }
        if self.abroad.random.chance(10) {
            let refused =
                CurrencyRates { to_currency: "GBP".into(), from_currency: "GBP".into(), ..self.stated_pay_rates("GBP") };
            self.later.push(("fact refused", FactBody::RatesDefined(refused)));
        }
    }

    fn stated_pay_rates(&mut self, currency: &str) -> CurrencyRates {
        let lacks = self.abroad.random.chance(2);
        let mut from = if lacks { day(2, 3) } else { day(1, 1) };
        let mut rows = vec![];
        for _ in 0..2 + self.abroad.random.below(5) {
            let rate = self.pay_rate(currency);
            rows.push(RateRow { from, rate, max_age_days: *self.abroad.random.pick(&[60, 400, 400, 400]) });
            from = Date(from.0 + 1 + self.abroad.random.below(40) as i32);
        }
        if let Some(last) = rows.last_mut() {
            last.max_age_days = 400;
        }
        CurrencyRates { rate_type: RATE_TYPE.into(), from_currency: "USD".into(), to_currency: currency.into(), rows }
    }

    /// Around what the currency is worth, and far from it at times.
    fn pay_rate(&mut self, currency: &str) -> CurrencyRate {
        let near: i128 = if currency == "JPY" { 1_500_000_000_000 } else { 5_000_000_000 };
        let random = &mut self.abroad.random;
        let part = 50 + random.below(200) as i128;
        let rest = if random.chance(50) { random.below(1_000_000) as i128 } else { 0 };
        let far = if random.chance(5) { 1_000 } else { 1 };
        CurrencyRate(near * part / 100 / far + rest)
    }

    /// Rows of a payee in his currency; another one now and then, which a close forbids.
    pub(super) fn paid(&mut self, id: &str, mut rows: Vec<PayeeRow>) -> Vec<PayeeRow> {
        if !self.abroad.converts {
            return rows;
        }
        let drawn = self.abroad.random.chance(90).then(|| *self.abroad.random.pick(&CURRENCIES));
        let known = self.abroad.currencies.get(id).copied();
        let changes = self.abroad.random.chance(15);
        let currency = if known.is_some() && !changes { known } else { drawn };
        if let Some(currency) = currency {
            self.features.count("pay in another currency");
            self.abroad.currencies.insert(id.into(), currency);
        }
        if known.is_some() && known != currency {
            self.features.count("pay currency stated again");
        }
        rows.iter_mut().for_each(|row| row.pay_currency = currency.map(String::from));
        let several = rows.len() > 1 && self.abroad.random.chance(3);
        if let Some(row) = rows.last_mut().filter(|_| several) {
            self.features.count("pay currency changes");
            row.pay_currency = Some("CHF".into());
        }
        rows
    }
}
