//! OAUTHBEARER: clients are given a token when they are made and before they are used; those that are polled all the time
//! ask for another before theirs runs out.
//!
//! All clients of a process share its token: whoever gives tokens is asked once for all of them. librdkafka's own way needs
//! libcurl, which is not built in.

use super::error::explain;
use super::{KafkaSettings, LogError};
use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::error::{IsError, RDKafkaErrorCode as Code};
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// After no token was given nobody asks again for so long.
const RETRY: Duration = Duration::from_secs(2);

/// What logs in.
#[derive(Clone)]
pub struct Token {
    pub value: String,
    /// Whose it is, for librdkafka's log; brokers look into the token.
    pub principal: String,
    pub ends: SystemTime,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// Whoever gives tokens is not to be had now.
    #[error("{0}")]
    Unavailable(String),
    /// It gives none to this client, or what is said of it is wrong.
    #[error("{0}")]
    Refused(String),
}

impl From<NoToken> for LogError {
    fn from(error: NoToken) -> LogError {
        match error {
            NoToken::Unavailable(text) => LogError::Unavailable(text),
            NoToken::Refused(text) => LogError::Settings(text),
        }
    }
}

pub type AskToken = Box<dyn Fn() -> Result<Token, NoToken> + Send + Sync>;

/// How clients log in with tokens; without any where another mechanism does.
#[derive(Clone, Default)]
pub struct Login(Option<Arc<Tokens>>);

struct Tokens {
    ask: AskToken,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// From then on another one is asked for.
    renew: Option<SystemTime>,
    failure: Option<NoToken>,
}

impl Login {
    pub fn asking(ask: AskToken) -> Login {
        Login(Some(Arc::new(Tokens { ask, held: Mutex::default() })))
    }

    pub fn has_tokens(&self) -> bool {
        self.0.is_some()
    }

    /// Makes a client log in with the token of now.
    pub fn give<C: ClientContext>(&self, settings: &KafkaSettings, client: &Client<C>) -> Result<(), LogError> {
        let Some(tokens) = &self.0 else { return Ok(()) };
        let token = tokens.token(SystemTime::now())?;
        let text = |text: &str| CString::new(text).map_err(|_| LogError::Settings("a token with a zero byte".into()));
        let (value, principal) = (text(&token.value)?, text(&token.principal)?);
        let mut said = [0; 512];
        // SAFETY: the client is alive, the texts outlive the call and are copied, and the buffer is as long as it is said to be.
        let code = unsafe {
            native::rd_kafka_oauthbearer_set_token(
                client.native_ptr(),
                value.as_ptr(),
                milliseconds(token.ends),
                principal.as_ptr(),
                std::ptr::null_mut(),
                0,
                said.as_mut_ptr(),
                said.len(),
            )
        };
        if !code.is_error() {
            return Ok(());
        }
        // SAFETY: librdkafka ends what it writes there with a zero byte, and wrote nothing otherwise.
        let said = unsafe { CStr::from_ptr(said.as_ptr()) }.to_string_lossy().into_owned();
        Err(refused(settings, Code::from(code), &said))
    }

    /// What a client that is polled asks for before its token runs out.
    pub fn token(&self) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let tokens = self.0.as_ref().ok_or("no token is asked for")?;
        let token = tokens.token(SystemTime::now())?;
        let lifetime_ms = milliseconds(token.ends);
        Ok(OAuthToken { token: token.value, principal_name: token.principal, lifetime_ms })
    }
}

fn refused(settings: &KafkaSettings, code: Code, said: &str) -> LogError {
    let error = rdkafka::error::KafkaError::Global(code);
    explain(settings, &format!("log in with the token ({said})"), &error)
}

fn milliseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    i64::try_from(since).unwrap_or(i64::MAX)
}

impl Tokens {
    /// The token that is held, or, once four fifths of its time are over, another. Where none is given, the one that is held
    /// is good until its end.
    fn token(&self, now: SystemTime) -> Result<Token, NoToken> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.renew.is_none_or(|renew| now >= renew) {
            match (self.ask)() {
                Ok(token) => {
                    let lasts = token.ends.duration_since(now).unwrap_or_default();
                    *held = Held { token: Some(token), renew: Some(now + lasts * 4 / 5), failure: None };
                }
                Err(failure) => (held.renew, held.failure) = (Some(now + RETRY), Some(failure)),
            }
        }
        let good = held.token.clone().filter(|token| now < token.ends);
        let failure = || held.failure.clone().unwrap_or_else(|| NoToken::Unavailable("the token has ended; try again".into()));
        good.ok_or_else(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_token_is_held_renewed_before_its_end_and_good_until_then() {
        let start = SystemTime::now();
        let at = move |second: u64| start + Duration::from_secs(second);
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        // The second and the third time there is none; the first token lasts 100 s, the others 10 s.
        let ask = move || match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(Token { value: "1".into(), principal: "p".into(), ends: at(100) }),
            1 | 2 => Err(NoToken::Unavailable("down".into())),
            number => Ok(Token { value: (number + 1).to_string(), principal: "p".into(), ends: at(1_000) }),
        };
        let tokens = Tokens { ask: Box::new(ask), held: Mutex::default() };
        let cases: [(u64, Result<&str, &str>, u64); 7] = [
            (0, Ok("1"), 1),
            (79, Ok("1"), 1),
            (80, Ok("1"), 2),
            (81, Ok("1"), 2),
            (101, Err("down"), 3),
            (102, Err("down"), 3),
            (103, Ok("4"), 4),
        ];
        for (second, expected, times) in cases {
            let told = tokens.token(at(second)).map(|token| token.value).map_err(|error| error.to_string());
            assert_eq!(told, expected.map(String::from).map_err(String::from), "{second}");
            assert_eq!(asked.load(Ordering::SeqCst), times, "{second}");
        }
    }
}
