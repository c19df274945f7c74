//! A schema registry with Confluent's API, asked over HTTP. No file but this one and `token_endpoint` names ureq.
//!
//! Every call blocks, for at most `timeout_ms`. After one that failed nobody asks again for `retry_ms`, and for ten times as
//! long as it took: the answer is the same failure, so that a worker which has to wait does not spend its time on it. Leaves out contexts, references between
//! schemas and other schema languages than Avro.

use crate::config::Registry as Settings;
use crate::wire::SchemaId;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body};

const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 4 << 20;
/// What registries say of a subject, version or schema that they do not have; any other 404 is another address.
const ABSENT: [i64; 4] = [40401, 40402, 40403, 40408];

/// Why a registry gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It is not to be had now.
    #[error("{0}")]
    Unavailable(String),
    /// Its address, or what it lets this user do, is not right.
    #[error("{0}")]
    Settings(String),
    /// It does not take a schema.
    #[error("{0}")]
    Refused(String),
}

pub struct Registry {
    agent: Agent,
    url: String,
    /// The header that logs in.
    authorization: Option<String>,
    retry: Duration,
    /// Until when nobody asks again, and why.
    failed: Mutex<Option<(Instant, RegistryError)>>,
}

/// A version that a subject has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub version: u64,
    pub id: u32,
    pub text: String,
}

impl Registry {
    /// Asks nothing yet.
    pub fn new(settings: &Settings) -> Result<Registry, RegistryError> {
        let wrong = |what: String| RegistryError::Settings(format!("registry.{what}"));
        let ca = settings.ca_certificates().map_err(wrong)?;
        let [connect, whole] = [settings.connect_timeout_ms, settings.timeout_ms].map(Duration::from_millis);
        let agent = agent(ca.as_deref(), "ca_file", connect, whole).map_err(wrong)?;
        Ok(Registry {
            agent,
            url: settings.url.trim_end_matches('/').to_owned(),
            authorization: settings.log_in().map_err(wrong)?.map(|(user, password)| basic(user, &password)),
            retry: Duration::from_millis(settings.retry_ms),
            failed: Mutex::default(),
        })
    }

    /// The text of a schema; `None`: there is none.
    pub fn schema(&self, id: SchemaId) -> Result<Option<String>, RegistryError> {
        let path = match id {
            SchemaId::Id(id) => format!("/schemas/ids/{id}"),
            SchemaId::Guid(_) => format!("/schemas/guids/{}", id.to_string().trim_start_matches("schema guid ")),
        };
        let Some(answer) = self.ask(&Method::GET, &path, None)? else { return Ok(None) };
        let kind = answer.get("schemaType").and_then(Value::as_str).unwrap_or("AVRO");
        if kind != "AVRO" {
            // It is read as no schema of Avro's, and refused for that.
            return Ok(Some(format!("\"{kind}\"")));
        }
        text(&answer, "schema", &path).map(|text| Some(text.to_owned()))
    }

    /// The id of a schema under a subject; `None`: it is not registered there.
    pub fn look_up(&self, subject: &str, schema: &str) -> Result<Option<u32>, RegistryError> {
        let path = format!("/subjects/{}", escaped(subject));
        let answer = self.ask(&Method::POST, &path, Some(&json!({ "schema": schema, "schemaType": "AVRO" })))?;
        answer.map(|answer| number(&answer, "id", &path)).transpose()
    }

