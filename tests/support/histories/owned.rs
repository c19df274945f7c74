//! Deals of a history as they are told: revisions that own their texts.

use super::*;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedSplit {
    pub payee_id: String,
    pub role: &'static str,
    pub counts: Counts,
    pub share: Share,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLine {
    pub line_id: String,
    pub product: String,
    pub geography: Option<String>,
    pub segment: Option<String>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub cost: Option<Amount>,
    pub splits: Vec<OwnedSplit>,
}

/// A deal's revision that owns its texts; what no rule reads is filled in by [`OwnedDeal::as_deal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedDeal {
    pub deal_id: String,
    pub revision: i64,
    pub status: DealStatus,
    pub change: Change,
    pub effective_on: Option<Date>,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub currency: String,
    pub kind: Option<DealKind>,
    pub customer: Option<&'static str>,
    /// In order of names.
    pub attributes: Vec<(&'static str, Attribute<'static>)>,
    pub lines: Vec<OwnedLine>,
    pub splits: Vec<OwnedSplit>,
    pub occurred_at: i64,
}

impl OwnedSplit {
    fn as_split(&self) -> Split<'_> {
        Split { payee_id: &self.payee_id, role: self.role, counts: self.counts, share: self.share }
    }
}

impl OwnedLine {
    fn as_line(&self) -> Line<'_> {
        Line {
            line_id: &self.line_id,
            product: &self.product,
            geography: self.geography.as_deref(),
            segment: self.segment.as_deref(),
            amount: self.amount,
            quantity: self.quantity,
            cost: self.cost,
            splits: self.splits.iter().map(OwnedSplit::as_split).collect(),
        }
    }
}

impl OwnedDeal {
    pub fn as_deal(&self) -> DealClosed<'_> {
        DealClosed {
            deal_id: &self.deal_id,
            revision: self.revision,
            status: self.status,
            change: self.change,
            effective_on: self.effective_on,
            closed_on: self.closed_on,
            sequence: self.sequence,
            currency: &self.currency,
            customer: self.customer,
            related_deal: None,
            kind: self.kind,
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: self.lines.iter().map(OwnedLine::as_line).collect(),
            splits: self.splits.iter().map(OwnedSplit::as_split).collect(),
            attributes: self.attributes.clone(),
            occurred_at: self.occurred_at,
        }
    }
}
