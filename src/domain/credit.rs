//! Crediting: which payee gets what share of which line of a deal, under the organisation on the close date.
//!
//! Shares are exact and nothing is rounded: the REVENUE shares of a line total 100 %, so its credits add up to it. Who
//! is credited by territory is looked up in `world::territories`. A deal in another currency keeps its own amounts: what
//! they count as is said beside them.

use super::calendar::Date;
use super::currency::{StatedRate, converted, is_rate_into};
use super::deal::{Counts, DealClosed, Line, Split};
use super::fact::CreditKind;
use super::measure::{DealView, LineView, Measure, MeasureOf, Missing};
use super::money::{Amount, Share, WHOLE};
use super::reject::{Reason, Reject};
use super::territory::{Crediting, Uncovered, When};
use super::world::{Place, Seat, World};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A payee's share of one line (by place), or of every line of the deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    pub payee_id: Arc<str>,
    pub kind: CreditKind,
    pub line: Option<u32>,
    pub share: Share,
}

impl Credit {
    /// The role of the split that it comes of. `None`: of a territory, or rolled.
    pub fn role_in<'a>(&self, deal: &DealClosed<'a>) -> Option<&'a str> {
        let counts = match self.kind {
            CreditKind::Revenue => Counts::Revenue,
            CreditKind::Overlay => Counts::Overlay,
            CreditKind::Rolled | CreditKind::Territory => return None,
        };
        let splits = match self.line {
            Some(place) => deal.splits_of(deal.lines.get(place as usize)?),
            None => &deal.splits,
        };
        splits.iter().find(|split| split.counts == counts && *split.payee_id == *self.payee_id).map(|split| split.role)
    }
}

/// Who is credited with what of a deal, and at which rates its amounts count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
    pub credits: Vec<Credit>,
    /// One of each type and currency that a measure which counts the deal converts at. None where all of them count a deal in
    /// the company's currency.
    pub rates: Vec<StatedRate>,
}

/// The credits of a deal's revision, or the fact that they wait for.
pub fn credits_of(deal: &DealClosed<'_>, world: &World) -> Result<Credited, Reject> {
    if !deal.credits_anything() {
        return Ok(Credited::default());
    }
    check_facts(deal, world)?;
    let credits = shares_of(deal, world)?;
    let others = *world.money.currency != *deal.currency;
    let asked = others || world.measures.iter().any(|defined| defined.measure.currency.is_some());
    let rates = if asked { rates_for(deal, &credits, world)? } else { Vec::new() };
    check_details(deal, &credits, world)?;
    Ok(Credited { credits, rates })
}

fn shares_of(deal: &DealClosed<'_>, world: &World) -> Result<Vec<Credit>, Reject> {
    let by_rule = world.territories.crediting_on(deal.closed_on);
    let mut giving = Giving { deal, world, by_rule, credits: Vec::new(), direct: Vec::new() };
    let named = !deal.splits.is_empty() && deal.lines.iter().all(|line| line.splits.is_empty());
    if named && by_rule.is_none_or(|by_rule| by_rule.when == When::Unnamed) {
        giving.name(None, &deal.splits)?;
        giving.roll_up(None)?;
        return Ok(giving.credits);
    }
    for place in 0..deal.lines.len() {
        giving.line(place)?;
    }
    Ok(giving.credits)
}

fn check_facts(deal: &DealClosed<'_>, world: &World) -> Result<(), Reject> {
    if world.company.is_none() {
        return Err(Reject::new(Reason::UnknownCalendar, "", "the company is not published yet".into()));
    }
    let Some(calendar) = &world.calendar else {
        return Err(Reject::new(Reason::UnknownCalendar, "closed_on", "the calendar is not published yet".into()));
    };
    if calendar.period_of(deal.closed_on).is_none() {
        let message = format!("{} is in no period of calendar \"{}\"", deal.closed_on, calendar.calendar_id);
        return Err(Reject::new(Reason::NoSuchPeriod, "closed_on", message));
    }
    Ok(())
}

