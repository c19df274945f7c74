//! Opportunities and change events of Salesforce.

use super::{told, with};
use crate::crm::Crm;

/// Of an opportunity's own fields.
const SMALL: &str = r#"
time_zone = "America/New_York"
[deal]
deal_id = { field = "Id" }
revision = { field = "LastModifiedDate", as = "timestamp" }
status = { field = "StageName", is = { Won = "CLOSED" }, otherwise = "OPEN" }
closed_on = { field = "CloseDate" }
currency = { field = "CurrencyIsoCode", empty = "USD" }
customer = { field = "Account.Name" }
[line]
line_id = { value = "1" }
product = { value = "p" }
amount = { field = "Amount" }
quantity = { value = "1" }
[[split]]
payee_id = { field = "OwnerId", is = { "0055g000000AbCdAAK" = "ana" } }
role = { value = "AE" }
counts = { value = "REVENUE" }
share = { value = "100%" }
"#;

const RECORD: &str = r#"{"attributes":{"type":"Opportunity"},"Id":"0065g00000XyZabAAF","LastModifiedDate":"2026-01-20T15:00:00.000+0000","StageName":"Won","CloseDate":"2026-01-20","CurrencyIsoCode":"EUR","Account":{"Name":"Acme"},"Amount":60000.10,"OwnerId":"0055g000000AbCdAAK"}"#;

const DEAL: &str = r#"{"closed_on":"2026-01-20","currency":"EUR","customer":"Acme","deal_id":"0065g00000XyZabAAF","lines":[{"amount":"60000.10","line_id":"1","product":"p","quantity":"1","splits":[{"counts":"REVENUE","payee_id":"ana","role":"AE","share":"100%"}]}],"occurred_at":1768921200000000,"revision":1768921200000000,"status":"CLOSED"}"#;

const QUERY: &str = "SELECT Account.Name, Amount, CloseDate, CurrencyIsoCode, Id, LastModifiedDate, OwnerId, StageName FROM Opportunity WHERE Id IN ('0065g00000XyZabAAF')";

fn check(text: &str, wanted: &str) {
    assert_eq!(told(Crm::Salesforce, SMALL, text), wanted, "{text}");
}

