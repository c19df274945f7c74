//! The server's side of `DIR/control.sock`: a running `accrue up` answers the other commands.
//!
//! The messages are `log::socket`'s. Every connection is answered in order; the log's calls block, so each runs on a
//! thread of its own.

use super::session::OUTCOMES_WAIT;
use crate::domain::topic::Topic;
use crate::log::socket::{MAXIMUM_MESSAGE_BYTES, Place, Record, Request, Response, Stamped, frame, topic_of, unframe};
use crate::log::{Append, Batch, Client, LogError, Records};
use crate::worker::ends::{Ends, is_past};
use crate::worker::status::{OutcomeTap, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// How long the stages may take to come between two transactions.
const PAUSE_WAIT: Duration = Duration::from_secs(30);

/// What requests are answered from.
#[derive(Clone)]
pub struct Service {
    pub client: Arc<dyn Client>,
    pub status: Arc<Status>,
    pub outcomes: Arc<OutcomeTap>,
}

/// Answers connections until the task is dropped.
pub async fn serve(listener: UnixListener, service: Service) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream, service.clone()));
    }
}

/// A connection that breaks off is its client's affair.
async fn converse(mut stream: UnixStream, service: Service) {
    while let Ok(body) = receive(&mut stream).await {
        let service = service.clone();
        let answered = tokio::task::spawn_blocking(move || service.answer(&body)).await;
        let Ok(response) = answered else { return };
        if stream.write_all(&response).await.is_err() {
            return;
        }
    }
}

async fn receive(stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let length = stream.read_u32().await? as usize;
    if length > MAXIMUM_MESSAGE_BYTES {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

impl Service {
    /// The framed response to a request's bytes.
    fn answer(&self, body: &[u8]) -> Vec<u8> {
        let response = unframe(body).and_then(|request| self.respond(request)).unwrap_or_else(Response::failed);
        let framed = frame(&response).or_else(|error| frame(&Response::failed(error)));
        framed.unwrap_or_default()
    }

    fn respond(&self, request: Request) -> Result<Response, LogError> {
        let client = self.client.as_ref();
        Ok(match request {
            Request::CreateTopics { partitions } => {
                client.create_topics(partitions)?;
                Response::Done
            }
            Request::Partitions { topic } => Response::Count(client.partitions(topic_of(&topic)?)?),
            Request::Append(parts) => Response::Offsets(append(client, parts)?),
            Request::Start(place) => Response::Offset(client.start(place.topic()?, place.partition)?),
            Request::End(place) => Response::Offset(client.end(place.topic()?, place.partition)?),
            Request::HighWatermark(place) => Response::Offset(client.high_watermark(place.topic()?, place.partition)?),
            Request::Read { place, from, limit_bytes } => read(client, &place, from, limit_bytes as usize)?,
            Request::Committed { group, place } => {
                Response::MaybeOffset(client.committed(&group, place.topic()?, place.partition)?)
            }
            Request::Trim { place, offset } => {
                client.trim(place.topic()?, place.partition, offset)?;
                Response::Done
            }
            Request::Pause { paused } => {
                self.status.pause(paused);
                if !self.status.wait_paused(paused, PAUSE_WAIT) {
                    let text = "a transaction goes on; it pauses behind that, `/readyz` says when";
                    return Err(LogError::Unavailable(text.into()));
                }
                Response::Done
            }
            Request::Past { stage, facts, inputs } => {
                let inputs = inputs.into_iter().map(|(place, end)| Ok((place.topic()?, place.partition, end)));
                let ends = Ends { facts, inputs: inputs.collect::<Result<_, LogError>>()? };
                Response::Past(is_past(&self.status.stage(&stage), &ends, client)?)
            }
            Request::Outcomes { place, first, next } => {
                Response::Outcomes(self.outcomes.outcomes(place.topic()?, place.partition, first..next, OUTCOMES_WAIT))
            }
        })
    }
}

fn append(client: &dyn Client, parts: Vec<(Place, Vec<Record>)>) -> Result<Vec<u64>, LogError> {
    let mut collected: Vec<(Topic, u32, Records)> = Vec::with_capacity(parts.len());
    for (place, travelled) in parts {
        let mut records = Records::default();
        for Record { key, value, headers } in travelled {
            records.push_with_headers(key.as_deref(), value.as_deref(), headers);
        }
        collected.push((place.topic()?, place.partition, records));
    }
    let appends: Vec<Append<'_>> =
        collected.iter().map(|(topic, partition, records)| Append { topic: *topic, partition: *partition, records }).collect();
    client.append(&appends)
}

fn read(client: &dyn Client, place: &Place, from: u64, limit_bytes: usize) -> Result<Response, LogError> {
    let mut batch = Batch::default();
    let limit_bytes = limit_bytes.min(MAXIMUM_MESSAGE_BYTES / 4);
    let next = client.read(place.topic()?, place.partition, from, limit_bytes, &mut batch)?;
    let stamped = |row: &crate::log::Row| Stamped {
        offset: row.position.offset,
        timestamp_ms: row.timestamp_ms,
        record: Record {
            key: batch.key(row).map(<[u8]>::to_vec),
            value: batch.value(row).map(<[u8]>::to_vec),
            headers: row.headers.clone(),
        },
    };
    Ok(Response::Rows { next, rows: batch.rows().iter().map(stamped).collect() })
}