/// Measures in the order of their ids.
fn by_id(world: &World, which: impl Fn(&Measure) -> bool) -> Vec<&Measure> {
    let mut measures: Vec<_> = world.measures.iter().map(|defined| &defined.measure).filter(|measure| which(measure)).collect();
    measures.sort_by(|one, other| one.measure_id.cmp(&other.measure_id));
    measures
}

/// The lines of a deal of which a measure counts a credit.
fn counted<'d, 'a>(measure: &'d Measure, deal: &'d DealClosed<'a>, credits: &'d [Credit]) -> impl Iterator<Item = &'d Line<'a>> {
    let counts = move |(place, line): &(usize, &Line<'_>)| {
        let given = |credit: &Credit| credit.line.is_none_or(|of| of as usize == *place);
        let mut here = credits.iter().filter(|credit| given(credit));
        measure.takes_line(LineView::of(line)) && here.any(|credit| measure.counts_credit(credit.kind, credit.role_in(deal)))
    };
    let taken = measure.takes_deal(DealView::of(deal));
    deal.lines.iter().enumerate().filter(move |_| taken).filter(counts).map(|(_, line)| line)
}

/// What a measure that lets a deal wait needs of it.
fn check_details(deal: &DealClosed<'_>, credits: &[Credit], world: &World) -> Result<(), Reject> {
    for measure in by_id(world, |measure| measure.missing == Some(Missing::Park)) {
        let lacks = |line: &&Line<'_>| measure.value(DealView::of(deal), LineView::of(line)).is_none();
        let Some(line) = counted(measure, deal, credits).find(lacks) else { continue };
        let id = &measure.measure_id;
        return Err(match measure.attribute.as_deref().filter(|_| measure.of == MeasureOf::Attribute) {
            Some(name) => {
                let message = format!("measure \"{id}\" sums it, and the deal does not state it as a number");
                Reject::new(Reason::MissingAttribute, &format!("attributes.{name}"), message)
            }
            None => {
                let message = format!("measure \"{id}\" sums margins, and line \"{}\" states no cost", line.line_id);
                Reject::new(Reason::MissingCost, "lines", message)
            }
        });
    }
    Ok(())
}

/// The rates of a deal in another currency than measures: each of money that counts one of its credits, in the order of their
/// ids, must be able to convert it. Those that count it as it is are said, too, where there is any rate or the deal is not in
/// the company's currency.
fn rates_for(deal: &DealClosed<'_>, credits: &[Credit], world: &World) -> Result<Vec<StatedRate>, Reject> {
    let mut rates: Vec<StatedRate> = Vec::new();
    for measure in by_id(world, Measure::is_money) {
        let mut lines = counted(measure, deal, credits).peekable();
        if lines.peek().is_none() {
            continue;
        }
        let (into, other) = (world.currency_of(measure), world.other_currency_of(measure));
        if into == deal.currency {
            state(StatedRate::of_own(into), &mut rates);
            continue;
        }
        let Some(rate_type) = &measure.rate_type else {
            let (own, id) = (into, &measure.measure_id);
            let message = format!("measure \"{id}\" counts {own} alone and has no rate_type, the deal is in {}", deal.currency);
            return Err(Reject::new(Reason::OtherCurrency, "currency", message));
        };
        let rate = world.rate_on(rate_type, deal.currency, into, deal.closed_on)?;
        let value = |line: &Line<'_>| measure.value(DealView::of(deal), LineView::of(line)).unwrap_or(0);
        if lines.any(|line| converted(Amount(value(line)), rate).is_none()) {
            let message = format!("at the \"{rate_type}\" rate {rate} a line has more digits in {into} than can be counted");
            return Err(Reject::new(Reason::MissingRate, "currency", message));
        }
        state(StatedRate::new(rate_type, other, rate), &mut rates);
    }
    let as_it_is = |stated: &StatedRate| is_rate_into(&stated.name, "", Some(&world.money.currency));
    if rates.iter().all(as_it_is) {
        rates.clear();
    }
    Ok(rates)
}

fn state(stated: StatedRate, rates: &mut Vec<StatedRate>) {
    if !rates.contains(&stated) {
        rates.push(stated);
    }
}

fn unknown(field: &str, payee_id: &str, on: Date) -> Reject {
    Reject::new(Reason::UnknownPayee, field, format!("payee \"{payee_id}\" is not known on {on}"))
}

