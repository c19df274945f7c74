//! Deals, events and signatures of HubSpot.

use super::{told, told_by, with};
use crate::crm::signature::Webhook;
use crate::crm::{Crm, Sender};

const MAPPING: &str = include_str!("../../../examples/hubspot/deals.toml");
const OBJECTS: &str = include_str!("../../../examples/hubspot/deals.json");

const OBJECT: &str = r#"{"id":"90011","properties":{"hs_lastmodifieddate":"2026-01-20T15:00:00.412Z","dealstage":"closedwon","closedate":"2026-02-01T02:30:00Z","deal_currency_code":"EUR","dealtype":"existingbusiness","product":"analytics","amount":"60000.50","hubspot_owner_id":"51"},"archived":false}"#;

// Half past two in the morning of Greenwich is still the last of January in New York.
const DEAL: &str = r#"{"closed_on":"2026-01-31","currency":"EUR","deal_id":"90011","kind":"EXPANSION","lines":[{"amount":"60000.50","line_id":"1","product":"analytics","quantity":"1","splits":[{"counts":"REVENUE","payee_id":"ana","role":"AE","share":"100%"}]}],"occurred_at":1768921200412000,"revision":1768921200412000,"stage":"closedwon","status":"CLOSED"}"#;

const ASK: &str = r#"POST /crm/v3/objects/deals/batch/read {"inputs":[{"id":"90011"}],"properties":["amount","closedate","deal_currency_code","dealstage","dealtype","hs_lastmodifieddate","hubspot_owner_id","product"]}"#;

fn check(text: &str, wanted: &str) {
    assert_eq!(told(Crm::Hubspot, MAPPING, text), wanted, "{text}");
}

#[test]
fn an_object_is_a_revision_however_it_is_written() {
    check(OBJECT, DEAL);
    check(&format!("[{OBJECT},{OBJECT}]"), &format!("{DEAL}\n{DEAL}"));
    assert_eq!(told(Crm::Hubspot, MAPPING, OBJECTS).lines().count(), 2);
    let page = |more: &str| format!("{{\"results\":[{OBJECT}],{more}}}");
    check(&page("\"paging\":null,\"numErrors\":0,\"errors\":[]"), DEAL);
    let part = "the page goes on elsewhere: ask for all pages, and send the records of all of them as one list";
    let left_out = |name: &str| format!("the answer has {name}: see which records the CRM left out, correct it, and ask again");
    check(&page("\"paging\":{\"next\":{\"after\":\"2\"}}"), part);
    check(&page("\"numErrors\":1"), &left_out("numErrors"));
    check(&page("\"numErrors\":1,\"errors\":[{\"category\":\"OBJECT_NOT_FOUND\"}]"), &left_out("errors"));
    // As a workflow's webhook sends it: every property with where it comes from, times in milliseconds, nothing empty.
    let workflow = r#"{"portalId":62515,"dealId":90011,"isDeleted":false,"associations":{"associatedVids":[1]},"properties":{
        "hs_lastmodifieddate":{"value":"1768921200412","timestamp":1768921200412,"source":"CALCULATED","sourceId":null},
        "dealstage":{"value":"closedwon"},"closedate":{"value":"1769913000000"},"deal_currency_code":{"value":"EUR"},
        "dealtype":{"value":"existingbusiness"},"product":{"value":"analytics"},"amount":{"value":"60000.50"},
        "hubspot_owner_id":{"value":"51"},"notes":{"value":"x"}}}"#;
    check(workflow, DEAL);
    check(&with(workflow, "\"product\":{\"value\":\"analytics\"},", ""), &with(DEAL, "analytics", "none"));
    check(
        &with(workflow, "\"dealstage\":{\"value\":\"closedwon\"},", ""),
        "1:dealstage: stage: the record has no dealstage: write empty = \"...\" in the mapping if that is so where it is empty [invalid_field]\n\
         1:dealstage: status: the record has no dealstage: write empty = \"...\" in the mapping if that is so where it is empty [invalid_field]",
    );
    let table = [
        ("\"EUR\"", "null", "EUR", "USD"),
        ("\"60000.50\"", "\"\"", "60000.50", "0"),
        ("\"51\"", "\"\"", ",\"splits\":[{\"counts\":\"REVENUE\",\"payee_id\":\"ana\",\"role\":\"AE\",\"share\":\"100%\"}]", ""),
        ("2026-02-01T02:30:00Z", "2026-02-01T05:00:00Z", "2026-01-31", "2026-02-01"),
        ("2026-02-01T02:30:00Z", "2026-07-01T04:00:00Z", "2026-01-31", "2026-07-01"),
        ("2026-02-01T02:30:00Z", "2026-02-01", "2026-01-31", "2026-02-01"),
    ];
    for (old, new, was, is) in table {
        check(&with(OBJECT, old, new), &with(DEAL, was, is));
    }
}

