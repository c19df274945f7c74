//! `[registry]`: where schema ids come from, if not from `schemas/ids.toml`. Its secret comes from a file or the
//! environment and is read when the registry is first asked.

use super::security::{file, inline_secret_of, secret};
use super::{Reader, Section};

/// What is not given is an empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Empty: there is none.
    pub url: String,
    user_name: String,
    password_file: String,
    password_environment: String,
    ca_file: String,
    pub connect_timeout_ms: u64,
    pub timeout_ms: u64,
    pub retry_ms: u64,
}

/// What to write in place of a secret in the config.
pub fn inline_secret(name: &str) -> Option<String> {
    (name.strip_prefix("registry.")? == "password").then(|| inline_secret_of(name, "password"))
}

impl Reader<'_> {
    pub(super) fn registry(&mut self, section: &Section<'_>) -> Option<Registry> {
        let registry = Registry {
            url: self.text_or_nothing(section, "url")?,
            user_name: self.text_or_nothing(section, "user_name")?,
            password_file: self.text_or_nothing(section, "password_file")?,
            password_environment: self.text_or_nothing(section, "password_environment")?,
            ca_file: self.text_or_nothing(section, "ca_file")?,
            connect_timeout_ms: self.number(section, "connect_timeout_ms", 1..60_001)?,
            timeout_ms: self.number(section, "timeout_ms", 1..60_001)?,
            retry_ms: self.number(section, "retry_ms", 1..60_001)?,
        };
        for (key, message) in registry.faults() {
            let given = |key: &str| section.given.and_then(|table| table.get(key));
            let span = given(key).or_else(|| given("url")).or_else(|| given("user_name")).map_or(0..0, |value| value.span());
            self.refuse(span, message.to_owned());
        }
        Some(registry)
    }
}

impl Registry {
    pub fn is_named(&self) -> bool {
        !self.url.is_empty()
    }

    /// What does not go together, by key.
    fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let Registry { url, user_name, password_file, password_environment, ca_file, .. } = self;
        let secure = url.starts_with("https://");
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"].iter().any(|begins| url.starts_with(begins));
        let both = !password_file.is_empty() && !password_environment.is_empty();
        let secret = !password_file.is_empty() || !password_environment.is_empty();
        let logs_in = !user_name.is_empty();
        let all = [
            (
                self.is_named() && !secure && !url.starts_with("http://"),
                "url",
                "\"url\" must start with \"http://\" or \"https://\"",
            ),
            (url.contains('@'), "url", "\"url\" must not hold a user or a secret; say \"user_name\" and \"password_file\""),
            (both, "password_file", "say one of \"password_file\" and \"password_environment\""),
            (logs_in != secret, "user_name", "\"user_name\" goes with one of \"password_file\" and \"password_environment\""),
            (logs_in && !secure && !local, "url", "\"user_name\" needs https: the password would be shown on the way"),
            (!ca_file.is_empty() && !secure, "ca_file", "\"ca_file\" needs a \"url\" that starts with \"https://\""),
        ];
        all.into_iter().filter(|(wrong, _, _)| *wrong).map(|(_, key, message)| (key, message)).collect()
    }

    /// The PEM of the CAs that are trusted, if not the system's.
    pub fn ca_certificates(&self) -> Result<Option<String>, String> {
        if self.ca_file.is_empty() {
            return Ok(None);
        }
        file("ca_file", &self.ca_file, false).map(Some)
    }

    /// User and password, if there are.
    pub fn log_in(&self) -> Result<Option<(&str, String)>, String> {
        let file = ("password_file", self.password_file.as_str());
        let variable = ("password_environment", self.password_environment.as_str());
        Ok(secret(file, variable)?.map(|password| (self.user_name.as_str(), password)))
    }
}
