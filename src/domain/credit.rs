//! Crediting: which payee gets what share of which line of a deal, under the organisation on the close date.
//!
//! Shares are exact and nothing is rounded: the REVENUE shares of a line total 100 %, so its credits add up to it.

use super::calendar::Date;
use super::deal::{Counts, DealClosed, Split};
use super::fact::CreditKind;
use super::money::{Share, WHOLE};
use super::reject::{Reason, Reject};
use super::world::{Organisation, Place, Seat, World};
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

/// The credits of a deal's revision, or the fact that they wait for.
pub fn credits_of(deal: &DealClosed<'_>, world: &World) -> Result<Vec<Credit>, Reject> {
    if !deal.credits_anything() {
        return Ok(Vec::new());
    }
    check_facts(deal, world)?;
    let mut credits = Vec::new();
    if deal.lines.iter().all(|line| line.splits.is_empty()) {
        credit_line(None, &deal.splits, deal.closed_on, &world.organisation, &mut credits)?;
        return Ok(credits);
    }
    for (place, line) in deal.lines.iter().enumerate() {
        credit_line(Some(place as u32), deal.splits_of(line), deal.closed_on, &world.organisation, &mut credits)?;
    }
    Ok(credits)
}

fn check_facts(deal: &DealClosed<'_>, world: &World) -> Result<(), Reject> {
    let Some(company) = &world.company else {
        return Err(Reject::new(Reason::UnknownCalendar, "", "the company is not published yet".into()));
    };
    if company.currency != deal.currency {
        let message = format!("{} is not the company's currency {}, and no rate converts it", deal.currency, company.currency);
        return Err(Reject::new(Reason::OtherCurrency, "currency", message));
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

fn unknown(field: &str, payee_id: &str, on: Date) -> Reject {
    Reject::new(Reason::UnknownPayee, field, format!("payee \"{payee_id}\" is not known on {on}"))
}

fn credit_line(
    line: Option<u32>,
    splits: &[Split<'_>],
    on: Date,
    organisation: &Organisation,
    credits: &mut Vec<Credit>,
) -> Result<(), Reject> {
    let first = credits.len();
    let mut places = Vec::with_capacity(splits.len());
    for split in splits {
        let in_force = organisation.in_force(split.payee_id, on);
        let (payee_id, place) = in_force.ok_or_else(|| unknown("splits", split.payee_id, on))?;
        places.push(place);
        let kind = match split.counts {
            Counts::Revenue => CreditKind::Revenue,
            Counts::Overlay => CreditKind::Overlay,
        };
        credits.push(Credit { payee_id: payee_id.clone(), kind, line, share: split.share });
    }
    let rolled_from = credits.len();
    for (split, place) in splits.iter().zip(places).filter(|(split, _)| split.counts == Counts::Revenue) {
        roll_up(line, (place, split.share), on, organisation, credits, rolled_from)?;
    }
    debug_assert!(credits[first..].iter().all(|credit| credit.share <= WHOLE));
    Ok(())
}

/// Adds a split's share to everybody above its payee. Each payee has one REVENUE split, so nobody counts twice.
fn roll_up(
    line: Option<u32>,
    (place, share): (Place, Share),
    on: Date,
    organisation: &Organisation,
    credits: &mut Vec<Credit>,
    rolled_from: usize,
) -> Result<(), Reject> {
    let mut refused = None;
    organisation.walk_up(place, on, |seat| {
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
