//! `POST /v1/crm/salesforce` and `POST /v1/crm/hubspot`: what CRMs send, brought onto deals by a mapping; all of a request, or
//! nothing of it, answered as `POST /v1/deals` answers.
//!
//! Whoever has the token may send; HubSpot itself signs, and is told nothing about why a signature is not taken. Whether a request
//! is signed is asked before it is read.

use super::deals::{Deals, Refusal, Refused, error, no_token};
use super::{Asked, carried, deals};
use crate::crm::mapping::Mapping;
use crate::crm::signature::Signatures;
use crate::crm::{self, Crm, Sender};
use crate::wire::json::{Deal, deal_from_line};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A CRM whose deals are taken.
pub struct Producer {
    pub crm: Crm,
    pub mapping: Mapping,
    /// `None`: it signs nothing, or nobody said with what.
    pub signatures: Option<Signatures>,
}

impl Producer {
    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = i64::try_from(now).unwrap_or(i64::MAX);
        let (signature, timestamp) = (text("x-hubspot-signature-v3"), text("x-hubspot-request-timestamp"));
        self.signatures.as_ref().is_some_and(|signatures| signatures.admit(signature, timestamp, body, now_ms))
    }

    fn deals(&self, sender: Sender, body: &[u8]) -> Result<Vec<Deal>, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::Unreadable("the body is not UTF-8 text".into()))?;
        let sheet = crm::read(self.crm, &self.mapping, sender, text).map_err(Refusal::Unreadable)?;
        if !sheet.findings.is_empty() {
            return Err(Refusal::Records(sheet.findings.into_iter().map(Refused::finding).collect(), sheet.ask));
        }
        let read = |json: &str| deal_from_line(json).map_err(|reject| Refusal::Defect(reject.to_string()));
        sheet.deals.iter().map(|deal| read(&deal.json)).collect()
    }
}

pub async fn salesforce(State(asked): State<Asked>, headers: HeaderMap, body: Bytes) -> Response {
    taken(asked.salesforce, asked.deals, "--salesforce", &headers, body).await
}

pub async fn hubspot(State(asked): State<Asked>, headers: HeaderMap, body: Bytes) -> Response {
    taken(asked.hubspot, asked.deals, "--hubspot", &headers, body).await
}

async fn taken(producer: Option<Arc<Producer>>, deals: Arc<Deals>, option: &str, headers: &HeaderMap, body: Bytes) -> Response {
    let Some(producer) = producer else {
        return error(StatusCode::FORBIDDEN, &format!("no such deals are taken here; start with {option} MAPPING to take them"));
    };
    let sender = match deals.admits(headers) {
        true => Sender::Admitted,
        false if producer.signed(headers, &body) => Sender::Signed,
        false if producer.signatures.is_some() => return error(StatusCode::UNAUTHORIZED, "not admitted"),
        false => return no_token(),
    };
    let carried = carried::trace(headers);
    deals::answer(move || deals.append(&producer.deals(sender, &body)?, carried)).await
}
