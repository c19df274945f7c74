//! `pay_currency` of payees and `pay_rate_type` of the company: what is refused, what is warned of, what is published.

use super::super::{Current, Record, changes};
use super::{COMPANY, brief, shown};
use crate::domain::fact::FactBody;
use crate::files::CompanyFiles;

const RATES: &str = "rate_type,from_currency,to_currency,from,rate,max_age_days\npay,USD,GBP,2026-01-01,0.74,30\n";

/// The small company with these payees and what stands behind the rest of `company.toml`; with rates, or none.
fn read(company: &str, payees: &str, rates: &str) -> Result<CompanyFiles, String> {
    let rows: String = payees.lines().map(|row| format!("{row}\n")).collect();
    let payees = format!("id,title,manager,pay_group,plans,from,to,pay_currency\nmia,Manager,,default,,2026-01-01,,\n{rows}");
    let texts = [
        ("company.toml", format!("{COMPANY}{company}")),
        ("calendar.toml", super::CALENDAR.into()),
        ("measures.toml", super::MEASURES.into()),
        (super::PLAN_FILE, super::PLAN.into()),
        ("payees.csv", payees),
        ("quotas.csv", super::QUOTAS.into()),
        ("rates.csv", rates.into()),
    ];
    let stated = texts.iter().filter(|(_, text)| !text.is_empty());
    let texts: Vec<(&str, &str)> = stated.map(|(name, text)| (*name, text.as_str())).collect();
    crate::files::company_from_texts(&texts).map_err(|found| brief(&found))
}

const ANA: &str = "ana,Rep,mia,default,ae,2026-01-01,,GBP";
const TYPE: &str = "pay_rate_type = \"pay\"\n";

#[test]
fn a_payee_has_one_currency_that_a_rate_converts() {
    let check = |company: &str, payees: &str, rates: &str, expected: &str| {
        let found = read(company, payees, rates).map_or_else(|found| found, |files| brief(&files.warnings));
        assert_eq!(found, expected, "{company}{payees}");
    };
    check(TYPE, ANA, RATES, "");
    check("", ANA, RATES, "payees.csv:3:36: missing-key: \"ana\" is paid in GBP, and the company names no `pay_rate_type`\n");
    check(
        TYPE,
        &ANA.replace("GBP", "pound"),
        RATES,
        "payees.csv:3:36: unknown-currency: \"pound\" is not an ISO 4217 currency code\n",
    );
    let two = "ana,Rep,mia,default,ae,2026-01-01,2026-02-01,GBP\nana,Rep,mia,default,ae,2026-02-01,,EUR";
    let refused =
        "payees.csv:4:36: not-supported: pay of \"ana\" that changes from GBP to EUR is not supported by this version\n";
    check(TYPE, two, RATES, refused);
    let home = two.replace("EUR", "");
    let refused =
        "payees.csv:4:24: not-supported: pay of \"ana\" that changes from GBP to USD is not supported by this version\n";
    check(TYPE, &home, RATES, refused);
    // The company's own currency needs no rate, stated or not.
    check("", &two.replace("GBP", "USD").replace("EUR", ""), RATES, "");
    let none = "payees.csv:3:36: no-pay-rate: no \"pay\" rate from USD to EUR is stated\n";
    check(TYPE, &ANA.replace("GBP", "EUR"), RATES, none);
    let other = "company.toml:5:17: unknown-rate-type: no rate of the type \"month\" is stated\n";
    check("pay_rate_type = \"month\"\n", ANA, RATES, other);
    let empty = "company.toml:5:17: bad-id: `pay_rate_type`: empty\n";
    check("pay_rate_type = \"\"\n", &ANA.replace("GBP", ""), RATES, empty);
    let inverted = RATES.replace("USD,GBP", "GBP,USD");
    let converts = "measures.toml:2:6: no-rate-type: measure \"sales\" converts nothing\n";
    let none = none.replace("EUR", "GBP");
    check(TYPE, ANA, &inverted, &format!("{converts}{none}"));
    let twice = format!("{RATES}pay,USD,GBP,2026-01-01,0.75,30\n");
    check(TYPE, ANA, &twice, "rates.csv:3:13: duplicate: the \"pay\" rate of USD in GBP from 2026-01-01 is there twice\n");
}

/// What is published of a company, and what a change of it would append or be refused with.
#[test]
fn pay_stays_in_its_currency_once_a_close_may_have_paid() {
    let plain = read("", &ANA.replace("GBP", ""), "").unwrap_or_else(|found| panic!("{found}"));
    let mut current = Current::default();
    for change in changes(&plain, &current).unwrap_or_else(|found| panic!("{}", shown(&found))) {
        match change.record {
            Record::Fact(FactBody::CompanyDefined(company)) => current.company = Some(company),
            Record::Fact(FactBody::CalendarDefined(calendar)) => current.calendar = Some(calendar),
            Record::Fact(FactBody::PayeeDefined(payee)) => drop(current.payees.insert(payee.payee_id.clone(), payee)),
            _ => {}
        }
    }
    let pounds = read(TYPE, ANA, RATES).unwrap_or_else(|found| panic!("{found}"));
    let list = changes(&pounds, &current).unwrap_or_else(|found| panic!("{}", shown(&found)));
    let words: Vec<&str> = list.iter().map(|change| change.description.as_str()).collect();
    let expected = ["company small: pay converts at pay rates", "pay rates from USD to GBP: 0.74 from 2026-01-01"];
    assert_eq!((&words[..2], words.contains(&"payee ana: row from 2026-01-01")), (&expected[..], true), "{words:?}");
    current.paid.insert("ana".into());
    let refused = "payees.csv:3:1: cannot-change: a close may have paid \"ana\" in USD: pay in GBP cannot follow\n";
    assert_eq!(brief(&changes(&pounds, &current).unwrap_err()), refused);
    // Together with a published row that the file does not mention.
    let later = ANA.replace("2026-01-01,", "2026-03-01,");
    let later = read(TYPE, &later, RATES).unwrap_or_else(|found| panic!("{found}"));
    let row = &mut current.payees.get_mut("ana").unwrap().rows[0];
    row.to = "2026-03-01".parse().ok();
    let refused = "payees.csv:3:1: not-supported: pay of \"ana\" that changes from USD to GBP is not supported by this version\n";
    assert_eq!(brief(&changes(&later, &current).unwrap_err()), refused);
}