#[test]
fn a_record_is_a_revision_however_it_is_written() {
    check(RECORD, DEAL);
    let page = format!(r#"{{"totalSize":2,"done":true,"nextRecordsUrl":null,"records":[{RECORD},{RECORD}]}}"#);
    check(&page, &format!("{DEAL}\n{DEAL}"));
    let part = "the page goes on elsewhere: ask for all pages, and send the records of all of them as one list";
    check(&with(&page, "true", "false"), part);
    check(&with(&page, "null", "\"/x\""), part);
    check(&format!("{RECORD}\n{}", with(&page, "true", "false")), part);
    check(&with(&page, "\"totalSize\":2", "\"records\":[]"), "the page has records twice");
    check(&format!("{RECORD}\n{RECORD}\n"), &format!("{DEAL}\n{DEAL}"));
    let table = [
        // The id of 15 characters, and time in other forms.
        ("0065g00000XyZabAAF", "0065g00000XyZab", "", ""),
        ("2026-01-20T15:00:00.000+0000", "2026-01-20T10:00:00-05:00", "", ""),
        ("\"2026-01-20T15:00:00.000+0000\"", "1768921200000", "", ""),
        // Numbers are read digit by digit.
        ("60000.10", "6.000010E4", "60000.10", "60000.1"),
        ("60000.10", "1.23456789E7", "60000.10", "12345678.9"),
        ("60000.10", "12345678901234567.123456", "60000.10", "12345678901234567.123456"),
        ("60000.10", "-5E-1", "60000.10", "-0.5"),
        ("60000.10", "1.0E7", "60000.10", "10000000"),
        // What is empty.
        ("{\"Name\":\"Acme\"}", "null", "\"customer\":\"Acme\",", ""),
        ("\"EUR\"", "null", "\"EUR\"", "\"USD\""),
        ("\"EUR\"", "\"\"", "\"EUR\"", "\"USD\""),
        ("\"Won\"", "null", ",\"status\":\"CLOSED\"", ""),
        ("\"Won\"", "\"Lost on price\"", "CLOSED", "OPEN"),
        (
            "\"0055g000000AbCdAAK\"",
            "null",
            ",\"splits\":[{\"counts\":\"REVENUE\",\"payee_id\":\"ana\",\"role\":\"AE\",\"share\":\"100%\"}]",
            "",
        ),
    ];
    for (old, new, was, is) in table {
        let wanted = if was.is_empty() { DEAL.into() } else { with(DEAL, was, is) };
        check(&with(RECORD, old, new), &wanted);
    }
}

#[test]
fn what_is_wrong_in_a_record_is_told_by_its_field() {
    let table = [
        (",\"Amount\":60000.10", "", "1:Amount: lines.amount: the record has no Amount: ask for it [invalid_field]"),
        (
            ",\"CurrencyIsoCode\":\"EUR\"",
            "",
            "1:CurrencyIsoCode: currency: the record has no CurrencyIsoCode: ask for it [invalid_field]",
        ),
        ("{\"Name\":\"Acme\"}", "{}", "1:Account.Name: customer: the record has no Account.Name: ask for it [invalid_field]"),
        (
            "\"2026-01-20T15:00:00.000+0000\"",
            "null",
            "1:LastModifiedDate: revision: LastModifiedDate is empty, and says when the record was changed [invalid_field]",
        ),
        ("60000.10", "null", "1:Amount: lines[0].amount: missing [invalid_field]"),
        (
            "60000.10",
            "\"USD 60,000.10\"",
            "1:Amount: lines[0].amount: \"USD 60,000.10\" is not a plain decimal number [invalid_field]",
        ),
        ("60000.10", "60000.1234567", "1:Amount: lines[0].amount: \"60000.1234567\" has more than 6 decimals [invalid_field]"),
        ("60000.10", "1E41", "1:Amount: lines.amount: Amount is no text, number or truth value [invalid_field]"),
        ("60000.10", "[1]", "1:Amount: lines.amount: Amount is no text, number or truth value [invalid_field]"),
        (
            "\"2026-01-20\"",
            "1768867200000",
            "1:CloseDate: closed_on: \"1768867200000\" is not a date like 2026-01-31 [invalid_field]",
        ),
        (
            "2026-01-20T15:00:00.000+0000",
            "2026-01-20T15:00:00",
            "1:LastModifiedDate: revision: \"2026-01-20T15:00:00\" is not written as the mapping says, like 2026-01-31T09:30:00Z [invalid_field]",
        ),
        (
            "\"2026-01-20T15:00:00.000+0000\"",
            "1768921200",
            "1:LastModifiedDate: revision: \"1768921200\" is not written as the mapping says, like 2026-01-31T09:30:00Z [invalid_field]",
        ),
        (
            "0055g000000AbCdAAK",
            "0055g000000ZZZZAA4",
            "1:OwnerId: splits.payee_id: \"0055g000000ZZZZAA4\" is none of those that the mapping translates: 0055g000000AbCdAAK [invalid_field]",
        ),
        ("0065g00000XyZabAAF", "0065g00000XyZabAAA", "1:: Id: \"0065g00000XyZabAAA\" is no id of Salesforce [invalid_field]"),
        ("0065g00000XyZabAAF", "006'); --", "1:: Id: \"006'); --\" is no id of Salesforce [invalid_field]"),
        (
            "\"Id\":\"0065g00000XyZabAAF\",",
            "",
            "1:: Id: missing: send records as the REST API answers them, or change events with their header [invalid_field]",
        ),
        (
            "\"Opportunity\"",
            "\"Account\"",
            "1:: attributes.type: a record of Account: send opportunities, with what is under them [invalid_field]",
        ),
        ("\"Amount\":", "\"Amount\":1,\"Amount\":", "1:: Amount: twice [invalid_field]"),
        ("\"Amount\":", "\"\\u0041mount\":1,\"Amount\":", "1:: Amount: twice [invalid_field]"),
        ("\"Name\":", "\"Name\":1,\"Name\":", "1:: Account.Name: twice [invalid_field]"),
        ("EUR", "Euro", "1:CurrencyIsoCode: currency: \"Euro\" is not an ISO 4217 currency code [invalid_field]"),
    ];
    for (old, new, said) in table {
        let text = with(RECORD, old, new);
        assert_eq!(told(Crm::Salesforce, SMALL, &text).lines().last(), Some(said), "{text}");
    }
    check("[]", "no record: send one as a JSON object, or several in a list");
    check(" ", "no record: send one as a JSON object, or several in a list");
    check("deal", "not JSON: expected value at line 1 column 1");
    check("[1, ", "not JSON: EOF while parsing a value at line 1 column 4");
    check("[1]", "1:: not a JSON object [invalid_field]");
    let deep = with(RECORD, "60000.10", &format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000)));
    let said = told(Crm::Salesforce, SMALL, &deep);
    assert!(said.ends_with("[0]: nested more than 32 deep: send the record alone [invalid_field]"), "{said}");
    check(&format!("[{}1]", "1,".repeat(100_000)), "100001 records, more than 100000: send them in parts");
}

