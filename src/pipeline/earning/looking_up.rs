//! Which row of a table takes which lines of a group: the sum of each row is kept beside its measure's.

use super::dating::Part;
use super::matching::{Matched, Told, came, taken, whole_of};
use crate::domain::deal::Attribute;
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS};
use crate::domain::plan::lookup::Shown;
use crate::domain::world::{DefinedMeasure, LookupTable};
use crate::pipeline::packed::PackedCredits;

/// What the rows of a table take, before the share, of what is told since a fact. A table whose measure came later counts
/// since then.
pub(super) fn matched_rows<'w>(
    (table, defined): (&'w LookupTable, &'w DefinedMeasure),
    packed: &PackedCredits<'_>,
    told: Told<'_>,
    (since, part): (u64, Option<Part>),
) -> Vec<Matched<'w>> {
    // A row's sum is of what is credited: a table takes back by recomputing.
    if told.returned.is_some() || !told.counts(packed, table.offset.max(defined.offset).max(since)) {
        return Vec::new();
    }
    let text = |place: u32| packed.texts.get(place as usize).copied();
    let stated = told.details.map_or(&[][..], |details| &details.attributes);
    let texts = stated.iter().filter_map(|(name, attribute)| match attribute {
        Attribute::Text(text) => Some((*name, *text)),
        Attribute::Number(_) | Attribute::Date(_) => None,
    });
    let attributes: Vec<(&str, &str)> = texts.collect();
    let measured = taken(&defined.measure, packed, told);
    let row = |(line, value): (usize, &i128)| {
        let of = told.group.lines.get(line).filter(|_| *value != 0)?;
        let shown = Shown {
            product: text(of.product),
            geography: of.geography.and_then(text),
            segment: of.segment.and_then(text),
            kind: told.group.kind,
            attributes: &attributes,
            measured: value.saturating_mul(10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS)),
        };
        table.row_of(&shown)
    };
    let rows: Vec<Option<usize>> = measured.iter().enumerate().map(row).collect();
    // A row takes a line by all that counts of it, and sums what came.
    let counted = came(part, measured);
    let mut matched: Vec<Matched<'w>> = Vec::new();
    for (place, key) in table.keys.iter().enumerate().filter(|(place, _)| rows.contains(&Some(*place))) {
        let own = |(value, row): (&i128, &Option<usize>)| if *row == Some(place) { *value } else { 0 };
        let lines: Option<Vec<i128>> = counted.as_ref().map(|counted| counted.iter().zip(&rows).map(own).collect());
        let (whole, lines) = (whole_of(lines.as_deref()), lines.unwrap_or_default());
        matched.push(Matched { measure: &defined.measure, key, summed: true, listed: false, returned: None, lines, whole });
    }
    matched
}
