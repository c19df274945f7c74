//! Which attainments an entry publishes, and when one has changed.

use super::entry::{Attained, Entry, Standing};
use super::inputs::{ByKind, Inputs};
use super::pricing::Terms;
use crate::domain::calendar::{Interval, Period, Span};
use crate::domain::measure::MeasureOf;
use crate::domain::money::Measured;
use crate::domain::output::Attainment;
use crate::domain::world::World;
use compact_str::CompactString;
use std::sync::Arc;

/// (measure, interval).
type Target = (CompactString, Interval);

/// Brings an entry's published attainments up to date and returns those that changed.
pub fn attain(
    entry: &mut Entry,
    payee_id: &Arc<str>,
    span: Span,
    released_through: Option<Period>,
    terms: &Terms<'_>,
) -> Option<Vec<Attainment>> {
    let world = terms.world;
    if terms.is_summed_by_nobody() {
        return Some(Vec::new());
    }
    let merged;
    let inputs = if entry.later.is_empty() {
        &entry.inputs
    } else {
        merged = all_of(entry)?;
        &merged
    };
    let adjusted = terms.adjusted(inputs);
    let inputs = &*adjusted.inputs;
    let mut changed = Vec::new();
    for (measure, interval) in targets(entry, inputs, span, terms) {
        let Some(standing) = standing(inputs, &measure, interval, released_through, world) else { continue };
        let place = entry.attained.iter().position(|attained| attained.measure == measure && attained.interval == interval);
        if place.is_some_and(|place| entry.attained[place].standing == standing) {
            continue;
        }
        let sequence = place.map_or(1, |place| entry.attained[place].sequence + 1);
        changed.extend(attainment(payee_id, &measure, interval, sequence, standing, entry.as_of, world));
        let attained = Attained { measure, interval, sequence, standing };
        match place {
            Some(place) => entry.attained[place] = attained,
            None => entry.attained.push(attained),
        }
    }
    Some(changed)
}

fn all_of(entry: &Entry) -> Option<Inputs> {
    let mut inputs = entry.inputs.clone();
    entry.later.iter().try_for_each(|(_, later)| inputs.merge(later))?;
    Some(inputs)
}

/// What was published before, what has a quota, what a component of the payee measures, and every sum of a quarter.
fn targets(entry: &Entry, inputs: &Inputs, span: Span, terms: &Terms<'_>) -> Vec<Target> {
    let known = entry.attained.iter().map(|known| (known.measure.clone(), known.interval));
    let own = inputs.statements.iter().filter(|statement| Span::of(statement.interval) == span);
    let stated = own.map(|statement| (statement.measure.clone(), statement.interval));
    let summed = inputs.sums.iter().filter_map(|sum| match span {
        Span::Quarter(quarter) => Some((sum.measure.clone(), Interval::Quarter(quarter))),
        Span::Year(_) => None,
    });
    let measured = terms.measured().iter().map(|(measure, interval)| ((*measure).into(), *interval));
    let mut targets: Vec<Target> = known.chain(stated).chain(summed).chain(measured).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// `None` where the measure or the interval is not known (yet), or there is nothing to tell.
fn standing(
    inputs: &Inputs,
    measure: &str,
    interval: Interval,
    released_through: Option<Period>,
    world: &World,
) -> Option<Standing> {
    world.measure(measure)?;
    let calendar = world.calendar.as_deref()?;
    let (first, last) = interval.first_and_last();
    let (first_day, _) = calendar.bounds(last)?;
    calendar.bounds(first)?;
    let span = Span::of(interval);
    let places = span.place(first)..=span.place(last);
    let by_kind = places.map(|place| inputs.by_kind(measure, place)).try_fold(ByKind::default(), ByKind::plus)?;
    let quota = inputs.quota(measure, interval, first_day);
    Some(Standing {
        revenue: by_kind.revenue,
        overlay: by_kind.overlay,
        rolled: by_kind.rolled,
        territory: by_kind.territory,
        quota: quota.map(|quota| quota.amount),
        quota_revision: quota.map(|quota| quota.revision),
        last: Some(last) <= released_through,
    })
}

fn attainment(
    payee_id: &Arc<str>,
    measure: &str,
    interval: Interval,
    sequence: i64,
    standing: Standing,
    as_of: i64,
    world: &World,
) -> Option<Attainment> {
    let defined = world.measure(measure)?;
    let (first, last) = interval.first_and_last();
    let by_kind =
        ByKind { revenue: standing.revenue, overlay: standing.overlay, rolled: standing.rolled, territory: standing.territory };
    Some(Attainment {
        payee_id: payee_id.clone(),
        measure: defined.id.clone(),
        calendar: world.calendar_id.clone(),
        interval,
        from: world.bounds(first)?.0,
        to: world.bounds(last)?.1,
        measured: Measured(by_kind.total()?),
        quota: standing.quota,
        quota_revision: standing.quota_revision,
        revenue: Measured(standing.revenue),
        overlay: Measured(standing.overlay),
        rolled: Measured(standing.rolled),
        territory: Measured(standing.territory),
        unit: match defined.measure.of {
            _ if defined.measure.has_currency() => match world.other_currency_of(&defined.measure) {
                Some(currency) => currency.into(),
                None => world.money.currency.clone(),
            },
            MeasureOf::Count => "deal".into(),
            _ => "unit".into(),
        },
        last: standing.last,
        sequence,
        as_of,
    })
}