fn event(change: &str, ids: &str, fields: &str) -> String {
    format!(
        r#"{{"data":{{"schema":"x","payload":{{"ChangeEventHeader":{{"commitNumber":65824693172,"commitUser":"0055g000000AbCdAAK","sequenceNumber":1,"entityName":"Opportunity","changeType":"{change}","changedFields":[],"changeOrigin":"","transactionKey":"000046c7-a642-11e2-c29b-229c6786473e","commitTimestamp":1768885200123,"recordIds":[{ids}]}}{fields}}},"event":{{"replayId":6}}}},"channel":"/data/OpportunityChangeEvent"}}"#
    )
}

const ONE: &str = "\"0065g00000XyZabAAF\"";

#[test]
fn an_event_is_taken_where_it_says_everything() {
    // At 2026-01-20T05:00:00.123Z it is the 20th in New York since one second ago.
    let gone = r#"{"change":"CANCELLATION","closed_on":"2026-01-20","currency":"USD","deal_id":"0065g00000XyZabAAF","effective_on":"2026-01-20","lines":[{"amount":"0","line_id":"deleted","product":"deleted","quantity":"0"}],"occurred_at":1768885200123000,"revision":1768885200123000,"status":"CANCELLED"}"#;
    let other = with(gone, "0065g00000XyZabAAF", "0065g00000XyZacAAF");
    check(&event("DELETE", ONE, ""), gone);
    check(&event("GAP_DELETE", ONE, ""), gone);
    check(
        &with(&event("DELETE", ONE, ""), "\"commitNumber\"", "\"changeType\":\"UPDATE\",\"commitNumber\""),
        "1:: data.payload.ChangeEventHeader.changeType: twice [invalid_field]",
    );
    check(
        &with(&event("DELETE", ONE, ""), "1768885200123", "1768885199123"),
        &gone.replace("2026-01-20", "2026-01-19").replace("5200123000", "5199123000"),
    );
    check(&event("DELETE", "\"0065g00000XyZab\",\"0065g00000XyZac\"", ""), &format!("{gone}\n{other}"));
    // The same without the wrapping, as the Pub/Sub API has it, and a record of the recycle bin.
    let bare = event("DELETE", ONE, "");
    let bare = &bare[bare.find("{\"ChangeEventHeader").unwrap()..bare.find(",\"event\"").unwrap()];
    check(bare, gone);
    // As EventBridge relays it, and in more than anybody wraps it.
    check(&format!("{{\"detail\":{{\"payload\":{bare}}}}}"), gone);
    let deep = "{\"data\":".repeat(4) + bare + &"}".repeat(4);
    check(
        &deep,
        "1:: Id: missing: send records as the REST API answers them, or change events with their header [invalid_field]",
    );
    // An hour before New York puts its clocks forward; elsewhere it is the evening of that day, or of the one before.
    let moved = with(&event("DELETE", ONE, ""), "1768885200123", "1772949600000");
    for (zone, day) in
        [("America/New_York", "2026-03-08"), ("Pacific/Auckland", "2026-03-08"), ("America/Los_Angeles", "2026-03-07")]
    {
        let wanted = gone.replace("2026-01-20", day).replace("1768885200123000", "1772949600000000");
        assert_eq!(told(Crm::Salesforce, &with(SMALL, "America/New_York", zone), &moved), wanted, "{zone}");
    }
    let binned = with(RECORD, "\"Id\"", "\"IsDeleted\":true,\"SystemModstamp\":\"2026-01-20T05:00:00.123Z\",\"Id\"");
    check(&binned, gone);

    let fields = r#","LastModifiedDate":"2026-01-20T15:00:00.000Z","StageName":"Won","CloseDate":"2026-01-20","CurrencyIsoCode":"EUR","Amount":60000.10,"OwnerId":"0055g000000AbCdAAK""#;
    let own = SMALL.replace("customer = { field = \"Account.Name\" }\n", "");
    let whole = with(DEAL, "\"customer\":\"Acme\",", "");
    for change in ["CREATE", "UNDELETE"] {
        assert_eq!(told(Crm::Salesforce, &own, &event(change, ONE, fields)), whole, "{change}");
    }
    // An event leaves out what is empty: the mapping says whether it may.
    let without = fields.replace(",\"CurrencyIsoCode\":\"EUR\"", "");
    assert_eq!(told(Crm::Salesforce, &own, &event("CREATE", ONE, &without)), with(&whole, "EUR", "USD"));
    // What is wrong in it is wrong however it is sent.
    let wrong = fields.replace("0055g", "0056g");
    let said = told(Crm::Salesforce, &own, &event("CREATE", ONE, &wrong));
    assert!(said.starts_with("1:OwnerId: splits.payee_id: \"0056g000000AbCdAAK\" is none of those"), "{said}");
}

