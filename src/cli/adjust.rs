//! `accrue adjust`: an amount that a person adds to a payee's credit, earning or pay, or takes back whole.
//!
//! The same words again are the same adjustment: its id is made of what it says, unless one is given.

use super::append::now_microseconds;
use super::console::Console;
use super::exit::{Exit, found_error, usage_error};
use super::session::{Author, LogOptions, Session};
use crate::domain::adjustment::{AdjustmentMade, Target};
use crate::domain::calendar::Period;
use crate::domain::fact::CreditKind;
use crate::domain::money::Amount;
use crate::domain::reject::Reject;
use crate::domain::topic::{Position, Topic};
use crate::read::facts::Periods;
use crate::read::rejects::Rejects;
use crate::read::scan;
use crate::wire::Raw;
use clap::{Args, ValueEnum};
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Kind {
    Revenue,
    Overlay,
    Rolled,
    Territory,
}

const USAGE: &str = "accrue adjust [OPTIONS] --reason <TEXT> <--data <DIR>|--config <FILE>>
           <PAYEE> <PERIOD> <AMOUNT> <--pay|--earning|--credit <NAME>>
       accrue adjust [OPTIONS] --reason <TEXT> <--data <DIR>|--config <FILE>>
           <PAYEE> --reverse <ID>";

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub struct Adjust {
    /// Whose credit, earning or pay
    payee: String,
    /// The pay period that it is for, like 2026-01
    #[arg(required_unless_present = "reverse")]
    period: Option<Period>,
    /// How much; negative takes away
    #[arg(required_unless_present = "reverse", allow_negative_numbers = true, value_parser = amount)]
    amount: Option<Amount>,
    /// A line of pay under this earning code
    #[arg(long, value_name = "CODE", group = "about")]
    pay: Option<String>,
    /// What this component earned
    #[arg(long, value_name = "COMPONENT", group = "about")]
    earning: Option<String>,
    /// The sum of this measure
    #[arg(long, value_name = "MEASURE", group = "about")]
    credit: Option<String>,
    /// As which kind of credit; default: REVENUE
    #[arg(long, value_enum, hide_possible_values = true, conflicts_with_all = ["pay", "earning", "reverse"])]
    kind: Option<Kind>,
    /// Take an adjustment of the payee back instead
    #[arg(long, value_name = "ID", conflicts_with_all = ["about", "period", "amount"])]
    reverse: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who has approved it
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Its id; the same words without one are the same
    /// adjustment
    #[arg(long, verbatim_doc_comment)]
    id: Option<String>,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    author: Author,
}

fn amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}

impl Adjust {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let author = self.author.name()?;
        let session = Session::open(&self.log, console)?;
        let made = self.made(&session, author)?;
        made.check().map_err(|reject| usage_error(reject.to_string()))?;
        let mut appender = session.appender()?;
        let partition = appender.adjustment(&made)?;
        let appended = appender.flush()?;
        session.catch_up()?;
        let offset = appended.first().map_or(0, |part| part.first);
        let position = Position { topic: Topic::AdjustmentMade, partition, offset };
        let wrong = if session.has_outcomes() { word_about(&session, &made, position)? } else { None };
        session.finish()?;
        tell(console, &made, position, wrong.as_ref())?;
        if !self.log.embedded() {
            console.notice("the workers book it when they read it; accrue rejects list names what waits");
        }
        Ok(if wrong.is_some() { Exit::Found } else { Exit::Done })
    }

    fn made(&self, session: &Session, author: String) -> anyhow::Result<AdjustmentMade> {
        let known = adjustments_of(session, &self.payee)?;
        let mut made = match &self.reverse {
            Some(id) => reversal(&known, &self.payee, id)?,
            None => self.stated(session)?,
        };
        (made.author, made.reason, made.approver) = (author, self.reason.clone(), self.approver.clone());
        made.adjustment_id = self.id.clone().unwrap_or_else(|| id_of(&made));
        if known.iter().any(|other| other.says_the_same(&made) && other.is_taken_back(&known)) {
            let id = &made.adjustment_id;
            return Err(found_error(format!("adjustment \"{id}\" was taken back; give another --id to make it anew")));
        }
        made.occurred_at = now_microseconds();
        Ok(made)
    }

    fn stated(&self, session: &Session) -> anyhow::Result<AdjustmentMade> {
        let target = match (&self.pay, &self.earning, &self.credit) {
            (Some(code), ..) => Target::Pay { earning_code: code.clone() },
            (_, Some(component), _) => Target::Earning { component: component.clone() },
            (_, _, Some(measure)) => {
                Target::Credit { measure: measure.clone(), kind: self.kind.unwrap_or(Kind::Revenue).credit() }
            }
            _ => return Err(usage_error("say what it adjusts: --pay CODE, --earning COMPONENT or --credit MEASURE")),
        };
        let (Some(effective_period), Some(amount)) = (self.period, self.amount) else {
            return Err(usage_error("say for which pay period, and how much"));
        };
        let company = Periods::read(session.client(), session.codec())?.company;
        let company =
            company.ok_or_else(|| found_error("no company is published; publish its directory with `accrue publish`"))?;
        Ok(AdjustmentMade {
            adjustment_id: String::new(),
            payee_id: self.payee.clone(),
            target,
            calendar: company.calendar,
            effective_period,
            amount,
            reverses: None,
            author: String::new(),
            reason: String::new(),
            approver: None,
            occurred_at: 0,
        })
    }
}

