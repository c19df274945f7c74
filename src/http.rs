//! What machines ask a worker over HTTP: `/metrics`, whether it lives (`/livez`) and whether it is ready (`/readyz`); and
//! the deals that they bring (`deals`, `crm`), where a token or a secret is set for that.
//!
//! Nothing here says what anybody earns.

mod carried;
pub mod crm;
pub mod deals;

use crate::log::Client;
use crate::telemetry::Metrics;
use crate::worker::status::{CREDITING, EARNING, Status, Stuck};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use crm::Producer;
use deals::Deals;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use tokio::net::TcpListener;

/// What requests are answered from.
#[derive(Clone)]
pub struct Asked {
    pub client: Arc<dyn Client>,
    pub status: Arc<Status>,
    pub metrics: Arc<Metrics>,
    pub deals: Arc<Deals>,
    /// `None`: what the CRM sends is refused.
    pub salesforce: Option<Arc<Producer>>,
    pub hubspot: Option<Arc<Producer>>,
    /// The largest body of a request.
    pub body_bytes: usize,
}

/// Answers requests until the task is dropped.
pub async fn serve(listener: TcpListener, asked: Asked) -> std::io::Result<()> {
    let limit = DefaultBodyLimit::max(asked.body_bytes);
    let deals = Router::new().route("/v1/deals", post(deals::post)).layer(limit).with_state(asked.deals.clone());
    let crms = Router::new()
        .route("/v1/crm/salesforce", post(crm::salesforce))
        .route("/v1/crm/hubspot", post(crm::hubspot))
        .layer(limit)
        .with_state(asked.clone());
    let routes = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(asked)
        .merge(deals)
        .merge(crms);
    axum::serve(listener, routes).await
}