#[test]
fn an_event_that_says_a_part_names_the_record_to_send() {
    let part = |why: &str| format!("1:: {why}: send deal 0065g00000XyZabAAF in full [not_supported]\n{QUERY}");
    let table = [
        (event("UPDATE", ONE, ",\"Amount\":null"), part("an UPDATE says only what changed")),
        (event("GAP_CREATE", ONE, ""), part("GAP_CREATE says only that something changed")),
        (event("GAP_UPDATE", ONE, ""), part("GAP_UPDATE says only that something changed")),
        (event("GAP_UNDELETE", ONE, ""), part("GAP_UNDELETE says only that something changed")),
        // No event has fields of another record, nor those of a formula.
        (
            event("CREATE", ONE, ",\"CloseDate\":\"2026-01-20\""),
            part("the event has no CurrencyIsoCode, which the mapping names")
                .replace("CurrencyIsoCode, which", "Account.Name, which"),
        ),
    ];
    for (text, said) in table {
        check(&text, &said);
    }
    let two = told(Crm::Salesforce, SMALL, &event("UPDATE", "\"0065g00000XyZac\",\"0065g00000XyZabAAF\"", ""));
    assert!(two.starts_with("1:: an UPDATE says only what changed: send deal 0065g00000XyZacAAF in full"), "{two}");
    assert!(two.ends_with("Id IN ('0065g00000XyZabAAF', '0065g00000XyZacAAF')"), "{two}");
    let two = told(Crm::Salesforce, SMALL, &event("UNDELETE", "\"0065g00000XyZac\",\"0065g00000XyZabAAF\"", ""));
    assert!(two.contains("one event of several records: send deal 0065g00000XyZabAAF in full"), "{two}");
    let table = [
        (event("UPDATE", "\"006*\"", ""), "recordIds: the event is about every opportunity: send all of them in full"),
        (event("UPDATE", "", ""), "recordIds: the event names no record"),
        (event("UPDATE", "\"x\"", ""), "recordIds: \"x\" is no id of Salesforce"),
        (
            event("GAP_OVERFLOW", "\"000000000000000\"", ""),
            "changeType: GAP_OVERFLOW says that events were left out: send all opportunities in full",
        ),
        (event("SNAPSHOT", ONE, ""), "changeType: \"SNAPSHOT\" is none of CREATE, UPDATE, DELETE, UNDELETE and GAP_*"),
        (
            with(&event("DELETE", ONE, ""), "1768885200123", "null"),
            "commitTimestamp: a deletion needs it as milliseconds since 1970",
        ),
        (
            with(&event("UPDATE", ONE, ""), "\"Opportunity\"", "\"OpportunitySplit\""),
            "entityName: an event of \"OpportunitySplit\": subscribe to OpportunityChangeEvent, and send the opportunity in full when a record under it changes",
        ),
    ];
    for (text, said) in table {
        check(&text, &format!("1:: {said} [invalid_field]"));
    }
}

const MAPPING: &str = include_str!("../../../examples/salesforce/opportunities.toml");
const RECORDS: &str = include_str!("../../../examples/salesforce/opportunities.json");

