//! Which row takes a line, and which tables cannot be.

use super::*;

fn takes(conditions: &[(&str, &str)], band: Option<(i128, Option<i128>)>) -> Takes {
    let listed = |(by, values): &(&str, &str)| Listed {
        by: by.parse().unwrap(),
        values: values.split('/').filter(|value| !value.is_empty()).map(String::from).collect(),
    };
    let band = band.map(|(from, to)| Band { from, to });
    Takes { conditions: conditions.iter().map(listed).collect(), band }
}

fn lookup(rows: &[Takes]) -> Lookup {
    let rows = rows.iter().map(|takes| Row { takes: takes.clone(), rate: Rate(1) }).collect();
    Lookup { rows, otherwise: None }
}

fn line(product: &str) -> Shown<'_> {
    Shown { product: Some(product), geography: None, segment: None, kind: None, attributes: &[], measured: 0 }
}

#[test]
fn the_row_that_says_most_takes_a_line() {
    let rows = [
        takes(&[("product", "core/suite")], None),
        takes(&[("product", "suite"), ("kind", "RENEWAL")], None),
        takes(&[("attribute:industry", "public"), ("product", "suite"), ("kind", "RENEWAL")], None),
        takes(&[("geography", "emea"), ("product", "addon")], None),
        takes(&[], Some((100, Some(200)))),
        takes(&[("product", "core")], Some((100, Some(200)))),
    ];
    let public = [("industry", "public")];
    let renewal = |product: &'static str| Shown { kind: Some(DealKind::Renewal), ..line(product) };
    let cases: [(Shown<'_>, Boundary, Option<usize>); 12] = [
        (line("core"), Boundary::Upper, Some(0)),
        (line("suite"), Boundary::Upper, Some(0)),
        (renewal("suite"), Boundary::Upper, Some(1)),
        (Shown { attributes: &public, ..renewal("suite") }, Boundary::Upper, Some(2)),
        (renewal("core"), Boundary::Upper, Some(0)),
        // Without the value no condition on it holds.
        (line("addon"), Boundary::Upper, None),
        (Shown { geography: Some("emea"), ..line("addon") }, Boundary::Upper, Some(3)),
        (Shown { measured: 100, ..line("core") }, Boundary::Upper, Some(5)),
        (Shown { measured: 100, ..line("core") }, Boundary::Lower, Some(0)),
        (Shown { measured: 200, ..line("other") }, Boundary::Lower, Some(4)),
        (Shown { measured: 200, ..line("other") }, Boundary::Upper, None),
        // A credit note is looked up as what it takes back.
        (Shown { measured: -150, ..line("other") }, Boundary::Upper, Some(4)),
    ];
    for (shown, boundary, expected) in cases {
        assert_eq!(row_of(rows.iter(), &shown, boundary), expected, "{shown:?} {boundary:?}");
    }
}

#[test]
fn rows_that_say_equally_much_of_a_line_are_no_table() {
    let product = takes(&[("product", "core")], None);
    let geography = takes(&[("geography", "emea/amer")], None);
    let both = takes(&[("product", "core"), ("geography", "emea/amer/apac")], None);
    let less = takes(&[("product", "core"), ("geography", "emea")], None);
    let band = |from, to| takes(&[], Some((from, to)));
    /// Rows, and which of them is refused beside which other.
    type Table<'t> = (&'t [Takes], &'t [(usize, Option<usize>)]);
    let tables: [Table<'_>; 12] = [
        (&[product.clone(), takes(&[("product", "suite/addon")], None)], &[]),
        (&[product.clone(), takes(&[("product", "suite/core")], None)], &[(1, Some(0))]),
        (&[product.clone(), geography.clone()], &[(1, Some(0))]),
        (&[product.clone(), geography.clone(), both], &[]),
        (&[product.clone(), geography, less], &[(1, Some(0))]),
        (&[band(0, Some(10)), band(10, None)], &[]),
        (&[band(0, Some(11)), band(10, None)], &[(1, Some(0))]),
        (&[product.clone(), band(0, None)], &[(1, Some(0))]),
        (&[product, takes(&[], None)], &[(1, None)]),
        (&[takes(&[("product", "")], None)], &[(0, None)]),
        (&[takes(&[("kind", "OTHER")], None), takes(&[("product", "a/a")], None)], &[(0, None), (1, None)]),
        (&[], &[(0, None)]),
    ];
    for (rows, expected) in tables {
        let found: Vec<_> = lookup(rows).faults().into_iter().map(|fault| (fault.row, fault.tied_with)).collect();
        assert_eq!(found, expected, "{rows:?}");
    }
    let many: Vec<Takes> = (0..=MAXIMUM_ROWS).map(|row| takes(&[("product", &row.to_string())], None)).collect();
    assert_eq!(lookup(&many[1..]).faults(), []);
    assert_eq!(lookup(&many).faults()[0].message, "201 rows, not 1 to 200");
}

#[test]
fn what_a_condition_is_on_reads_as_it_is_written() {
    let named = LineKey::Attribute("industry".into());
    for key in [LineKey::Product, LineKey::Geography, LineKey::Segment, LineKey::Kind, named] {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    for text in ["", "attribute:", "attribute", "customer"] {
        let wrong = format!("\"{text}\" is not known; use product, geography, segment, kind or attribute:NAME");
        assert_eq!(text.parse::<LineKey>(), Err(wrong));
    }
}

#[test]
fn a_band_holds_another_that_reaches_no_further() {
    for (one, other, holds) in [
        ((0, None), (5, None), true),
        ((0, None), (5, Some(9)), true),
        ((5, Some(9)), (5, Some(9)), true),
        ((5, Some(9)), (6, Some(8)), true),
        ((5, Some(9)), (4, Some(9)), false),
        ((5, Some(9)), (5, Some(10)), false),
        ((5, Some(9)), (5, None), false),
    ] {
        let [band, within] = [one, other].map(|(from, to)| Band { from, to });
        assert_eq!(band.holds(&within), holds, "{one:?} {other:?}");
    }
}

#[test]
fn a_table_has_as_many_rows_and_values_as_are_allowed() {
    let rows = |count: usize| {
        let rows: Vec<_> = (0..count).map(|place| takes(&[("product", &place.to_string())], None)).collect();
        lookup(&rows).faults().into_iter().map(|fault| fault.message).collect::<Vec<_>>()
    };
    assert_eq!(rows(0), [format!("0 rows, not 1 to {MAXIMUM_ROWS}")]);
    assert!(rows(1).is_empty() && rows(MAXIMUM_ROWS).is_empty());
    assert_eq!(rows(MAXIMUM_ROWS + 1), [format!("{} rows, not 1 to {MAXIMUM_ROWS}", MAXIMUM_ROWS + 1)]);
    let values = |count: usize| {
        let values: Vec<String> = (0..count).map(|place| place.to_string()).collect();
        lookup(&[takes(&[("product", &values.join("/"))], None)])
            .faults()
            .into_iter()
            .map(|fault| fault.message)
            .collect::<Vec<_>>()
    };
    assert!(values(1).is_empty() && values(MAXIMUM_VALUES).is_empty());
    for count in [0, MAXIMUM_VALUES + 1] {
        assert_eq!(values(count), [format!("{count} values of product, not 1 to {MAXIMUM_VALUES}")]);
    }
    let below = Lookup { rows: vec![Row { takes: takes(&[("product", "core")], None), rate: Rate(-1) }], otherwise: None };
    assert!(lookup(&[takes(&[("product", "core")], None)]).faults().is_empty());
    let free = Lookup { rows: vec![Row { takes: takes(&[("product", "core")], None), rate: Rate(0) }], otherwise: None };
    assert!(free.faults().is_empty());
    assert_eq!(below.faults().into_iter().map(|fault| fault.message).collect::<Vec<_>>(), ["a rate below zero"]);
}
