//! A case's file: what it uses by path, what it states inline, its events and expectations.

use super::super::calendar;
use super::super::check::check;
use super::super::codes;
use super::super::definitions::{self, CompanyDraft};
use super::super::diagnostic::Diagnostic;
use super::super::draft::{CompanyFiles, Draft};
use super::super::fields::{Fields, text_of};
use super::super::folder::read_file;
use super::super::json::from_json;
use super::super::measures;
use super::super::node::{Entry, Node, from_toml};
use super::super::people::{PayeeDraft, TARGET, currency, parameters, pay_group};
use super::super::plan::{check_range, plan};
use super::super::quotas::{Quota, QuotaDraft, amount_of};
use super::super::rates;
use super::super::source::{Findings, Located, Place};
use super::Case;
use super::events::Reader;
use super::expect;
use crate::domain::calendar::Interval;
use crate::domain::fact::{Company, PayeeRow};
use std::path::{Component, Path, PathBuf};

/// Reads a case and the files that it uses. All findings come at once, sorted.
pub fn case(path: &Path) -> Result<Case, Vec<Diagnostic>> {
    let name = path.display().to_string();
    read_case(&name, Expectations::Stated, &|path| std::fs::read_to_string(path).map_err(|error| error.to_string()))
}

/// Reads a case that states no expectations yet, for a run that writes them.
pub fn case_to_fill(path: &Path) -> Result<Case, Vec<Diagnostic>> {
    let name = path.display().to_string();
    read_case(&name, Expectations::None, &|path| std::fs::read_to_string(path).map_err(|error| error.to_string()))
}

/// Whether a case states what must come out, or cannot yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectations {
    Stated,
    None,
}

/// The same of texts that are there already: the first is the case, the others what it uses.
pub fn case_from_texts(texts: &[(&str, &str)]) -> Result<Case, Vec<Diagnostic>> {
    let name = texts.first().map_or("", |(name, _)| *name);
    read_case(name, Expectations::Stated, &|path| {
        let found = texts.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.to_string()).ok_or_else(|| "no such file".into())
    })
}

/// How a text is come by.
type ReadText<'r> = dyn Fn(&Path) -> Result<String, String> + 'r;

fn read_case(name: &str, expectations: Expectations, read: &ReadText<'_>) -> Result<Case, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let text = match read(Path::new(name)) {
        Ok(text) => text,
        Err(error) => {
            findings.add_file(name, codes::UNREADABLE_FILE, error, "a case is a file of UTF-8 text");
            return Err(findings.take());
        }
    };
    let file = findings.open(name, &text);
    let node = if name.ends_with(".json") { from_json(file, &mut findings) } else { from_toml(file, &mut findings) };
    let Some(node) = node else { return Err(findings.take()) };
    let Some(fields) = Fields::of(&node, &mut findings) else { return Err(findings.take()) };
    document(name, fields, expectations, read, findings)
}

fn document(
    name: &str,
    mut fields: Fields<'_>,
    expectations: Expectations,
    read: &ReadText<'_>,
    mut findings: Findings,
) -> Result<Case, Vec<Diagnostic>> {
    let title = fields.text("name", &mut findings);
    let mut draft = Draft::default();
    for path in fields.texts("use", &mut findings) {
        used(name, &path, read, &mut draft, &mut findings);
    }
    inline(&mut fields, &mut draft, &mut findings);
    let payees = fields.list("payees", &mut findings);
    let quotas = fields.list("quotas", &mut findings);
    let events = fields.required("events", "add events = [{ deal = \"D1\", ... }]", &mut findings).is_some();
    let events = if events { fields.list("events", &mut findings) } else { &[] };
    let expect = match expectations {
        Expectations::Stated => fields.required("expect", "add [expect] with what must come out", &mut findings),
        Expectations::None => fields.node("expect"),
    };
    if let (Expectations::None, Some(node)) = (expectations, expect) {
        findings.add(node.place, codes::DUPLICATE, "the case states expectations already", "remove them first");
    }
    fields.finish(&["adjustments", "settings"], &mut findings);
    defaults(&fields, &mut draft, &mut findings);
    let rows = payees.iter().filter_map(|item| payee(item, &mut findings)).collect::<Vec<_>>();
    draft.payees.get_or_insert_default().extend(rows);
    let calendar = draft.calendar.as_ref().map(|calendar| calendar.value.calendar_id.clone()).unwrap_or_default();
    for item in quotas {
        let Some(mut fields) = Fields::of(item, &mut findings) else { continue };
        draft.quotas.extend(quotas_of("payee", &mut fields, &calendar, &mut findings));
    }
    check(&draft, &mut findings);
    let (company, mut findings) = checked(draft, findings)?;
    let mut reader = Reader::new(&company);
    let events = reader.events(events, &mut findings);
    let expect = match expect {
        Some(node) => expect::expect(node, &company, &reader, &mut findings),
        None => (expectations == Expectations::None).then(Default::default),
    };
    match (title, expect) {
        (Some(title), Some(expect)) if findings.errors() == 0 => {
            Ok(Case { name: title.value, file: name.into(), company, events, expect })
        }
        _ => Err(findings.take()),
    }
}