/// The credits of a deal while they are given.
struct Giving<'a> {
    deal: &'a DealClosed<'a>,
    world: &'a World,
    /// How territories are credited on the close date.
    by_rule: Option<&'a Crediting>,
    credits: Vec<Credit>,
    /// Who was credited a share of the current line, and how: what rolls up.
    direct: Vec<(Place, CreditKind, Share)>,
}

impl Giving<'_> {
    fn line(&mut self, place: usize) -> Result<(), Reject> {
        let splits = self.deal.splits_of(&self.deal.lines[place]);
        self.name(Some(place as u32), splits)?;
        match self.by_rule {
            Some(by_rule) if splits.is_empty() || by_rule.when == When::Always => self.territories(place, by_rule)?,
            None if splits.is_empty() => {
                let message = format!("no payee is named, and territories credit nothing on {}", self.deal.closed_on);
                return Err(self.gap(place, message));
            }
            _ => {}
        }
        self.roll_up(Some(place as u32))
    }

    fn gap(&self, place: usize, message: String) -> Reject {
        Reject::new(Reason::UnknownTerritory, &format!("lines[{place}]"), message)
    }

    /// Credits the payees of splits.
    fn name(&mut self, line: Option<u32>, splits: &[Split<'_>]) -> Result<(), Reject> {
        for split in splits {
            let kind = match split.counts {
                Counts::Revenue => CreditKind::Revenue,
                Counts::Overlay => CreditKind::Overlay,
            };
            self.give("splits", split.payee_id, kind, line, split.share)?;
        }
        Ok(())
    }

    /// Credits the payees of the territories that win a line. Nobody has more than all of it.
    fn territories(&mut self, place: usize, by_rule: &Crediting) -> Result<(), Reject> {
        let (on, line) = (self.deal.closed_on, &self.deal.lines[place]);
        let named = !self.deal.splits_of(line).is_empty();
        let may_lack = named && by_rule.uncovered == Some(Uncovered::Nothing);
        let territories = self.world.territories.clone();
        let winners = territories.winners(self.deal, line, by_rule.winners);
        if winners.is_empty() && !may_lack {
            return Err(self.gap(place, format!("no territory covers it on {on}")));
        }
        let mut shares: Vec<(&str, u32)> = Vec::new();
        for territory in winners {
            let mut vacant = true;
            for assignment in territories.assigned(territory, on) {
                vacant = false;
                match shares.iter_mut().find(|(payee_id, _)| *payee_id == assignment.payee_id) {
                    Some((_, share)) => *share = (*share + assignment.share.0).min(WHOLE.0),
                    None => shares.push((&assignment.payee_id, assignment.share.0)),
                }
            }
            if vacant && !may_lack {
                return Err(self.gap(place, format!("territory \"{}\" has no payee on {on}", territory.territory_id)));
            }
        }
        for (payee_id, share) in shares {
            self.give("assignments", payee_id, CreditKind::Territory, Some(place as u32), Share(share))?;
        }
        Ok(())
    }

    fn give(&mut self, field: &str, payee_id: &str, kind: CreditKind, line: Option<u32>, share: Share) -> Result<(), Reject> {
        let on = self.deal.closed_on;
        let in_force = self.world.organisation.in_force(payee_id, on);
        let (payee_id, place) = in_force.ok_or_else(|| unknown(field, payee_id, on))?;
        debug_assert!(share <= WHOLE);
        self.credits.push(Credit { payee_id: payee_id.clone(), kind, line, share });
        self.direct.push((place, kind, share));
        Ok(())
    }

    /// Adds the shares of the current line, of the kinds that roll up, to everybody above their payees: at most all of it.
    fn roll_up(&mut self, line: Option<u32>) -> Result<(), Reject> {
        let beside = self.by_rule.map(|by_rule| by_rule.roll_up.as_slice()).unwrap_or_default();
        let rolled_from = self.credits.len();
        for (place, kind, share) in std::mem::take(&mut self.direct) {
            if kind == CreditKind::Revenue || beside.contains(&kind) {
                self.roll_up_one(line, (place, share), rolled_from)?;
            }
        }
        Ok(())
    }

    fn roll_up_one(&mut self, line: Option<u32>, (place, share): (Place, Share), rolled_from: usize) -> Result<(), Reject> {
        let (on, credits) = (self.deal.closed_on, &mut self.credits);
        let mut refused = None;
        self.world.organisation.walk_up(place, on, |seat| {
            match seat {
                Seat::Vacant => {}
                Seat::Unknown(payee_id) => refused = Some(unknown("manager", &payee_id, on)),
                Seat::Taken(payee_id) => {
                    match credits[rolled_from..].iter_mut().find(|credit| Arc::ptr_eq(&credit.payee_id, &payee_id)) {
                        Some(credit) => credit.share = Share((credit.share.0 + share.0).min(WHOLE.0)),
                        None => credits.push(Credit { payee_id, kind: CreditKind::Rolled, line, share }),
                    }
                }
            }
            refused.is_none()
        });
        refused.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{Calendar, Period};
    use crate::domain::deal::tests::deal;
    use crate::domain::fact::{Company, FactBody, Payee};
    use crate::domain::measure::Unit;
    use crate::domain::world::tests::{payee_row, state};

    /// Ana is there, and a measure lets a deal wait.
    fn world(measure: Measure) -> World {
        let mut world = World::new(1);
        let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
        let first = Period(1970 * 12);
        let row = payee_row(Date(0), None, None);
        for body in [
            FactBody::CompanyDefined(Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None }),
            FactBody::CalendarDefined(Calendar::monthly("fiscal", first, first)),
            FactBody::MeasureDefined(Measure {
                missing: Some(Missing::Park),
                credit_kinds: vec![CreditKind::Revenue],
                ..measure
            }),
            FactBody::PayeeDefined(Payee { payee_id: "ana".into(), rows: vec![row] }),
        ] {
            state(&mut world, body).unwrap();
        }
        world
    }

    #[test]
    fn a_credit_has_the_role_of_the_split_that_it_comes_of() {
        let split = |payee_id, role, counts| Split { payee_id, role, counts, share: WHOLE };
        let mut deal = deal();
        deal.splits = vec![split("ana", "AE", Counts::Revenue), split("bo", "SE", Counts::Overlay)];
        let with_splits = Line { splits: vec![split("cy", "CSM", Counts::Revenue)], ..deal.lines[0].clone() };
        deal.lines.push(with_splits);
        let role = |payee_id: &str, kind, line| Credit { payee_id: payee_id.into(), kind, line, share: WHOLE }.role_in(&deal);
        assert_eq!(role("ana", CreditKind::Revenue, None), Some("AE"));
        assert_eq!(role("ana", CreditKind::Revenue, Some(0)), Some("AE"));
        assert_eq!(role("bo", CreditKind::Overlay, None), Some("SE"));
        assert_eq!(role("bo", CreditKind::Revenue, None), None);
        assert_eq!(role("cy", CreditKind::Revenue, Some(1)), Some("CSM"));
        assert_eq!(role("ana", CreditKind::Revenue, Some(1)), None);
        assert_eq!(role("cy", CreditKind::Revenue, Some(2)), None);
        assert_eq!(role("ana", CreditKind::Rolled, None), None);
        assert_eq!(role("ana", CreditKind::Territory, Some(0)), None);
    }

    #[test]
    fn a_deal_waits_for_what_a_measure_sums() {
        let check = |of: MeasureOf, attribute: Option<&str>, refused: &str| {
            let unit = attribute.map(|_| Unit::Money);
            let attribute = attribute.map(String::from);
            let measure = Measure { measure_id: "m".into(), of, attribute, unit, ..Measure::default() };
            assert_eq!(credits_of(&deal(), &world(measure)).unwrap_err().to_string(), refused);
        };
        let acv = "attributes.acv: measure \"m\" sums it, and the deal does not state it as a number [missing_attribute]";
        check(MeasureOf::Attribute, Some("acv"), acv);
        check(MeasureOf::Margin, None, "lines: measure \"m\" sums margins, and line \"1\" states no cost [missing_cost]");
    }
}