    /// Registers a schema, or finds it; its id.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let path = format!("/subjects/{}/versions", escaped(subject));
        let answer = self.ask(&Method::POST, &path, Some(&json!({ "schema": schema, "schemaType": "AVRO" })))?;
        number(&found(answer, &path)?, "id", &path)
    }

    /// Every version of a subject, the oldest first.
    pub fn versions(&self, subject: &str) -> Result<Vec<Version>, RegistryError> {
        let path = format!("/subjects/{}/versions", escaped(subject));
        let Some(answer) = self.ask(&Method::GET, &path, None)? else { return Ok(Vec::new()) };
        let list = answer.as_array().ok_or_else(|| no_registry(&path))?;
        let numbers: Vec<u64> = list.iter().filter_map(Value::as_u64).collect();
        let version = |version: u64| {
            let path = format!("{path}/{version}");
            let answer = found(self.ask(&Method::GET, &path, None)?, &path)?;
            Ok(Version { version, id: number(&answer, "id", &path)?, text: text(&answer, "schema", &path)?.to_owned() })
        };
        numbers.into_iter().map(version).collect()
    }

    /// What new versions of a subject must be, for whoever registers one.
    pub fn set_compatibility(&self, subject: &str, level: &str) -> Result<(), RegistryError> {
        let path = format!("/config/{}", escaped(subject));
        let answer = self.ask(&Method::PUT, &path, Some(&json!({ "compatibility": level })))?;
        found(answer, &path).map(drop)
    }

    /// The answer as JSON; `None` where the registry says that it has no such thing.
    fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Option<Value>, RegistryError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, error)) = failed.as_ref()
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        let asked = Instant::now();
        let answer = self.call(method, path, body);
        // One that hangs takes at most a tenth of the time of who has to wait for it.
        let pause = self.retry.max(asked.elapsed() * 10);
        *failed = match &answer {
            Err(error @ (RegistryError::Unavailable(_) | RegistryError::Settings(_))) => {
                Some((Instant::now() + pause, error.clone()))
            }
            Ok(_) | Err(RegistryError::Refused(_)) => None,
        };
        answer
    }

    fn call(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Option<Value>, RegistryError> {
        let url = format!("{}{path}", self.url);
        let mut request = Request::builder().method(method).uri(&url).header("accept", CONTENT);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let sent = match body {
            Some(body) => request.header("content-type", CONTENT).body(body.to_string()).map(|request| self.agent.run(request)),
            None => request.body(()).map(|request| self.agent.run(request)),
        };
        let sent = sent.map_err(|error| RegistryError::Settings(format!("{url}: {error}; correct registry.url")))?;
        let mut response = sent.map_err(|error| self.failure(&error))?;
        self.judge(path, &mut response)
    }

    fn judge(&self, path: &str, response: &mut Response<Body>) -> Result<Option<Value>, RegistryError> {
        let status = response.status().as_u16();
        let text =
            response.body_mut().with_config().limit(ANSWER_BYTES).read_to_string().map_err(|error| self.failure(&error))?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        let said = answer.as_ref().and_then(|answer| answer.get("message")).and_then(Value::as_str).unwrap_or("no reason");
        let code = answer.as_ref().and_then(|answer| answer.get("error_code")).and_then(Value::as_i64).unwrap_or(0);
        let url = &self.url;
        match (status, answer.as_ref()) {
            (200..=299, Some(_)) => Ok(answer),
            (404, _) if ABSENT.contains(&code) => Ok(None),
            (401 | 403, _) => Err(RegistryError::Settings(format!(
                "the registry at {url} lets this user not do {path}: {said}; look at registry.user_name"
            ))),
            (409 | 422, _) => Err(RegistryError::Refused(format!(
                "the registry at {url} does not take {path}: {said}; see `accrue schemas check`"
            ))),
            (500..=599 | 429 | 408, _) => {
                Err(RegistryError::Unavailable(format!("the registry at {url} answers {status}: {said}")))
            }
            (_, None) | (404, _) => {
                let what = format!("{url}{path} answers {status}, as no registry with Confluent's API does");
                Err(RegistryError::Settings(format!("{what}; correct registry.url")))
            }
            _ => Err(RegistryError::Settings(format!("the registry at {url} answers {status} to {path}: {said}"))),
        }
    }

    fn failure(&self, error: &ureq::Error) -> RegistryError {
        let url = &self.url;
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                RegistryError::Settings(format!("{url}: {error}; correct registry.url"))
            }
            // Without https there is no certificate that could be wrong.
            _ if url.starts_with("https:") => RegistryError::Unavailable(format!(
                "the registry at {url} is not to be had: {error}; start it, or look at registry.url and registry.ca_file"
            )),
            _ => RegistryError::Unavailable(format!(
                "the registry at {url} is not to be had: {error}; start it, or correct registry.url"
            )),
        }
    }
}

impl fmt::Debug for Registry {
    /// Without what logs in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry {{ url: {} }}", self.url)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// A client over HTTP that follows nobody elsewhere. It trusts the CAs of a PEM, which `key` in the config names, or else the
/// system's.
pub(crate) fn agent(ca: Option<&str>, key: &str, connect: Duration, whole: Duration) -> Result<Agent, String> {
    let roots = match ca {
        Some(pem) => RootCerts::from(certificates(pem, key)?),
        None => RootCerts::PlatformVerifier,
    };
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .user_agent(concat!("accrue/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(connect))
        .timeout_global(Some(whole));
    Ok(config.build().new_agent())
}

fn certificates(pem: &str, key: &str) -> Result<Vec<ureq::tls::Certificate<'static>>, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| format!("{key}: {error}"))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(format!("{key}: there is no certificate in it; name a PEM file")) } else { Ok(found) }
}

/// It answers as no registry does.
fn no_registry(path: &str) -> RegistryError {
    RegistryError::Settings(format!("the registry's answer to {path} is none of Confluent's API; correct registry.url"))
}

fn found(answer: Option<Value>, path: &str) -> Result<Value, RegistryError> {
    answer.ok_or_else(|| RegistryError::Settings(format!("the registry has no {path}; correct registry.url")))
}

fn number(answer: &Value, key: &str, path: &str) -> Result<u32, RegistryError> {
    let number = answer.get(key).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    number
        .ok_or_else(|| RegistryError::Settings(format!("the registry's answer to {path} has no \"{key}\"; correct registry.url")))
}

fn text<'a>(answer: &'a Value, key: &str, path: &str) -> Result<&'a str, RegistryError> {
    let text = answer.get(key).and_then(Value::as_str);
    text.ok_or_else(|| RegistryError::Settings(format!("the registry's answer to {path} has no \"{key}\"; correct registry.url")))
}

/// A subject as a part of a path.
fn escaped(subject: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    subject.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests;