#[test]
fn lines_and_splits_come_from_lists_in_an_order_of_their_own() {
    let told = |records: &str| told(Crm::Salesforce, MAPPING, records);
    let both = told(RECORDS);
    let splits = r#""splits":[{"counts":"REVENUE","payee_id":"ana","role":"AE","share":"60.0%"},{"counts":"REVENUE","payee_id":"ben","role":"AE","share":"40.0%"},{"counts":"OVERLAY","payee_id":"sam","role":"SE","share":"100.0%"}]"#;
    let lines = format!(
        r#""lines":[{{"amount":"12060000","line_id":"00k5g000003AbCdAAK","product":"analytics","quantity":"120.0",{splits}}},{{"amount":"-500.0","line_id":"00k5g000003AbCeAAK","product":"platform","quantity":"1.0",{splits}}}]"#
    );
    let (first, second) = both.split_once('\n').unwrap();
    assert!(first.contains(&lines), "{first}");
    // A split was changed last: at 15:00:07.
    assert!(first.contains("\"revision\":1768921207000000"), "{first}");
    assert!(second.contains(r#""lines":[{"amount":"0","line_id":"1","product":"none","quantity":"1""#), "{second}");
    let table = [
        (
            "\"totalSize\": 3, \"done\": true",
            "\"totalSize\": 3, \"done\": false",
            "1:OpportunitySplits: splits: OpportunitySplits goes on elsewhere: the record has to have all of it [invalid_field]",
        ),
        (
            "\"OpportunityLineItems\": null,",
            "",
            "2:OpportunityLineItems: lines: the record has no list OpportunityLineItems; ask for it [invalid_field]",
        ),
        (
            "\"OpportunityLineItems\": null,",
            "\"OpportunityLineItems\": 7,",
            "2:OpportunityLineItems: lines: OpportunityLineItems is no list of records [invalid_field]",
        ),
        ("40.0", "39.0", "1:: lines[0]: REVENUE shares total 99 %, not 100 % [splits_not_whole]"),
        (
            "40.0",
            "40.00001",
            "1:SplitPercentage: lines[0].splits[1].share: \"40.00001\" has more than 4 decimals [invalid_field]",
        ),
    ];
    for (old, new, said) in table {
        let found = told(&with(RECORDS, old, new));
        assert_eq!(found.lines().last(), Some(said), "{found}");
    }
    // Not one split more than a deal may have, before they stand on every line.
    let list = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let stamp = r#""SystemModstamp":"2026-01-20T15:00:00Z""#;
    let line = |at: usize| format!(r#"{{"Id":"l{at}",{stamp},"Product2":{{"ProductCode":"p"}},"TotalPrice":1,"Quantity":1}}"#);
    let split = |_: usize| {
        let revenue = r#""SplitType":{"DeveloperName":"Revenue"}"#;
        format!(r#"{{{stamp},"SplitOwner":{{"Username":"ana@harbour.example"}},"SplitPercentage":1,{revenue}}}"#)
    };
    let (lines, splits) = (format!("\"OpportunityLineItems\":[{}],", list(1_001, &line)), list(101, &split));
    let many = with(RECORDS, "\"OpportunityLineItems\": null,", &lines);
    let first = r#"{"attributes": {"type": "OpportunitySplit"}, "Id": "1Nf5g0000004AbfCAE""#;
    let many = with(&many, first, &format!("{splits},{first}"));
    assert_eq!(
        told(&many),
        "2:OpportunityLineItems: lines: 1001 lines, more than 1000 [invalid_field]\n\
         2:OpportunitySplits: splits: 102 splits, more than 100 [invalid_field]"
    );
    // Four fields are missing on each of a thousand lines.
    let empty = format!("\"OpportunityLineItems\":[{}],", list(1_000, &|_: usize| "{}".to_owned()));
    let empty = with(RECORDS, "\"OpportunityLineItems\": null,", &empty);
    assert_eq!(told(&empty).lines().count(), 100);
    let ask = told(&event("UPDATE", ONE, ""));
    let query = "SELECT Account.Name, Amount, Campaign.Name, CloseDate, CurrencyIsoCode, Id, StageName, SystemModstamp, Type, (SELECT Id, Product2.ProductCode, Quantity, SystemModstamp, TotalPrice FROM OpportunityLineItems), (SELECT Id, SplitOwner.Username, SplitPercentage, SplitType.DeveloperName, SystemModstamp FROM OpportunitySplits) FROM Opportunity WHERE Id IN ('0065g00000XyZabAAF')";
    assert_eq!(ask.lines().last(), Some(query));
}
