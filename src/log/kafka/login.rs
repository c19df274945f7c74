//! OAUTHBEARER: all clients of a process log in with the one token that is held, and each of them is given every new one.
//!
//! Brokers let clients log in again on connections that stand, also those that nobody polls. So no client asks for a token: a
//! thread renews the one that is held before it ends, and gives it to all that are there. librdkafka's own way needs libcurl,
//! which is not built in.

use super::error::explain;
use super::{KafkaSettings, LogError};
use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode as Code};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// After no token was given nobody asks again for so long.
const RETRY: Duration = Duration::from_secs(2);
/// How often the thread looks whether the token is to be renewed.
const LOOK: Duration = Duration::from_millis(250);

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
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// From then on another one is asked for.
    renew: Option<SystemTime>,
    /// Why there is no newer one.
    failure: Option<NoToken>,
}

/// Those that are there, by number.
#[derive(Default)]
struct Clients {
    last: u64,
    addresses: BTreeMap<u64, Address>,
}

struct Address(*mut native::rd_kafka_t);

// SAFETY: librdkafka's clients may be used from any thread.
unsafe impl Send for Address {}

/// A client that is given each new token for as long as it is there. Fields drop in order: it is taken from the list before it
/// ends.
pub struct LoggedIn<T> {
    _listed: Option<Listed>,
    client: T,
}

impl<T> Deref for LoggedIn<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.client
    }
}

struct Listed {
    tokens: Arc<Tokens>,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.tokens.clients().addresses.remove(&self.number);
    }
}

impl Login {
    /// With a thread that renews the token until the last client and the last clone of this are gone.
    pub fn asking(ask: AskToken) -> Result<Login, LogError> {
        let tokens = Arc::new(Tokens { ask, held: Mutex::default(), clients: Mutex::default() });
        let there = Arc::downgrade(&tokens);
        let thread = std::thread::Builder::new().name("tokens".into()).spawn(move || keep(&there));
        match thread {
            Ok(_) => Ok(Login(Some(tokens))),
            Err(error) => Err(LogError::Storage(format!("no thread for tokens: {error}"))),
        }
    }

    pub fn has_tokens(&self) -> bool {
        self.0.is_some()
    }

    /// Makes a client log in with the token of now, and with those that follow.
    pub fn admit<T, C: ClientContext>(
        &self,
        settings: &KafkaSettings,
        client: T,
        inner: impl Fn(&T) -> &Client<C>,
    ) -> Result<LoggedIn<T>, LogError> {
        let Some(tokens) = &self.0 else { return Ok(LoggedIn { _listed: None, client }) };
        let number = tokens.list(settings, Address(inner(&client).native_ptr()))?;
        Ok(LoggedIn { _listed: Some(Listed { tokens: tokens.clone(), number }), client })
    }

    /// Why nobody can log in now: the token that is held has ended, and no other was given.
    pub fn missing(&self) -> Option<String> {
        let held = self.0.as_ref()?.held();
        if held.good(SystemTime::now()).is_some() { None } else { held.failure.as_ref().map(ToString::to_string) }
    }
}

fn keep(there: &Weak<Tokens>) {
    while let Some(tokens) = there.upgrade() {
        tokens.renew(SystemTime::now());
        drop(tokens);
        std::thread::sleep(LOOK);
    }
}

/// Says what is wrong with the token, if anything.
fn give(address: &Address, token: &Token) -> Result<(), (Code, String)> {
    let text = |text: &str| CString::new(text).map_err(|_| (Code::InvalidArgument, "it has a zero byte".to_owned()));
    let (value, principal) = (text(&token.value)?, text(&token.principal)?);
    let mut said = [0; 512];
    // SAFETY: the client is alive, the texts outlive the call and are copied, and the buffer is as long as it is said to be.
    let code = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            address.0,
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
    Err((Code::from(code), said))
}

fn milliseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    i64::try_from(since).unwrap_or(i64::MAX)
}

impl Held {
    fn good(&self, now: SystemTime) -> Option<&Token> {
        self.token.as_ref().filter(|token| now < token.ends)
    }
}

