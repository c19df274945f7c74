//! A token endpoint: it gives a client that knows the secret an unsecured token, as Kafka's own validator takes it, for so
//! many seconds, unless it is away.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use openssl::ssl::SslAcceptor;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What every token begins with.
pub const BEGINS: &str = "eyJhbGciOiJub25lIn0.";

#[derive(Default)]
struct State {
    away: AtomicBool,
    given: AtomicU32,
    /// Questions that were not answered, while it was away.
    missed: AtomicU32,
}

pub struct TokenEndpoint {
    pub url: String,
    state: Arc<State>,
}

impl TokenEndpoint {
    /// Where there is none.
    pub fn nowhere(address: &str) -> TokenEndpoint {
        TokenEndpoint { url: format!("http://{address}/token"), state: Arc::default() }
    }

    /// While it is away it closes every connection.
    pub fn set_away(&self, away: bool) {
        self.state.away.store(away, Ordering::SeqCst);
    }

    pub fn given(&self) -> u32 {
        self.state.given.load(Ordering::SeqCst)
    }

    pub fn missed(&self) -> u32 {
        self.state.missed.load(Ordering::SeqCst)
    }
}

/// Of the client `accrue worker` with this secret; over TLS where it has a certificate.
pub fn serve(secret: &str, lasts_seconds: u64, tls: Option<SslAcceptor>) -> TokenEndpoint {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}/token", listener.local_addr().unwrap());
    let state = Arc::new(State::default());
    // Client id and secret are encoded as a form has them.
    let wanted = format!("authorization: Basic {}", BASE64_STANDARD.encode(format!("accrue%20worker:{secret}")));
    let shared = state.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if shared.away.load(Ordering::SeqCst) {
                shared.missed.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            // A client that went away asks again, and so does one that does not take the certificate.
            let Ok(mut stream) = stream else { continue };
            match &tls {
                None => drop(answer(&mut stream, &wanted, lasts_seconds, &shared.given)),
                Some(tls) => {
                    drop(tls.accept(stream).map(|mut stream| answer(&mut stream, &wanted, lasts_seconds, &shared.given)));
                }
            }
        }
    });
    TokenEndpoint { url, state }
}

fn answer(stream: &mut (impl Read + Write), wanted: &str, lasts_seconds: u64, given: &AtomicU32) -> std::io::Result<()> {
    let mut bytes = [0; 4_096];
    let mut request = String::new();
    while !request.ends_with("grant_type=client_credentials&scope=kafka%20write") {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => request += &String::from_utf8_lossy(&bytes[..count]),
        }
    }
    let (status, body) = if request.lines().any(|line| line == wanted) {
        given.fetch_add(1, Ordering::SeqCst);
        (200, format!(r#"{{"access_token":"{}","token_type":"Bearer","expires_in":{lasts_seconds}}}"#, token(lasts_seconds)))
    } else {
        (401, r#"{"error":"invalid_client"}"#.to_owned())
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn token(lasts_seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"accrue-worker","iat":{now},"exp":{}}}"#, now + lasts_seconds);
    format!("{BEGINS}{}.", BASE64_URL_SAFE_NO_PAD.encode(claims))
}