/// The company of a case with every quota numbered; findings go on being collected about the same texts.
fn checked(draft: Draft, findings: Findings) -> Result<(CompanyFiles, Findings), Vec<Diagnostic>> {
    let mut company = draft.finish(findings)?;
    let mut stated: Vec<Quota> = Vec::new();
    for located in &mut company.quotas {
        located.value.revision = located.value.revision.or(Some(next_revision(&located.value, &stated)));
        stated.push(located.value.clone());
    }
    let findings = company.findings.clone();
    Ok((company, findings))
}

/// One above the newest statement about the same quota.
pub fn next_revision(quota: &Quota, stated: &[Quota]) -> i64 {
    let key = |quota: &Quota| (quota.payee_id.clone(), quota.measure.clone(), quota.interval);
    let same = stated.iter().filter(|other| key(other) == key(quota));
    same.filter_map(|other| other.revision).max().unwrap_or(0) + 1
}

/// A file that the case names, read as the file of that name in a company's directory.
fn used(case: &str, path: &Located<String>, read: &ReadText<'_>, draft: &mut Draft, findings: &mut Findings) {
    let full = normal(&Path::new(case).parent().unwrap_or(Path::new("")).join(&path.value));
    let text = match read(&full) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", full.display());
            findings.add(path.place, codes::UNREADABLE_FILE, message, "paths are relative to the case's file");
            draft.plan_missing = true;
            return;
        }
    };
    let file = findings.open(&full.display().to_string(), &text);
    let last = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let in_plans = full.parent().and_then(Path::file_name).is_some_and(|folder| folder == "plans");
    let name = if in_plans { format!("plans/{last}") } else { last };
    read_file(&name, file, draft, findings);
}

/// A path without `x/..` in it.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::ParentDir, Some(Component::Normal(_))) => drop(parts.pop()),
            (Component::CurDir, _) => {}
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

/// Definitions that stand in the case itself.
fn inline(fields: &mut Fields<'_>, draft: &mut Draft, findings: &mut Findings) {
    if let Some(node) = fields.node("company") {
        draft.company = definitions::company(node, findings);
    }
    if let Some(node) = fields.node("calendar") {
        draft.calendar = calendar::calendar(node, findings);
    }
    if let Some(node) = fields.node("territories") {
        draft.territories.table(node, findings);
    }
    for node in fields.list("rates", findings) {
        draft.rates.extend(rates::rate(node, findings));
    }
    for node in fields.list("measure", findings) {
        draft.measures.get_or_insert_default().extend(measures::measure(node, findings));
    }
    for node in fields.list("plan", findings) {
        let plan = plan(node, findings);
        draft.plan_missing |= plan.as_ref().is_none_or(|plan| plan.id.is_none());
        draft.plans.extend(plan);
    }
}

/// A case needs a calendar; a company may be left out: it pays in its plans' currency.
fn defaults(fields: &Fields<'_>, draft: &mut Draft, findings: &mut Findings) {
    let errors = findings.errors();
    let Some(calendar) = &draft.calendar else {
        if errors == 0 {
            let hint = "add calendar.toml to `use`, or a table [calendar]";
            findings.add(fields.place, codes::MISSING_KEY, "the case has no calendar", hint);
        }
        return;
    };
    if draft.company.is_some() {
        return;
    }
    let currency =
        draft.plans.iter().find_map(|plan| plan.currency.as_ref()).map_or("USD".into(), |currency| currency.value.clone());
    let company = Company {
        company_id: "case".into(),
        currency,
        calendar: calendar.value.calendar_id.clone(),
        closer_may_release: false,
        pay_rate_type: None,
    };
    draft.company = Some(CompanyDraft { company, place: fields.place, calendar_place: calendar.place, pay_rate_type: None });
}