impl Kind {
    fn credit(self) -> CreditKind {
        match self {
            Kind::Revenue => CreditKind::Revenue,
            Kind::Overlay => CreditKind::Overlay,
            Kind::Rolled => CreditKind::Rolled,
            Kind::Territory => CreditKind::Territory,
        }
    }
}

/// Every adjustment of a payee; of an id in a quarter the first, which is the one that counts.
fn adjustments_of(session: &Session, payee_id: &str) -> anyhow::Result<Vec<AdjustmentMade>> {
    let mut found: Vec<AdjustmentMade> = Vec::new();
    let named = |of: &AdjustmentMade| (of.adjustment_id.clone(), of.effective_period.quarter());
    scan::all(session.client(), Topic::AdjustmentMade, |batch, row| -> Result<(), crate::wire::WireError> {
        let mut scratch = Vec::new();
        let value = session.codec().readable(Raw::of(batch, row), &mut scratch)?;
        let made = value.map(|value| session.codec().read_adjustment(value));
        if let Some(Ok(made)) = made
            && made.payee_id == payee_id
            && !found.iter().any(|known| named(known) == named(&made))
        {
            found.push(made);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The opposite of what a payee's adjustment says.
fn reversal(known: &[AdjustmentMade], payee_id: &str, id: &str) -> anyhow::Result<AdjustmentMade> {
    let found: Vec<&AdjustmentMade> = known.iter().filter(|of| of.adjustment_id == id).collect();
    let amount = |of: &AdjustmentMade| of.amount.0.checked_neg().map(Amount);
    match found.as_slice() {
        [one] if one.reverses.is_some() => {
            Err(found_error(format!("\"{id}\" is itself a reversal; state a new adjustment instead")))
        }
        [one] => {
            let amount = amount(one).ok_or_else(|| found_error("the amount is out of range"))?;
            Ok(AdjustmentMade { amount, reverses: Some(id.into()), ..(*one).clone() })
        }
        [] => Err(found_error(format!("\"{payee_id}\" has no adjustment \"{id}\"; accrue tap adjustment-made lists them"))),
        _ => Err(found_error(format!(
            "\"{payee_id}\" has an adjustment \"{id}\" in more than one quarter; `accrue ingest` takes one that says which"
        ))),
    }
}

/// Made of all that it says: the same words are the same adjustment.
fn id_of(made: &AdjustmentMade) -> String {
    let target = match &made.target {
        Target::Credit { measure, kind } => format!("credit {kind:?} {measure}"),
        Target::Earning { component } => format!("earning {component}"),
        Target::Pay { earning_code } => format!("pay {earning_code}"),
    };
    // Field by field, and none that is absent: what another version adds to the record leaves these ids alone.
    let mut said = vec![made.payee_id.clone(), target, made.calendar.clone(), made.effective_period.to_string()];
    said.extend([made.amount.to_string(), made.author.clone(), made.reason.clone()]);
    said.extend(made.reverses.iter().map(|id| format!("reverses {id}")));
    said.extend(made.approver.iter().map(|name| format!("approved by {name}")));
    let hash = blake3::hash(said.join("\0").as_bytes()).to_hex();
    format!("by-hand-{}", &hash[..12])
}

/// The newest word about an adjustment that does not count.
fn word_about(session: &Session, made: &AdjustmentMade, position: Position) -> anyhow::Result<Option<Reject>> {
    let rejects = Rejects::read(session.client())?;
    let word = rejects.word_about(position, &made.payee_id, &[made.label()]);
    Ok(word.map(|record| record.reject.clone()))
}

fn tell(console: &Console, made: &AdjustmentMade, position: Position, wrong: Option<&Reject>) -> anyhow::Result<()> {
    if console.json {
        return console.object(&json!({
            "adjustment_id": made.adjustment_id, "payee_id": made.payee_id, "effective_period": made.effective_period.to_string(),
            "amount": made.amount.to_string(), "partition": position.partition, "offset": position.offset,
            "reason": wrong.map(|reject| reject.reason.code()), "message": wrong.map(|reject| &reject.message),
        }));
    }
    let what = match &made.target {
        Target::Credit { measure, .. } => format!("credit in {measure}"),
        Target::Earning { component } => format!("earned by {component}"),
        Target::Pay { earning_code } => format!("pay as {earning_code}"),
    };
    let (payee, period, amount) = (&made.payee_id, made.effective_period, made.amount);
    console.line(&format!("{payee}, {period}: {amount} {what}"))?;
    console.line(&format!("adjustment {}", made.adjustment_id))?;
    match wrong {
        Some(reject) if reject.reason.parks() => Ok(console.line(&format!("waits: {reject}"))?),
        Some(reject) => Ok(console.line(&format!("rejected: {reject}"))?),
        None => Ok(()),
    }
}
