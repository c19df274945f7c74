//! What a history's company counts, and what its deals say of it: costs and attributes, at times none, or of another type.

use super::*;

impl Making {
    /// A deal that does not say what is summed counts nothing, or it waits.
    pub(super) fn measure(&mut self, id: &str) -> Measure {
        let mut measure = measure(id);
        if measure.missing.is_some() && self.random.chance(30) {
            measure.missing = Some(Missing::Park);
        }
        self.by_role(measure)
    }

    /// A refused one, now and then.
    pub(super) fn refused_measure(&mut self) -> Measure {
        match self.random.below(5) {
            0 => Measure { missing: None, ..measure("margin") },
            1 => Measure { unit: None, ..measure("points") },
            2 => Measure { rate_type: Some("spot".into()), ..measure("points") },
            3 => Measure { filter: vec![wish("acv", Wanted::Number { at_least: None, below: None })], ..measure("picked") },
            _ => Measure { attribute: Some("acv".into()), ..measure("bookings") },
        }
    }

    /// What counts deals in parts is refused where they are priced one by one: tried at times.
    pub(super) fn is_priced_by_deal(&mut self, measure: &str) -> bool {
        let dated = ["billed", "received"].contains(&measure);
        let tried = dated && self.random.chance(6);
        if tried {
            self.features.count("deals in parts priced one by one");
        }
        !dated || tried
    }

    pub(super) fn used(&mut self, measure: &str) {
        self.used_by_role(measure);
        match measure {
            "margin" => self.features.count("margin"),
            "contract-value" | "points" => self.features.count("attribute summed"),
            "picked" => self.features.count("filter on attributes"),
            "billed" => self.features.count("dated by invoice"),
            "received" => self.features.count("dated by receipt"),
            _ => {}
        }
    }

    pub(super) fn cost(&mut self, amount: i128) -> Option<Amount> {
        if self.random.chance(5) {
            self.features.count("line without a cost");
            return None;
        }
        Some(Amount(amount * *self.random.pick(&[0, 1, 3, 5]) / 4 + self.random.below(3) as i128))
    }

    pub(super) fn attributes(&mut self) -> Vec<(&'static str, Attribute<'static>)> {
        let mut stated = vec![];
        if self.random.chance(94) {
            stated.push(("acv", Attribute::Number((self.random.below(9) as i128 - 2) * 333_333_333)));
        } else {
            self.features.count("deal without an attribute");
        }
        if let Some(industry) = *self.random.pick(&[None, Some(INDUSTRIES[0]), Some(INDUSTRIES[1])]) {
            stated.push(("industry", Attribute::Text(industry)));
        }
        match self.random.below(20) {
            0 => self.features.count("deal without an attribute"),
            1 => {
                self.features.count("attribute of another type");
                stated.push(("points", Attribute::Text("5")));
            }
            many => stated.push(("points", Attribute::Number(many as i128 * 500_000))),
        }
        if self.random.chance(70) {
            stated.push(("signed", Attribute::Date(Date(day(1, 1).0 + self.random.below(60) as i32))));
        }
        stated
    }
}

fn wish(attribute: &str, is: Wanted) -> AttributeCondition {
    AttributeCondition { attribute: attribute.into(), is }
}

/// Most deals hold each of them.
fn conditions() -> Vec<AttributeCondition> {
    let number = |millionths| Some(Amount(millionths));
    vec![
        wish("acv", Wanted::Number { at_least: number(-333_333_333), below: number(1_999_999_998) }),
        wish("industry", Wanted::Text(INDUSTRIES.map(String::from).to_vec())),
        wish("signed", Wanted::Date { from: Some(day(1, 5)), to: None }),
    ]
}

pub(super) fn measure(id: &str) -> Measure {
    use CreditKind::*;
    let all = Measure {
        measure_id: id.into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![Revenue, Rolled],
        deal_kinds: vec![],
        rate_type: None,
        ..Measure::default()
    };
    let attribute = |unit, name: &str| {
        let missing = Some(Missing::Nothing);
        Measure { of: MeasureOf::Attribute, attribute: Some(name.into()), unit: Some(unit), missing, ..all.clone() }
    };
    match id {
        "new-business" => Measure { deal_kinds: vec![DealKind::New], ..all },
        "suite" => Measure {
            credit_kinds: vec![Revenue, Overlay, Rolled],
            products: vec!["suite".into(), "addon".into()],
            segments: vec!["smb".into()],
            ..all
        },
        "units" => Measure { of: MeasureOf::Quantity, geographies: vec!["emea".into()], ..all },
        "deals" => Measure { of: MeasureOf::Count, products: vec!["suite".into(), "service".into()], ..all },
        "territory" => Measure { credit_kinds: vec![Revenue, Territory, Rolled], ..all },
        "margin" => Measure { of: MeasureOf::Margin, missing: Some(Missing::Nothing), ..all },
        "contract-value" => attribute(Unit::Money, "acv"),
        "points" => attribute(Unit::Number, "points"),
        "billed" => Measure { dated_by: DatedBy::Invoice, ..all },
        "received" => Measure { dated_by: DatedBy::Receipt, credit_kinds: vec![Revenue, Territory, Rolled], ..all },
        "picked" => Measure { customers: CUSTOMERS.map(String::from).to_vec(), filter: conditions(), ..all },
        "overlay" => Measure { credit_kinds: vec![Overlay], ..all },
        _ => all,
    }
}
