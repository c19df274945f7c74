//! `POST /v1/deals`: deals from whoever has the token, as `accrue ingest` takes them; all of a request, or nothing of it.
//!
//! A body is one deal or a list of them. What CRMs send is read by `crm`, and goes on here. The answer says where each of them lies; what becomes of it there is the
//! fold's. The same deal sent again is a duplicate for the fold, so that a request whose answer was lost is sent again.

use super::carried;
use crate::append::Appender;
use crate::domain::reject::Reject;
use crate::domain::topic::Topic;
use crate::files::deal_fields::Finding;
use crate::log::{Client, LogError};
use crate::wire::Codec;
use crate::wire::envelope::Headers;
use crate::wire::json::{Deal, deal_from_line};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The shortest token that is taken.
const TOKEN_BYTES: usize = 16;
const NOTHING: &str = "nothing of the request is appended";

/// What deals are taken with.
pub struct Deals {
    client: Arc<dyn Client>,
    codec: Arc<Codec>,
    maximum_record_bytes: usize,
    /// Hashes are compared in constant time. `None`: no token admits anybody.
    token: Option<blake3::Hash>,
}

/// Where a deal lies.
#[derive(Debug, Serialize)]
pub(super) struct Placed {
    deal_id: String,
    revision: i64,
    partition: u32,
    offset: u64,
}

/// What is wrong with a deal of a request.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    /// Its place in the list.
    at: usize,
    /// What the CRM calls the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    field: String,
    reason: &'static str,
    message: String,
}

/// Why a request is not taken.
pub(super) enum Refusal {
    Unreadable(String),
    Deals(Vec<Refused>),
    /// And what the CRM is to be asked for.
    Records(Vec<Refused>, String),
    Log(LogError),
    Defect(String),
}

impl Deals {
    pub fn new(
        client: Arc<dyn Client>,
        codec: Arc<Codec>,
        maximum_record_bytes: usize,
        token: Option<&str>,
    ) -> Result<Deals, String> {
        if token.is_some_and(|token| token.len() < TOKEN_BYTES) {
            return Err(format!("the token has less than {TOKEN_BYTES} bytes"));
        }
        let token = token.map(|token| blake3::hash(token.as_bytes()));
        Ok(Deals { client, codec, maximum_record_bytes, token })
    }

    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let stated = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let stated = stated.and_then(|value| value.strip_prefix("Bearer ")).map(|token| blake3::hash(token.as_bytes()));
        stated.is_some_and(|stated| Some(stated) == self.token)
    }

    /// Takes what a request brings, with its trace and as the event that it is.
    fn take(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Placed>, Refusal> {
        let event = carried::event(headers, self.codec.content_type(Topic::DealClosed))?;
        let deals = read(body)?;
        if !event.is_empty() && deals.len() > 1 {
            return Err(Refusal::Unreadable(
                "an event is one deal: send each by itself, or all of them without ce- headers".into(),
            ));
        }
        self.append(&deals, carried::trace(headers).into_iter().chain(event).collect())
    }

    /// Appends them, all or nothing; each record carries these headers.
    pub(super) fn append(&self, deals: &[Deal], carried: Headers) -> Result<Vec<Placed>, Refusal> {
        let appender = Appender::new(self.client.as_ref(), &self.codec, self.maximum_record_bytes).map_err(Refusal::Log)?;
        let mut appender = appender.carrying(carried);
        let (mut places, mut refused) = (Vec::new(), Vec::new());
        for (at, deal) in deals.iter().enumerate() {
            match appender.deal(&deal.as_deal()) {
                Ok(partition) => places.push((deal, partition)),
                Err(error) => match error.downcast::<Reject>() {
                    Ok(reject) => refused.push(Refused::of(at, reject)),
                    Err(error) => return Err(Refusal::Defect(error.to_string())),
                },
            }
        }
        if !refused.is_empty() {
            return Err(Refusal::Deals(refused));
        }
        let appended = appender.flush().map_err(Refusal::Log)?;
        let mut next: BTreeMap<u32, u64> = appended.iter().map(|part| (part.partition, part.first)).collect();
        let placed = |(deal, partition): (&Deal, u32)| {
            let next = next.entry(partition).or_default();
            *next += 1;
            Placed { deal_id: deal.deal_id.clone(), revision: deal.revision, partition, offset: *next - 1 }
        };
        Ok(places.into_iter().map(placed).collect())
    }
}