async fn readyz(State(asked): State<Asked>) -> Response {
    let readiness = readiness(&asked.status);
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&readiness) {
        Ok(body) => (code, [(header::CONTENT_TYPE, "application/json")], body + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The log's calls block, so they run on a thread of their own.
async fn metrics(State(asked): State<Asked>) -> Response {
    let told = tokio::task::spawn_blocking(move || asked.metrics.text(&asked.status, asked.client.as_ref())).await;
    match told {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// Whether this worker is at work in both stages, with every partition that it has.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Readiness {
    ready: bool,
    stages: Vec<StageReadiness>,
    /// Closes that are stated and not done, as far as the partitions of this worker know.
    closing: Vec<Closing>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Closing {
    close_id: String,
    /// Partitions that have yet to do their part, by stage.
    missing: BTreeMap<&'static str, BTreeSet<u32>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct StageReadiness {
    stage: &'static str,
    /// Nothing is folded until somebody says so.
    paused: bool,
    at_work: Vec<u32>,
    /// Partitions that are being restored, and how much of the changelog is left.
    restoring: Vec<Restoring>,
    /// Partitions that stand still until somebody acts.
    stuck: Vec<StuckPartition>,
    /// What the whole stage is retrying.
    retrying: Option<Reason>,
}

impl StageReadiness {
    fn is_ready(&self) -> bool {
        !self.paused && !self.at_work.is_empty() && self.restoring.is_empty() && self.stuck.is_empty() && self.retrying.is_none()
    }
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Restoring {
    partition: u32,
    remaining_records: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct StuckPartition {
    partition: u32,
    #[serde(flatten)]
    reason: Reason,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Reason {
    reason: String,
    /// Seconds since 1970.
    since_s: u64,
}

impl From<&Stuck> for Reason {
    fn from(stuck: &Stuck) -> Reason {
        let since_s = stuck.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Reason { reason: stuck.reason.clone(), since_s }
    }
}

fn readiness(status: &Status) -> Readiness {
    let stages: Vec<StageReadiness> = [CREDITING, EARNING].map(|name| stage_readiness(name, status)).into();
    let ready = stages.iter().all(StageReadiness::is_ready);
    Readiness { ready, stages, closing: closing(status) }
}

fn closing(status: &Status) -> Vec<Closing> {
    let mut all: Vec<Closing> = Vec::new();
    for pending in [CREDITING, EARNING].iter().flat_map(|name| status.stage(name).closing) {
        let at = all.iter().position(|of| of.close_id == pending.close_id);
        let at = at.unwrap_or_else(|| {
            all.push(Closing { close_id: pending.close_id.clone(), missing: BTreeMap::new() });
            all.len() - 1
        });
        for (stage, partitions) in [(CREDITING, pending.crediting), (EARNING, pending.earning)] {
            if !partitions.is_empty() {
                all[at].missing.entry(stage).or_default().extend(partitions);
            }
        }
    }
    all
}

fn stage_readiness(name: &'static str, status: &Status) -> StageReadiness {
    let stage = status.stage(name);
    let mut readiness = StageReadiness {
        stage: name,
        paused: stage.paused_by_operator,
        at_work: Vec::new(),
        restoring: Vec::new(),
        stuck: Vec::new(),
        retrying: stage.trouble.as_ref().map(Reason::from),
    };
    for (partition, held) in stage.partitions {
        match held.stuck() {
            Some(stuck) => readiness.stuck.push(StuckPartition { partition, reason: stuck.into() }),
            None if held.restoring => {
                readiness.restoring.push(Restoring { partition, remaining_records: held.restore_remaining });
            }
            None => readiness.at_work.push(partition),
        }
    }
    readiness
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::topic::Topic;
    use crate::pipeline::PendingClose;
    use crate::worker::status::PartitionStatus;
    use std::time::Duration;

    #[test]
    fn ready_is_a_worker_whose_partitions_are_all_at_work() {
        let since = UNIX_EPOCH + Duration::from_secs(7);
        let stuck = |reason: &str| Some(Stuck { reason: reason.into(), since });
        let at_work = PartitionStatus::default();
        let restoring = PartitionStatus { restoring: true, restore_remaining: 5, ..PartitionStatus::default() };
        let waiting = PartitionStatus {
            unread: BTreeMap::from([(Topic::DealClosed, stuck("no registry").unwrap())]),
            ..PartitionStatus::default()
        };
        let alarmed = PartitionStatus { alarm: stuck("set back"), ..PartitionStatus::default() };
        let earning = r#"{"stage":"earning","paused":false,"at_work":[0],"restoring":[],"stuck":[],"retrying":null}"#;
        let cases = [
            (vec![], None, false, r#""at_work":[],"restoring":[],"stuck":[],"retrying":null"#),
            (vec![at_work.clone()], None, true, r#""at_work":[0],"restoring":[],"stuck":[],"retrying":null"#),
            (
                vec![at_work.clone(), restoring],
                None,
                false,
                r#""at_work":[0],"restoring":[{"partition":1,"remaining_records":5}],"stuck":[],"retrying":null"#,
            ),
            (
                vec![at_work.clone(), alarmed],
                None,
                false,
                r#""at_work":[0],"restoring":[],"stuck":[{"partition":1,"reason":"set back","since_s":7}],"retrying":null"#,
            ),
            (
                vec![waiting],
                None,
                false,
                r#""at_work":[],"restoring":[],"stuck":[{"partition":0,"reason":"no registry","since_s":7}],"retrying":null"#,
            ),
            (
                vec![at_work],
                stuck("no broker"),
                false,
                r#""at_work":[0],"restoring":[],"stuck":[],"retrying":{"reason":"no broker","since_s":7}"#,
            ),
        ];
        for (partitions, trouble, ready, crediting) in cases {
            let status = Status::default();
            status.update(CREDITING, |stage| {
                stage.partitions = (0..).zip(partitions).collect();
                stage.trouble = trouble;
            });
            status.update(EARNING, |stage| drop(stage.partitions.insert(0, PartitionStatus::default())));
            let expected = format!(
                r#"{{"ready":{ready},"stages":[{{"stage":"crediting","paused":false,{crediting}}},{earning}],"closing":[]}}"#
            );
            assert_eq!(serde_json::to_string(&readiness(&status)).unwrap(), expected);
        }
    }

    #[test]
    fn a_paused_worker_is_not_ready_and_a_close_names_whom_it_misses() {
        let status = Status::default();
        let close = |id: &str, crediting: &[u32], earning: &[u32]| PendingClose {
            close_id: id.into(),
            crediting: crediting.into(),
            earning: earning.into(),
        };
        status.update(CREDITING, |stage| {
            stage.partitions.insert(0, PartitionStatus::default());
            stage.closing = vec![close("b", &[0], &[])];
        });
        status.update(EARNING, |stage| {
            stage.partitions.insert(0, PartitionStatus::default());
            stage.closing = vec![close("a", &[2], &[1, 0]), close("b", &[2, 0], &[0])];
            stage.paused_by_operator = true;
        });
        let readiness = readiness(&status);
        assert!(!readiness.ready);
        let closing = r#"[{"close_id":"b","missing":{"crediting":[0,2],"earning":[0]}},{"close_id":"a","missing":{"crediting":[2],"earning":[0,1]}}]"#;
        assert_eq!(serde_json::to_string(&readiness.closing).unwrap(), closing);
        assert_eq!(readiness.stages.iter().map(|stage| stage.paused).collect::<Vec<_>>(), [false, true]);
    }
}
