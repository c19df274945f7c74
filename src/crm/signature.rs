//! Whether HubSpot sent a webhook: its signature, version 3, over method, address, body and time.
//!
//! The address is the one that HubSpot was told, from the mapping: behind a proxy a request does not say it. Versions 1 and
//! 2 are left out: they do not say when they were made, so that a request could be sent again by whoever saw it.

use crate::config::secret_file;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

/// How old a request may be, and how far its clock may be ahead.
const MAXIMUM_AGE_MS: i64 = 5 * 60 * 1000;
/// What HubSpot signs decoded although it is sent encoded.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// `[webhook]` of a mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address as it stands in HubSpot.
    pub url: String,
    pub secret_file: Option<String>,
    pub secret_environment: Option<String>,
    /// Whose deals are taken: an app that is in several portals signs for all of them.
    pub portal_id: Option<u64>,
}

impl Webhook {
    /// Reads the secret; the error says what to do, and nothing of it.
    pub fn signatures(&self) -> Result<Signatures, String> {
        let secret = match (&self.secret_file, &self.secret_environment) {
            (Some(path), None) => secret_file("secret_file", path)?,
            (None, Some(variable)) => {
                std::env::var(variable).map_err(|_| format!("secret_environment: the environment has no {variable}; set it"))?
            }
            _ => return Err("[webhook] needs one of secret_file and secret_environment".into()),
        };
        if secret.trim().is_empty() {
            return Err("[webhook]: there is no secret in it; write the app's client secret there, as one line".into());
        }
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            return Err("[webhook] url has to be the address as it stands in HubSpot, with https:// in front".into());
        }
        Signatures::new(&self.url, &secret)
    }
}

/// What requests are held against.
pub struct Signatures {
    url: String,
    key: Hmac<Sha256>,
}

impl Signatures {
    fn new(url: &str, secret: &str) -> Result<Signatures, String> {
        let key = Hmac::new_from_slice(secret.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Signatures { url: signed(url), key })
    }

    /// Compares in constant time. `now_ms`: since 1970.
    pub fn admit(&self, signature: &str, timestamp: &str, body: &[u8], now_ms: i64) -> bool {
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let made = timestamp.parse::<i64>().ok().filter(|_| digits);
        let fresh = made.is_some_and(|made| now_ms.abs_diff(made) <= MAXIMUM_AGE_MS.unsigned_abs());
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let mut mac = self.key.clone();
        for part in [b"POST", self.url.as_bytes(), body, timestamp.as_bytes()] {
            mac.update(part);
        }
        mac.verify_slice(&signature).is_ok() && fresh
    }
}

/// The address as it is signed.
fn signed(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    DECODED
        .iter()
        .fold(url.to_owned(), |url, (encoded, plain)| url.replace(encoded, plain).replace(&encoded.to_ascii_lowercase(), plain))
}