impl Tokens {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self, settings: &KafkaSettings, address: Address) -> Result<u64, LogError> {
        let token = self.token(SystemTime::now())?;
        let mut clients = self.clients();
        // One that came meanwhile was given to those on the list.
        let token = self.held().token.clone().unwrap_or(token);
        give(&address, &token)
            .map_err(|(code, said)| explain(settings, &format!("log in with the token ({said})"), &KafkaError::Global(code)))?;
        clients.last += 1;
        let number = clients.last;
        clients.addresses.insert(number, address);
        Ok(number)
    }

    /// The token that is held while it is good, else another.
    fn token(&self, now: SystemTime) -> Result<Token, NoToken> {
        let held = self.held();
        if let Some(token) = held.good(now) {
            return Ok(token.clone());
        }
        let failure = held.failure.clone().filter(|_| held.renew.is_some_and(|renew| now < renew));
        drop(held);
        failure.map_or_else(|| self.another(now), Err)
    }

    /// Asks for another token once three quarters of its time are over, before librdkafka would. Where nobody is there, nobody
    /// needs one.
    fn renew(&self, now: SystemTime) {
        let due = self.held().renew.is_some_and(|renew| now >= renew);
        if due && !self.clients().addresses.is_empty() {
            // Whoever misses it says why.
            drop(self.another(now));
        }
    }

    /// Nobody waits for an answer who has a token that is good.
    fn another(&self, now: SystemTime) -> Result<Token, NoToken> {
        let answer = (self.ask)();
        let mut held = self.held();
        match answer {
            Ok(token) => {
                if held.failure.is_some() {
                    tracing::info!("tokens are given again");
                }
                let lasts = token.ends.duration_since(now).unwrap_or_default();
                *held = Held { token: Some(token.clone()), renew: Some(now + lasts / 4 * 3), failure: None };
                drop(held);
                self.give_to_all(&token);
                Ok(token)
            }
            Err(failure) => {
                // Who was given one before waits for the next, whatever is wrong for now.
                let failure = match (failure, &held.token) {
                    (NoToken::Refused(text), Some(_)) => NoToken::Unavailable(text),
                    (failure, _) => failure,
                };
                if held.failure.is_none() && held.token.is_some() {
                    tracing::warn!("{failure}; the token that is held is used until it ends");
                }
                (held.renew, held.failure) = (Some(now + RETRY), Some(failure.clone()));
                Err(failure)
            }
        }
    }

    fn give_to_all(&self, token: &Token) {
        let clients = self.clients();
        for (code, said) in clients.addresses.values().filter_map(|address| give(address, token).err()) {
            tracing::warn!(%code, said, "a client does not take the new token");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    fn token(value: impl ToString, ends: SystemTime) -> Token {
        Token { value: value.to_string(), principal: "p".into(), ends }
    }

    fn consumer() -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1").set("group.id", "g").set("security.protocol", "sasl_ssl");
        config.set("sasl.mechanism", "OAUTHBEARER").create().unwrap()
    }

    fn until(what: &str, done: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_token_is_held_renewed_before_its_end_and_good_until_then() {
        let start = SystemTime::now();
        let at = move |second: u64| start + Duration::from_secs(second);
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        // The first token lasts 100 s; the second time the endpoint is away, the third time it refuses.
        let ask = move || match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(token(1, at(100))),
            1 => Err(NoToken::Unavailable("down".into())),
            2 => Err(NoToken::Refused("refused".into())),
            number => Ok(token(number + 1, at(1_000))),
        };
        let tokens = Arc::new(Tokens { ask: Box::new(ask), held: Mutex::default(), clients: Mutex::default() });
        let login = Login(Some(tokens.clone()));
        let client = login.admit(&KafkaSettings::new("127.0.0.1:1"), consumer(), |made| made.client()).map_err(|_| ()).unwrap();
        let no = |text: &str| Err(NoToken::Unavailable(text.to_owned()));
        let cases = [
            (0, Ok("1"), 1),
            (74, Ok("1"), 1),
            (76, Ok("1"), 2),
            (77, Ok("1"), 2),
            // Refused like this at the start it is a wrong setting; later it may be right again.
            (78, Ok("1"), 3),
            (79, Ok("1"), 3),
        ];
        let check = |second: u64, expected: Result<&str, NoToken>, times: u64| {
            tokens.renew(at(second));
            let told = tokens.token(at(second)).map(|token| token.value);
            assert_eq!(told, expected.map(String::from), "{second}");
            assert_eq!(asked.load(Ordering::SeqCst), times, "{second}");
        };
        for (second, expected, times) in cases {
            check(second, expected, times);
        }
        // Past its end, and asked a moment ago.
        tokens.held().renew = Some(at(102));
        check(101, no("refused"), 3);
        check(102, Ok("4"), 4);
        drop(client);
        check(999, Ok("4"), 4);
        assert!(login.missing().is_none());
    }

    #[test]
    fn a_client_that_nobody_polls_is_given_new_tokens_until_it_is_gone() {
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        let ask = move || {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            Ok(token(number, SystemTime::now() + Duration::from_millis(400)))
        };
        let login = Login::asking(Box::new(ask)).map_err(|_| ()).unwrap();
        let settings = KafkaSettings::new("127.0.0.1:1");
        std::thread::sleep(LOOK * 2);
        assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody is there");
        let idle = [(); 2].map(|()| login.admit(&settings, consumer(), |made| made.client()).map_err(|_| ()).unwrap());
        until("renewed", || asked.load(Ordering::SeqCst) > 3);
        let there = Arc::downgrade(login.0.as_ref().unwrap());
        assert_eq!(there.upgrade().unwrap().clients().addresses.len(), 2);
        drop(login);
        drop(idle);
        until("the thread has ended", || there.upgrade().is_none());
    }
}