#[test]
fn what_is_wrong_in_an_object_is_told_by_its_property() {
    let table = [
        ("\"amount\":\"60000.50\",", "", "1:amount: lines.amount: the record has no amount: ask for it [invalid_field]"),
        ("\"60000.50\"", "\"6.0E4\"", "1:amount: lines[0].amount: \"6.0E4\" is not a plain decimal number [invalid_field]"),
        (
            "\"60000.50\"",
            "\"60,000.50\"",
            "1:amount: lines[0].amount: \"60,000.50\" is not a plain decimal number [invalid_field]",
        ),
        (
            "\"51\"",
            "\"53\"",
            "1:hubspot_owner_id: splits.payee_id: \"53\" is none of those that the mapping translates: 51, 52 [invalid_field]",
        ),
        (
            "\"properties\"",
            "\"property\"",
            "1:: properties: missing: send deals as the CRM API gives them, with all that the mapping names [invalid_field]",
        ),
        ("\"90011\"", "\"\"", "1:: id: missing [invalid_field]"),
        ("\"amount\":", "\"amount\":\"1\",\"amount\":", "1:: properties.amount: twice [invalid_field]"),
        ("\"id\":", "\"id\":\"90012\",\"id\":", "1:: id: twice [invalid_field]"),
        (
            "\"archived\":false",
            "\"archived\":true",
            "1:: archivedAt: a deal that is archived needs it as a time; a deal.deletion event has it, too [invalid_field]",
        ),
    ];
    for (old, new, said) in table {
        check(&with(OBJECT, old, new), said);
    }
}

