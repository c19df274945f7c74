//! Where tokens of OAUTHBEARER come from: the token endpoint of an OpenID or OAuth 2.0 provider, asked for client credentials
//! (RFC 6749, 4.4). Leaves out other grants, and client authentication by anything but a secret.

use crate::config::TokenEndpoint;
use crate::log::kafka::{NoToken, Token};
use crate::registry::agent;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use ureq::http::Request;

/// Until a connection is there, and of a whole request.
const CONNECT: Duration = Duration::from_secs(2);
const REQUEST: Duration = Duration::from_secs(5);
/// A token that is said to last longer is asked for again after this.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 1 << 20;

/// What a provider answers, as far as it is looked at.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Denied {
    error: String,
    error_description: String,
}

/// Asks for a token. What is told of a failure never holds the secret or a token.
pub fn ask(endpoint: &TokenEndpoint) -> Result<Token, NoToken> {
    let url = endpoint.url.as_str();
    let wrong = |what: String| NoToken::Refused(format!("kafka.security.{what}"));
    let agent = agent(endpoint.ca.as_deref(), "token_ca_file", CONNECT, REQUEST).map_err(wrong)?;
    let log_in = format!("{}:{}", encoded(&endpoint.client_id), encoded(&endpoint.secret));
    let mut form = String::from("grant_type=client_credentials");
    if !endpoint.scope.is_empty() {
        form += &format!("&scope={}", encoded(&endpoint.scope));
    }
    let request = Request::post(url)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Basic {}", BASE64_STANDARD.encode(log_in)))
        .body(form);
    let request = request.map_err(|error| NoToken::Refused(format!("{url}: {error}; correct token_url in [kafka.security]")))?;
    let asked = SystemTime::now();
    let unavailable = |error: ureq::Error| {
        let what = "start it, or look at token_url and token_ca_file in [kafka.security]";
        NoToken::Unavailable(format!("the token endpoint {url} is not to be had: {error}; {what}"))
    };
    let mut response = agent.run(request).map_err(unavailable)?;
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_string().map_err(unavailable)?;
    judged(endpoint, asked, status, &text)
}

fn judged(endpoint: &TokenEndpoint, asked: SystemTime, status: u16, text: &str) -> Result<Token, NoToken> {
    let url = &endpoint.url;
    if status == 200 {
        let granted: Granted = serde_json::from_str(text).map_err(|_| {
            let what = "is none with access_token, token_type and expires_in; correct token_url in [kafka.security]";
            NoToken::Refused(format!("the answer of the token endpoint {url} {what}"))
        })?;
        if !granted.token_type.eq_ignore_ascii_case("bearer") || granted.expires_in == 0 {
            let what = "gives no bearer token that lasts; look at how this client is set up there";
            return Err(NoToken::Refused(format!("the token endpoint {url} {what}")));
        }
        let ends = asked + Duration::from_secs(granted.expires_in).min(LONGEST);
        return Ok(Token { value: granted.access_token, principal: endpoint.client_id.clone(), ends });
    }
    let denied: Denied = serde_json::from_str(text).unwrap_or_default();
    let said = format!("{status} {} {}", denied.error, denied.error_description);
    let said = said.trim_end();
    Err(match status {
        408 | 429 | 500..=599 => NoToken::Unavailable(format!("the token endpoint {url} answers {said}")),
        _ => NoToken::Refused(format!(
            "the token endpoint {url} gives no token: {said}; look at token_url, client_id, its secret and scope in [kafka.security]"
        )),
    })
}

/// As a form has it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_tokens_or_reasons() {
        let endpoint = TokenEndpoint {
            url: "URL".into(),
            client_id: "accrue".into(),
            secret: "canary-secret".into(),
            scope: String::new(),
            ca: None,
        };
        let check = |status: u16, text: &str, expected: &str| {
            let asked = SystemTime::UNIX_EPOCH;
            let told = match judged(&endpoint, asked, status, text) {
                Ok(token) => format!("{} until {}", token.value, token.ends.duration_since(asked).unwrap().as_secs()),
                Err(NoToken::Unavailable(text)) => format!("unavailable: {text}"),
                Err(NoToken::Refused(text)) => format!("refused: {text}"),
            };
            assert!(told.starts_with(expected) && !told.contains("canary"), "{status} {text}: {told}");
        };
        let none = "refused: the answer of the token endpoint URL is none with access_token, token_type and expires_in; correct";
        let given =
            |kind: &str, lasts: &str| format!(r#"{{"access_token":"t","token_type":"{kind}","expires_in":{lasts},"x":1}}"#);
        check(200, "", none);
        check(200, r#"{"access_token":"canary-token","token_type":"Bearer"}"#, none);
        check(200, &given("Bearer", "-1"), none);
        check(200, &given("Bearer", "0"), "refused: the token endpoint URL gives no bearer token that lasts");
        check(200, &given("mac", "60"), "refused: the token endpoint URL gives no bearer token that lasts");
        check(200, &given("bearer", "60"), "t until 60");
        check(200, &given("Bearer", "18446744073709551615"), "t until 31536000");
        check(
            401,
            r#"{"error":"invalid_client"}"#,
            "refused: the token endpoint URL gives no token: 401 invalid_client; look at",
        );
        check(
            400,
            "<html>canary",
            "refused: the token endpoint URL gives no token: 400; look at token_url, client_id, its secret",
        );
        check(
            503,
            r#"{"error":"busy","error_description":"later"}"#,
            "unavailable: the token endpoint URL answers 503 busy later",
        );
        assert_eq!(encoded("a b+c/ü"), "a%20b%2Bc%2F%C3%BC");
    }
}