fn payee(node: &Node, findings: &mut Findings) -> Option<PayeeDraft> {
    let mut fields = Fields::of(node, findings)?;
    let id = fields.id("id", findings)?;
    payee_row(id, fields, findings)
}

/// A row of a payee from a table; the keys are the columns of payees.csv.
pub fn payee_row(id: Located<String>, mut fields: Fields<'_>, findings: &mut Findings) -> Option<PayeeDraft> {
    let title = fields.optional_text("title", findings).map(|title| title.value).unwrap_or_default();
    let manager = fields.optional_id("manager", findings);
    let group = fields.optional_id("pay_group", findings);
    let plans = fields.texts("plans", findings);
    let from = fields.date("from", findings);
    let to = fields.optional_date("to", findings);
    let employee_ref = fields.optional_text("employee_ref", findings).map(|reference| reference.value);
    let target = fields.optional_text(TARGET, findings).map(|target| (Located::new(TARGET.to_string(), target.place), target));
    let pay_currency = fields.optional_text("pay_currency", findings).and_then(|text| currency(text, findings));
    let team = fields.optional_id("team", findings);
    let named = named(&mut fields, findings);
    let parameters = parameters(target.into_iter().chain(named), findings);
    fields.finish(super::super::modes::PAYEE_COLUMNS_NOT_BUILT, findings);
    check_range(&from, &to, findings);
    let row = PayeeRow {
        from: from.as_ref()?.value,
        to: to.map(|to| to.value),
        title,
        manager: manager.as_ref().map(|manager| manager.value.clone()),
        pay_group: pay_group(group, findings),
        plans: plans.iter().map(|plan| plan.value.clone()).collect(),
        employee_ref,
        parameters,
        pay_currency: pay_currency.as_ref().map(|currency| currency.value.clone()),
        team: team.as_ref().map(|team| team.value.clone()),
    };
    Some(PayeeDraft { id, manager, plans, from_place: from?.place, pay_currency, team, row: Some(row) })
}

/// The amounts of the table `parameter`, by name.
fn named(fields: &mut Fields<'_>, findings: &mut Findings) -> Vec<(Located<String>, Located<String>)> {
    let Some(node) = fields.node("parameter") else { return Vec::new() };
    let Some(table) = Fields::of(node, findings) else { return Vec::new() };
    let amount =
        |entry: &Entry| Some((Located::new(entry.key.clone(), entry.key_place), text_of(&entry.node, &entry.key, findings)?));
    table.others().filter_map(amount).collect()
}

/// Quotas of one table: `payee` (or `quota` in an event), `interval`, and an amount for each measure by name.
pub fn quotas_of(payee: &'static str, fields: &mut Fields<'_>, calendar: &str, findings: &mut Findings) -> Vec<QuotaDraft> {
    let payee = fields.id(payee, findings);
    let interval = fields.parsed("interval", codes::BAD_DATE, str::parse::<Interval>, findings);
    let applies_from = fields.optional_date("applies_from", findings);
    let revision = fields.optional_integer("revision", findings).map(|revision| revision.value);
    let (Some(payee), Some(interval)) = (payee, interval) else { return Vec::new() };
    let mut drafts = Vec::new();
    for entry in fields.others() {
        let Some(amount) = text_of(&entry.node, &entry.key, findings) else { continue };
        let withdrawn = amount.value == "withdrawn";
        let amount = if withdrawn { None } else { amount_of(amount, findings) };
        if withdrawn || amount.is_some() {
            let quota = Quota {
                payee_id: payee.value.clone(),
                measure: entry.key.clone(),
                calendar: calendar.into(),
                interval: interval.value,
                amount: amount.map(|amount| amount.value),
                applies_from: applies_from.as_ref().map(|date| date.value),
                revision,
            };
            drafts.push(draft(quota, &payee, entry.key_place, &interval, applies_from.clone()));
        }
    }
    drafts
}

fn draft(
    quota: Quota,
    payee: &Located<String>,
    measure: Place,
    interval: &Located<Interval>,
    applies_from: Option<Located<crate::domain::calendar::Date>>,
) -> QuotaDraft {
    QuotaDraft {
        payee: payee.clone(),
        measure: Located::new(quota.measure.clone(), measure),
        calendar: Located::new(quota.calendar.clone(), payee.place),
        interval: interval.clone(),
        applies_from,
        quota,
    }
}
