//! What a case says must come out. Rows that it does not name are not compared; a row that it names is, in full.

use super::super::codes;
use super::super::draft::CompanyFiles;
use super::super::fields::{Choices, Fields, did_you_mean, number_of, text_of};
use super::super::node::Node;
use super::super::people::currency;
use super::super::source::{Findings, Located};
use super::events::Reader;
use crate::domain::adjustment::Target;
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::{Amount, MEASURED_DECIMALS, Measured, Minor, minor_digits, parse_scaled};
use crate::domain::output::RejectKind;
use crate::domain::pay::RESERVED;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    pub attainment: Vec<ExpectedAttainment>,
    pub accrual: Vec<ExpectedAccrual>,
    pub payout: Vec<ExpectedPayout>,
    pub balance: Vec<ExpectedBalance>,
    /// All that is rejected, parked and resumed, in order; `None`: not compared.
    pub rejects: Option<Vec<ExpectedReject>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedAttainment {
    pub line: usize,
    pub payee: String,
    pub measure: String,
    pub interval: Interval,
    pub measured: Option<Measured>,
    /// `Some(None)`: there is no quota.
    pub quota: Option<Option<Amount>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedAccrual {
    pub line: usize,
    pub payee: String,
    pub component: String,
    /// `None`: all intervals together.
    pub interval: Option<Interval>,
    pub total: Option<Minor>,
    /// By booking period; a period that is not named is 0.
    pub booked: Option<BTreeMap<Period, Minor>>,
    /// By effective period; a period that is not named is 0.
    pub earned: Option<BTreeMap<Period, Minor>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPayout {
    pub line: usize,
    pub payee: String,
    pub period: Period,
    /// What it is paid in.
    pub currency: Option<String>,
    /// By earning code, "CARRIED" for what was brought forward; a code that is not named is 0.
    pub amounts: BTreeMap<String, Minor>,
    pub net: Option<Minor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedBalance {
    pub line: usize,
    pub payee: String,
    pub after: Period,
    /// What the next run starts from: negative is set off, positive is paid.
    pub carried: Option<Minor>,
    /// What draws still ask back.
    pub draw: Option<Minor>,
    /// Earned and not due yet.
    pub held: Option<Minor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedReject {
    pub line: usize,
    /// The deal, or the payee of a quota or a component.
    pub about: String,
    pub kind: RejectKind,
    /// The stable reason code.
    pub reason: String,
}

const REJECT_KINDS: &Choices<RejectKind> =
    &[("rejected", Some(RejectKind::Rejected)), ("parked", Some(RejectKind::Parked)), ("resumed", Some(RejectKind::Resumed))];
/// Kinds of pay that a payout does not have in this version.
const PAY_NOT_BUILT: [&str; 1] = ["CLAWBACK"];

pub fn expect(node: &Node, company: &CompanyFiles, reader: &Reader<'_>, findings: &mut Findings) -> Option<Expect> {
    let mut fields = Fields::of(node, findings)?;
    let names = Names { company, reader };
    let attainment = fields.list("attainment", findings);
    let accrual = fields.list("accrual", findings);
    let payout = fields.list("payout", findings);
    let balance = fields.list("balance", findings);
    let rejects = fields.has("rejects").then(|| fields.list("rejects", findings));
    fields.finish(&["settled", "held", "run"], findings);
    let expected = Expect {
        attainment: attainment.iter().filter_map(|item| names.attainment(item, findings)).collect(),
        accrual: accrual.iter().filter_map(|item| names.accrual(item, findings)).collect(),
        payout: payout.iter().filter_map(|item| names.payout(item, findings)).collect(),
        balance: balance.iter().filter_map(|item| names.balance(item, findings)).collect(),
        rejects: rejects.map(|items| items.iter().filter_map(|item| reject(item, findings)).collect()),
    };
    names.check_deals(&expected, findings);
    Some(expected)
}

/// The names that an expectation may use.
struct Names<'c> {
    company: &'c CompanyFiles,
    reader: &'c Reader<'c>,
}

impl Names<'_> {
    /// In the currency of a payee's plans; one who is not known is told of elsewhere.
    fn money(&self, payee: Option<&str>, text: &str) -> Result<Minor, crate::domain::money::NumberError> {
        let currency = self.reader.earned_in(payee.unwrap_or_default());
        Minor::parse(text, minor_digits(currency).unwrap_or(2))
    }

    fn payee(&self, fields: &mut Fields<'_>, findings: &mut Findings) -> Option<String> {
        let payee = fields.id("payee", findings)?;
        known(payee, "payee", self.reader.payees(), codes::UNKNOWN_PAYEE, findings)
    }

    fn components(&self) -> BTreeSet<&str> {
        let plans = self.company.plans.iter();
        plans.flat_map(|plan| &plan.value.components).map(|component| component.component_id.as_str()).collect()
    }

    fn earning_codes(&self) -> BTreeSet<&str> {
        let plans = self.company.plans.iter();
        let codes = plans.flat_map(|plan| &plan.value.components).map(|component| component.earning_code.as_str());
        let by_hand = self.reader.adjustments().iter().filter_map(|made| match &made.target {
            Target::Pay { earning_code } => Some(earning_code.as_str()),
            Target::Credit { .. } | Target::Earning { .. } => None,
        });
        codes.chain(by_hand).chain(RESERVED).collect()
    }

    fn attainment(&self, node: &Node, findings: &mut Findings) -> Option<ExpectedAttainment> {
        let mut fields = Fields::of(node, findings)?;
        let payee = self.payee(&mut fields, findings);
        let names = self.company.measures.iter().map(|measure| measure.value.measure_id.as_str());
        let measure = fields.id("measure", findings);
        let measure = measure.and_then(|measure| known(measure, "measure", names, codes::UNKNOWN_MEASURE, findings));
        let interval = fields.parsed("interval", codes::BAD_DATE, str::parse::<Interval>, findings);
        let measured = |text: &str| parse_scaled(text, MEASURED_DECIMALS, 28).map(Measured);
        let measured = fields.optional_number("measured", measured, findings).map(|measured| measured.value);
        let quota = |text: &str| if text == "none" { Ok(None) } else { Amount::parse(text).map(Some) };
        let quota = fields.optional_number("quota", quota, findings).map(|quota| quota.value);
        fields.finish(&["prorated", "estimated", "ratio"], findings);
        let line = findings.line(node.place);
        Some(ExpectedAttainment { line, payee: payee?, measure: measure?, interval: interval?.value, measured, quota })
    }

    fn accrual(&self, node: &Node, findings: &mut Findings) -> Option<ExpectedAccrual> {
        let mut fields = Fields::of(node, findings)?;
        let payee = self.payee(&mut fields, findings);
        let component = fields.id("component", findings);
        let names = self.components();
        let component = component
            .and_then(|component| known(component, "component", names.iter().copied(), codes::UNKNOWN_COMPONENT, findings));
        let interval = fields.node("interval").and_then(|node| text_of(node, "interval", findings));
        let interval =
            interval.and_then(|text| super::super::fields::parsed_text(text, codes::BAD_DATE, str::parse::<Interval>, findings));
        let total = fields.optional_number("total", |text| self.money(payee.as_deref(), text), findings).map(|total| total.value);
        let booked = fields.node("booked").and_then(|node| self.periods(payee.as_deref(), node, findings));
        let earned = fields.node("earned").and_then(|node| self.periods(payee.as_deref(), node, findings));
        fields.finish(&["held", "payable", "plan_total"], findings);
        let (line, interval) = (findings.line(node.place), interval.map(|interval| interval.value));
        Some(ExpectedAccrual { line, payee: payee?, component: component?, interval, total, booked, earned })
    }

    /// `{ 2026-01 = "3800.00" }`.
    fn periods(&self, payee: Option<&str>, node: &Node, findings: &mut Findings) -> Option<BTreeMap<Period, Minor>> {
        let fields = Fields::of(node, findings)?;
        let mut periods = BTreeMap::new();
        for entry in fields.others() {
            let period = entry.key.parse::<Period>();
            if let Err(error) = &period {
                findings.add(entry.key_place, codes::BAD_DATE, error.to_string(), "");
            }
            let amount = number_of(&entry.node, &entry.key, |text| self.money(payee, text), findings);
            if let (Ok(period), Some(amount)) = (period, amount) {
                periods.insert(period, amount.value);
            }
        }
        Some(periods)
    }

    fn payout(&self, node: &Node, findings: &mut Findings) -> Option<ExpectedPayout> {
        let mut fields = Fields::of(node, findings)?;
        let payee = self.payee(&mut fields, findings);
        let period = fields.parsed("period", codes::BAD_DATE, str::parse::<Period>, findings);
        let digits = minor_digits(self.reader.paid_in(payee.as_deref().unwrap_or_default())).unwrap_or(2);
        let money = |text: &str| Minor::parse(text, digits);
        let net = fields.optional_number("net", money, findings).map(|net| net.value);
        let currency = fields.optional_text("currency", findings).and_then(|text| currency(text, findings));
        let codes_known = self.earning_codes();
        let mut amounts = BTreeMap::new();
        for entry in fields.others() {
            if PAY_NOT_BUILT.contains(&entry.key.as_str()) {
                let message = format!("`{}` is not supported by this version", entry.key);
                findings.add(entry.key_place, codes::NOT_SUPPORTED, message, "remove it");
            } else if !codes_known.contains(entry.key.as_str()) {
                let hint = did_you_mean(&entry.key, codes_known.iter().copied()).unwrap_or_default();
                findings.add(entry.key_place, codes::UNKNOWN_KEY, format!("no earning code is called \"{}\"", entry.key), hint);
            } else if let Some(amount) = number_of(&entry.node, &entry.key, money, findings) {
                amounts.insert(entry.key.clone(), amount.value);
            }
        }
        let (line, currency) = (findings.line(node.place), currency.map(|currency| currency.value));
        Some(ExpectedPayout { line, payee: payee?, period: period?.value, currency, amounts, net })
    }

    fn balance(&self, node: &Node, findings: &mut Findings) -> Option<ExpectedBalance> {
        let mut fields = Fields::of(node, findings)?;
        let payee = self.payee(&mut fields, findings);
        let after = fields.parsed("after", codes::BAD_DATE, str::parse::<Period>, findings);
        let carried =
            fields.optional_number("carried", |text| self.money(payee.as_deref(), text), findings).map(|carried| carried.value);
        let draw = fields.optional_number("draw", |text| self.money(payee.as_deref(), text), findings).map(|draw| draw.value);
        let held = fields.optional_number("held", |text| self.money(payee.as_deref(), text), findings).map(|held| held.value);
        fields.finish(&["receivable"], findings);
        if [carried, draw, held] == [None; 3] {
            let hint = "add carried = \"0.00\", draw = \"0.00\" or held = \"0.00\"";
            findings.add(node.place, codes::MISSING_KEY, "the balance says nothing", hint);
        }
        let line = findings.line(node.place);
        Some(ExpectedBalance { line, payee: payee?, after: after?.value, carried, draw, held })
    }

    /// A deal that would be rejected is a slip of the case, unless the case expects it.
    fn check_deals(&self, expected: &Expect, findings: &mut Findings) {
        let awaited = |deal: &str| {
            let rejects = expected.rejects.iter().flatten();
            rejects.into_iter().any(|reject| reject.kind == RejectKind::Rejected && reject.about == deal)
        };
        for (deal, place) in self.reader.deals() {
            if let Err(reject) = deal.as_deal(0).check()
                && !awaited(&deal.deal_id)
            {
                let message = format!("deal \"{}\" would be rejected: {reject}", deal.deal_id);
                findings.add(*place, codes::BAD_DEAL, message, "correct it, or expect it in `rejects`");
            }
        }
    }
}

fn known<'k>(
    named: Located<String>,
    what: &str,
    names: impl Iterator<Item = &'k str> + Clone,
    code: codes::Code,
    findings: &mut Findings,
) -> Option<String> {
    if names.clone().any(|name| name == named.value) {
        return Some(named.value);
    }
    let hint = super::super::plan::nearest(&named.value, what, names);
    findings.add(named.place, code, format!("no {what} is called \"{}\"", named.value), hint);
    None
}

fn reject(node: &Node, findings: &mut Findings) -> Option<ExpectedReject> {
    let mut fields = Fields::of(node, findings)?;
    let about = fields.id("about", findings);
    let kind = fields.choice("kind", REJECT_KINDS, findings);
    let reason = fields.id("reason", findings);
    fields.finish(&[], findings);
    Some(ExpectedReject { line: findings.line(node.place), about: about?.value, kind: kind?.value, reason: reason?.value })
}