#[test]
fn line_items_are_all_there_or_the_deal_is_not_taken() {
    let mapping = with(
        MAPPING,
        "line_id = { value = \"1\" }",
        "list = \"line_items\"\nrevision = { field = \"hs_lastmodifieddate\", as = \"timestamp\" }\nline_id = { field = \"id\" }",
    );
    let mapping = with(&mapping, "product = { field = \"product\", empty = \"none\" }", "product = { field = \"hs_sku\" }");
    let item = |id: &str, at: &str| {
        format!(
            r#"{{"id":"{id}","properties":{{"hs_lastmodifieddate":"2026-01-20T15:00:{at}Z","hs_sku":"s{id}","amount":"5.00"}}}}"#
        )
    };
    let named = r#""associations":{"line items":{"results":[{"id":"2","type":"deal_to_line_item"},{"id":"1","type":"deal_to_line_item"}]}}"#;
    let whole = |items: &str| with(OBJECT, "\"archived\":false", &format!("{named},\"line_items\":{items}"));
    let deal = told(Crm::Hubspot, &mapping, &whole(&format!("[{},{}]", item("2", "01.5"), item("1", "00.1"))));
    assert!(deal.contains(r#""lines":[{"amount":"5.00","line_id":"1","product":"s1""#), "{deal}");
    assert!(deal.contains("\"revision\":1768921201500000"), "{deal}");
    let lacking = told(Crm::Hubspot, &mapping, &whole(&format!("{{\"results\":[{}]}}", item("1", "00"))));
    let said = "1:: line item 2 belongs to the deal and is not in line_items: send deal 90011 in full [not_supported]\n";
    assert!(lacking.starts_with(said), "{lacking}");
    assert!(
        lacking.ends_with("; put the deal's line_items with amount, hs_lastmodifieddate, hs_sku under line_items"),
        "{lacking}"
    );
    let lacking = told(Crm::Hubspot, &mapping, &whole("null"));
    assert!(lacking.starts_with("1:: line item 2 belongs to the deal and is not in line_items"), "{lacking}");
    let both = whole(&format!("[{},{}]", item("2", "01.5"), item("1", "00.1")));
    let more = "\"type\":\"deal_to_line_item\"}],\"paging\":{\"next\":{\"after\":\"1\"}}}";
    let lacking = told(Crm::Hubspot, &mapping, &with(&both, "\"type\":\"deal_to_line_item\"}]}", more));
    let said = "1:: the list of its line items goes on elsewhere: send deal 90011 in full [not_supported]\n";
    assert!(lacking.starts_with(said), "{lacking}");
    let none = told(Crm::Hubspot, &mapping, OBJECT);
    assert_eq!(none, "1:line_items: lines: the record has no list line_items; ask for it [invalid_field]");
}

fn event(subscription: &str, more: &str) -> String {
    format!(
        r#"{{"eventId":1,"subscriptionId":138,"portalId":33,"appId":1160452,"occurredAt":1768885200123,"subscriptionType":"{subscription}","attemptNumber":0{more}}}"#
    )
}

#[test]
fn an_event_is_a_deletion_or_names_the_deal_to_send() {
    let gone = |id: &str| {
        format!(
            r#"{{"change":"CANCELLATION","closed_on":"2026-01-20","currency":"USD","deal_id":"{id}","effective_on":"2026-01-20","lines":[{{"amount":"0","line_id":"deleted","product":"deleted","quantity":"0"}}],"occurred_at":1768885200123000,"revision":1768885200123000,"status":"CANCELLED"}}"#
        )
    };
    let deletion = event("deal.deletion", ",\"objectId\":90011");
    check(&deletion, &gone("90011"));
    check(
        &format!("[{deletion},{}]", deletion.replace("\"attemptNumber\":0", "\"attemptNumber\":1")),
        &format!("{0}\n{0}", gone("90011")),
    );
    check(&event("object.deletion", ",\"objectTypeId\":\"0-3\",\"objectId\":90011"), &gone("90011"));
    check(&with(OBJECT, "\"archived\":false", "\"archived\":true,\"archivedAt\":\"2026-01-20T05:00:00.123Z\""), &gone("90011"));
    // The two of a merge are a third one from then on, or one of them stays.
    let merge = event("deal.merge", ",\"primaryObjectId\":1,\"mergedObjectIds\":[2],\"newObjectId\":3,\"objectId\":1");
    check(&merge, &format!("{}\n{}", gone("1"), gone("2")));
    check(&merge.replace("\"newObjectId\":3", "\"newObjectId\":1"), &gone("2"));
    check(&merge.replace(",\"newObjectId\":3", ""), &gone("2"));
    for subscription in ["deal.creation", "deal.propertyChange", "deal.restore", "deal.associationChange"] {
        let part = event(subscription, ",\"objectId\":90011,\"propertyName\":\"amount\",\"propertyValue\":\"1\"");
        check(&part, &format!("1:: {subscription} says only a part: send deal 90011 in full [not_supported]\n{ASK}"));
    }
    // A request of HubSpot's takes a hundred.
    let parts = (0..201).map(|id| event("deal.creation", &format!(",\"objectId\":{id}"))).collect::<Vec<_>>();
    let said = told(Crm::Hubspot, MAPPING, &format!("[{}]", parts.join(",")));
    let asked = said.lines().last().unwrap().split("; ");
    assert!(asked.clone().all(|batch| batch.starts_with("POST /crm/v3/objects/deals/batch/read {\"inputs\":[")), "{said}");
    assert_eq!(asked.map(|batch| batch.matches("\"id\"").count()).collect::<Vec<_>>(), [100, 100, 1]);
    let table = [
        (event("deal.deletion", ""), "objectId: missing"),
        (event("deal.merge", ""), "mergedObjectIds: a merge names which deals became which one"),
        (
            event("contact.creation", ",\"objectId\":1"),
            "subscriptionType: \"contact.creation\" is not about deals: take the subscription away",
        ),
        (
            event("object.deletion", ",\"objectTypeId\":\"0-1\",\"objectId\":1"),
            "subscriptionType: \"object.deletion\" is not about deals: take the subscription away",
        ),
        (with(&deletion, "1768885200123", "\"now\""), "occurredAt: an event needs it as milliseconds since 1970"),
    ];
    for (text, said) in table {
        check(&text, &format!("1:: {said} [invalid_field]"));
    }
    // An app that is in another portal, too.
    for (portal, own) in [(33, true), (34, false)] {
        let mapping = format!("{MAPPING}\n[webhook]\nurl = \"https://x\"\nportal_id = {portal}\n");
        let said = told(Crm::Hubspot, &mapping, &deletion);
        let other = format!("1:: portalId: of portal 33, and the mapping is of {portal} [invalid_field]");
        assert_eq!(said, if own { gone("90011") } else { other });
    }
    let mapping = format!("{MAPPING}\n[webhook]\nurl = \"https://x\"\nportal_id = 33\n");
    let missing = "1:: portalId: missing: what is signed is taken of portal 33 alone; send it with the token, or with its portalId [invalid_field]";
    let table = [
        (Sender::Admitted, OBJECT.to_owned(), DEAL),
        (Sender::Signed, OBJECT.to_owned(), missing),
        (Sender::Signed, with(OBJECT, "\"id\"", "\"portalId\":33,\"id\""), DEAL),
        (Sender::Signed, with(OBJECT, "\"id\"", "\"portalId\":null,\"id\""), missing),
        (
            Sender::Signed,
            with(OBJECT, "\"id\"", "\"portalId\":34,\"id\""),
            "1:: portalId: of portal 34, and the mapping is of 33 [invalid_field]",
        ),
    ];
    for (sender, text, said) in table {
        assert_eq!(told_by(sender, Crm::Hubspot, &mapping, &text), said, "{sender:?}: {text}");
    }
    assert_eq!(told_by(Sender::Signed, Crm::Hubspot, MAPPING, OBJECT), DEAL);
    let own = with(MAPPING, "deal_id = { field = \"id\" }", "deal_id = { field = \"contract\" }");
    let said = told(Crm::Hubspot, &own, &deletion);
    assert_eq!(
        said,
        "1:: deal_id: a deletion names the id alone, and the mapping takes another field: send a CANCELLED revision [invalid_field]"
    );
    let own = with(
        MAPPING,
        "currency = { field = \"deal_currency_code\", empty = \"USD\" }",
        "currency = { field = \"deal_currency_code\" }",
    );
    let said = told(Crm::Hubspot, &own, &deletion);
    assert_eq!(
        said,
        "1:: currency: a deletion names no currency: write empty = \"USD\" beside its field in the mapping [invalid_field]"
    );
}

const SECRET: &str = "c0ffee00-1111-2222-3333-444455556666";
/// What Python's hmac makes of the decoded address, the body and the time.
const SIGNATURE: &str = "ZmryRc51Ic0BXMKOjUV1GgzbREqtyORYQqfw9o626yI=";

#[test]
fn a_signature_is_of_this_request_and_young() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let secret_file = Some(file.display().to_string());
    let url = "https://hooks.example.com/v1/crm/hubspot?a=b%3Ac%2cd#x".to_owned();
    let webhook = Webhook { url, secret_file: secret_file.clone(), secret_environment: None, portal_id: None };
    let signatures = webhook.signatures().unwrap();
    let (body, made) = ("[{\"amount\":\"1,00 \u{20ac}\"}]", 1_768_885_200_123);
    let (time, minutes) = (made.to_string(), 60_000);
    let table = [
        (SIGNATURE, time.as_str(), body, made, true),
        (SIGNATURE, &time, body, made + 5 * minutes, true),
        (SIGNATURE, &time, body, made - 5 * minutes, true),
        // Sent again by whoever saw it, or by a clock that is wrong.
        (SIGNATURE, &time, body, made + 5 * minutes + 1, false),
        (SIGNATURE, &time, body, made - 5 * minutes - 1, false),
        (SIGNATURE, "1768885200124", body, made, false),
        (SIGNATURE, "+1768885200123", body, made, false),
        (SIGNATURE, "", body, made, false),
        (SIGNATURE, "9999999999999999999999", body, made, false),
        (SIGNATURE, &time, "[]", made, false),
        ("", &time, body, made, false),
        ("AAAA", &time, body, made, false),
        ("no base64", &time, body, made, false),
        (&SIGNATURE[..43], &time, body, made, false),
    ];
    for (signature, time, body, now, admitted) in table {
        assert_eq!(signatures.admit(signature, time, body.as_bytes(), now), admitted, "{signature} {time} {body} {now}");
    }
    let address = Webhook { url: "https://hooks.example.com/v1/crm/hubspot?a=b".into(), ..webhook.clone() };
    assert!(!address.signatures().unwrap().admit(SIGNATURE, &time, body.as_bytes(), made));
    let refused = |webhook: Webhook| webhook.signatures().err().unwrap();
    let none = Webhook { secret_file: None, ..webhook.clone() };
    assert_eq!(refused(none.clone()), "[webhook] needs one of secret_file and secret_environment");
    assert_eq!(refused(Webhook { secret_environment: Some("A".into()), ..webhook.clone() }), refused(none.clone()));
    let nowhere = Webhook { secret_environment: Some("ACCRUE_NONE".into()), ..none };
    assert_eq!(refused(nowhere), "secret_environment: the environment has no ACCRUE_NONE; set it");
    let bare = Webhook { url: "hooks.example.com".into(), ..webhook.clone() };
    assert_eq!(refused(bare), "[webhook] url has to be the address as it stands in HubSpot, with https:// in front");
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(refused(webhook), "[webhook]: there is no secret in it; write the app's client secret there, as one line");
}
