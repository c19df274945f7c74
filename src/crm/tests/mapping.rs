//! What is wrong in a mapping.

use super::with;
use crate::crm::mapping::Mapping;
use crate::files::deal_fields::{json_value, salesforce_id};

const MAPPING: &str = include_str!("../../../examples/salesforce/opportunities.toml");

#[test]
fn what_is_wrong_in_a_mapping_is_told_and_nothing_of_it_shown() {
    let webhook = |line: &str| format!("{MAPPING}\n[webhook]\nurl = \"https://x\"\n{line}\n");
    let table = [
        (
            with(MAPPING, "America/New_York\"  ", "Springfield\"  "),
            "line 7: \"Springfield\" is no time zone; write one like \"America/New_York\"",
        ),
        (with(MAPPING, "deal_id = {", "deal_ids = {"), "deal.deal_ids is no field of a deal: did you mean"),
        (
            with(MAPPING, "{ field = \"Product2.ProductCode\" }", "{ column = \"Product\" }"),
            "line.product needs either a field or a value",
        ),
        (
            with(MAPPING, "{ field = \"Product2.ProductCode\" }", "{ field = \"Product\", column = \"Product\" }"),
            "line.product needs either a field or a value",
        ),
        (
            with(MAPPING, "product = { value = \"none\" }\n", ""),
            "line.product is missing: write product = { field = \"...\" } or",
        ),
        (
            MAPPING.replacen(", as = \"timestamp\"", "", 1),
            "revision has to be the time of the last change: write as = \"timestamp\"",
        ),
        (
            MAPPING.replace("SystemModstamp\", as = \"timestamp\"", "SystemModstamp\""),
            "revision has to be the time of the last change",
        ),
        (with(MAPPING, "list = \"OpportunityLineItems\"", "       "), "line.revision is no field of a line"),
        (with(MAPPING, "[attributes]", "[attribute]"), "unknown field `attribute`"),
        (
            webhook("secret = \"canary-7f3a\""),
            "unknown field `secret`, expected one of `url`, `secret_file`, `secret_environment`, `portal_id`",
        ),
        (webhook("secret = \"canary-7f3a"), "invalid basic string"),
        (webhook("secret_file = [\"canary-7f3a\"]"), "invalid type: sequence, expected a string"),
    ];
    for (text, said) in table {
        let message = Mapping::parse(&text).unwrap_err();
        assert!(message.contains(said) && !message.contains("canary"), "{said}: {message}");
    }
}

#[test]
fn a_whole_number_may_have_a_fraction_of_zeros() {
    let table = [
        ("term_months", "12.0", "12"),
        ("sequence", "-3.00", "-3"),
        ("term_months", "12", "12"),
        ("term_months", "12.5", "\"12.5\""),
        ("term_months", "12.", "\"12.\""),
        ("term_months", ".0", "\".0\""),
        ("amount", "12.0", "\"12.0\""),
    ];
    for (name, text, json) in table {
        assert_eq!(json_value(name, text.into()).to_string(), json, "{name} {text}");
    }
}

#[test]
fn an_id_of_fifteen_characters_is_that_of_eighteen() {
    let table = [
        ("001D000000IRFma", Some("001D000000IRFmaIAH")),
        ("001D000000IRFmaIAH", Some("001D000000IRFmaIAH")),
        ("001D000000Iomaz", Some("001D000000IomazIAB")),
        ("000000000000000", Some("000000000000000AAA")),
        ("001D000000IRFMAIAH", None),
        ("001d000000irfmaiah", None),
        ("001D000000IRFm", None),
        ("001D000000IRFma-AH", None),
        ("001D000000IRFé", None),
        ("", None),
    ];
    for (text, id) in table {
        assert_eq!(salesforce_id(text).as_deref(), id, "{text}");
    }
}