impl Refused {
    fn of(at: usize, reject: Reject) -> Refused {
        Refused { at, source: None, field: reject.field, reason: reject.reason.code(), message: reject.message }
    }

    pub(super) fn finding(finding: Finding) -> Refused {
        let at = usize::try_from(finding.row.saturating_sub(1)).unwrap_or_default();
        Refused { source: Some(finding.column).filter(|column| !column.is_empty()), ..Refused::of(at, finding.reject) }
    }
}

/// The deals of a body, each of which is right in itself.
fn read(body: &[u8]) -> Result<Vec<Deal>, Refusal> {
    let unreadable = |what: String| Refusal::Unreadable(what);
    let text = std::str::from_utf8(body).map_err(|_| unreadable("the body is not UTF-8 text".into()))?.trim();
    let items: Vec<&str> = match text.starts_with('[') {
        true => {
            let items: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| unreadable(format!("not a list of deals: {error}")))?;
            items.into_iter().map(RawValue::get).collect()
        }
        false if text.is_empty() => Vec::new(),
        false => vec![text],
    };
    if items.is_empty() {
        return Err(unreadable("no deal: send one as a JSON object, or several in a list".into()));
    }
    let (mut deals, mut refused) = (Vec::new(), Vec::new());
    for (at, item) in items.into_iter().enumerate() {
        match deal_from_line(item).and_then(|deal| deal.as_deal().check().map(|()| deal)) {
            Ok(deal) => deals.push(deal),
            Err(reject) => refused.push(Refused::of(at, reject)),
        }
    }
    if refused.is_empty() { Ok(deals) } else { Err(Refusal::Deals(refused)) }
}

pub async fn post(State(deals): State<Arc<Deals>>, headers: HeaderMap, body: Bytes) -> Response {
    if deals.token.is_none() {
        return error(StatusCode::FORBIDDEN, "no deals are taken here; start with --token-file FILE to take them");
    }
    if !deals.admits(&headers) {
        return no_token();
    }
    answer(move || deals.take(&headers, &body)).await
}

pub(super) fn no_token() -> Response {
    let answer = error(StatusCode::UNAUTHORIZED, "send the token as `Authorization: Bearer TOKEN`");
    ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response()
}

/// What became of a request. The log's calls block, so they run on a thread of their own.
pub(super) async fn answer(take: impl FnOnce() -> Result<Vec<Placed>, Refusal> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(take).await {
        Ok(Ok(placed)) => json(StatusCode::OK, &serde_json::json!({ "topic": "deal-closed", "deals": placed })),
        Ok(Err(Refusal::Unreadable(what))) => error(StatusCode::BAD_REQUEST, &what),
        Ok(Err(Refusal::Deals(refused))) => {
            let body = serde_json::json!({ "error": NOTHING, "refused": refused });
            json(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
        Ok(Err(Refusal::Records(refused, ask))) => {
            let mut body = serde_json::json!({ "error": NOTHING, "refused": refused });
            if !ask.is_empty() {
                body["ask"] = ask.into();
            }
            json(StatusCode::UNPROCESSABLE_ENTITY, &body)
        }
        Ok(Err(Refusal::Log(failed))) => {
            error(StatusCode::SERVICE_UNAVAILABLE, &format!("{failed}; whether it was appended is open: send it again"))
        }
        Ok(Err(Refusal::Defect(what))) => error(StatusCode::INTERNAL_SERVER_ERROR, &what),
        Err(failed) => error(StatusCode::INTERNAL_SERVER_ERROR, &failed.to_string()),
    }
}

pub(super) fn error(code: StatusCode, what: &str) -> Response {
    json(code, &serde_json::json!({ "error": what }))
}

fn json(code: StatusCode, body: &serde_json::Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
