//! `[kafka.security]`: how the wire to Kafka is secured, as properties of the client. Secrets come from files or the
//! environment and are read when a connection is made, the one of a token endpoint whenever that is asked. Kerberos is left
//! out, and refused by name.

use super::{Reader, Section};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use toml::de::DeTable;

const TEXTS: [&str; 16] = [
    "protocol",
    "mechanism",
    "ca_file",
    "certificate_file",
    "key_file",
    "key_password_file",
    "key_password_environment",
    "user_name",
    "password_file",
    "password_environment",
    "token_url",
    "client_id",
    "client_secret_file",
    "client_secret_environment",
    "scope",
    "token_ca_file",
];
/// Those of a mechanism with a password, and those of OAUTHBEARER.
const OF_PASSWORDS: [&str; 3] = ["user_name", "password_file", "password_environment"];
const OF_TOKENS: [&str; 6] =
    ["token_url", "client_id", "client_secret_file", "client_secret_environment", "scope", "token_ca_file"];

/// What is not given is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    texts: BTreeMap<&'static str, String>,
    pub skip_hostname_check: bool,
    pub skip_certificate_check: bool,
    pub plain_token_url: bool,
}

/// Who gives tokens, with what is said there.
pub struct TokenEndpoint {
    pub url: String,
    pub client_id: String,
    pub secret: String,
    /// Empty: none is asked for.
    pub scope: String,
    /// The PEM of the CAs that are trusted, if not the system's.
    pub ca: Option<String>,
}

/// Why a property of `[kafka.client]` is refused there.
pub fn refused_property(key: &str) -> Option<String> {
    let harmless = ["ssl.curves.list", "ssl.sigalgs.list"].contains(&key);
    let secures = ["ssl", "sasl", "enable.ssl", "enable.sasl", "https."].iter().any(|begins| key.starts_with(begins));
    let refused = (secures && !harmless) || key == "security.protocol";
    refused.then(|| format!("\"kafka.client.{key}\" is refused; say it in [kafka.security]"))
}

/// What to write in place of a secret in the config.
pub fn inline_secret(name: &str) -> Option<String> {
    let key = name.strip_prefix("kafka.security.")?;
    ["password", "key_password", "client_secret"].contains(&key).then(|| inline_secret_of(name, key))
}

pub(super) fn inline_secret_of(name: &str, key: &str) -> String {
    format!(
        "\"{name}\" is a secret, which has no place in a config; name a file in {key}_file or a variable in {key}_environment"
    )
}

impl Reader<'_> {
    pub(super) fn security(&mut self, section: &Section<'_>) -> Option<Security> {
        let mut texts = BTreeMap::new();
        for key in TEXTS {
            texts.insert(key, self.text_or_nothing(section, key)?);
        }
        let skip_hostname_check = self.flag(section, "dangerous_skip_hostname_check")?;
        let skip_certificate_check = self.flag(section, "dangerous_skip_certificate_check")?;
        let plain_token_url = self.flag(section, "dangerous_plain_token_url")?;
        let security = Security { texts, skip_hostname_check, skip_certificate_check, plain_token_url };
        for (key, message) in security.faults() {
            // A key that is missing is told at the protocol that asks for it.
            let given = |key: &str| section.given.and_then(|table: &DeTable<'_>| table.get(key));
            let span = given(key).or_else(|| given("protocol")).or_else(|| given("mechanism")).map_or(0..0, |value| value.span());
            self.refuse(span, message);
        }
        Some(security)
    }

    pub(super) fn text_or_nothing(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let (value, _) = section.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.refuse(value.span(), format!("\"{key}\" must be a text"));
        }
        text.map(str::to_owned)
    }

    fn flag(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let (value, _) = section.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.refuse(value.span(), format!("\"{key}\" must be true or false"));
        }
        flag
    }
}

impl Security {
    fn get(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    fn has(&self, key: &str) -> bool {
        !self.get(key).is_empty()
    }

    pub fn is_plaintext(&self) -> bool {
        self.get("protocol") == "plaintext"
    }

    /// What AsyncAPI calls the way to log in, if there is one.
    pub fn scheme(&self) -> Option<&'static str> {
        match self.get("mechanism") {
            "SCRAM-SHA-256" => Some("scramSha256"),
            "SCRAM-SHA-512" => Some("scramSha512"),
            "PLAIN" => Some("plain"),
            // It has more to say than its name.
            "OAUTHBEARER" => None,
            _ => self.has("certificate_file").then_some("X509"),
        }
    }

    /// Where tokens come from, if they are what logs in.
    pub fn token_url(&self) -> Option<&str> {
        self.has_tokens().then(|| self.get("token_url"))
    }

    /// What does not go together, by key.
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut refuse = |wrong: bool, key: &'static str, message: &str| {
            if wrong {
                faults.push((key, message.to_owned()));
            }
        };
        let (protocol, mechanism) = (self.get("protocol"), self.get("mechanism"));
        let sasl = protocol == "sasl_ssl";
        if protocol == "sasl_plaintext" {
            refuse(true, "protocol", "sasl_plaintext shows what is sent to everybody on the way; use \"sasl_ssl\"");
        } else {
            let known = ["plaintext", "ssl", "sasl_ssl"].contains(&protocol);
            refuse(!known, "protocol", "\"protocol\" must be \"plaintext\", \"ssl\" or \"sasl_ssl\"");
        }
        match mechanism {
            "SCRAM-SHA-256" | "SCRAM-SHA-512" | "PLAIN" | "OAUTHBEARER" | "" => {}
            "GSSAPI" => refuse(
                true,
                "mechanism",
                "GSSAPI (Kerberos) is not supported; use \"SCRAM-SHA-512\", \"OAUTHBEARER\", or a client certificate",
            ),
            _ => refuse(
                true,
                "mechanism",
                "\"mechanism\" must be \"SCRAM-SHA-256\", \"SCRAM-SHA-512\", \"PLAIN\" or \"OAUTHBEARER\"",
            ),
        }
        refuse(sasl && mechanism.is_empty(), "mechanism", "sasl_ssl needs \"mechanism\"; say \"SCRAM-SHA-512\"");
        refuse(!sasl && !mechanism.is_empty(), "mechanism", "\"mechanism\" needs protocol = \"sasl_ssl\"");
        let files = ["ca_file", "certificate_file", "key_file", "key_password_file", "key_password_environment"];
        for key in files {
            refuse(protocol == "plaintext" && self.has(key), key, &format!("\"{key}\" needs protocol = \"ssl\" or \"sasl_ssl\""));
        }
        let halves = self.has("certificate_file") != self.has("key_file");
        refuse(halves, "certificate_file", "\"certificate_file\" and \"key_file\" go together; name both");
        let both = self.has("key_password_file") && self.has("key_password_environment");
        refuse(both, "key_password_file", "say one of \"key_password_file\" and \"key_password_environment\"");
        faults.extend(if self.has_tokens() { self.faults_of_tokens() } else { self.faults_of_passwords(sasl) });
        faults
    }

    fn has_tokens(&self) -> bool {
        self.get("mechanism") == "OAUTHBEARER"
    }

    fn faults_of_passwords(&self, sasl: bool) -> Vec<(&'static str, String)> {
        let one = self.has("password_file") != self.has("password_environment");
        let missing = [
            (sasl && !self.has("user_name"), "user_name", "sasl_ssl needs \"user_name\"".to_owned()),
            (sasl && !one, "password_file", "sasl_ssl needs one of \"password_file\" and \"password_environment\"".to_owned()),
        ];
        let outside = OF_PASSWORDS.map(|key| (!sasl && self.has(key), key, format!("\"{key}\" needs protocol = \"sasl_ssl\"")));
        let others = OF_TOKENS.map(|key| (self.has(key), key, format!("\"{key}\" needs mechanism = \"OAUTHBEARER\"")));
        found(missing.into_iter().chain(outside).chain(others))
    }

    fn faults_of_tokens(&self) -> Vec<(&'static str, String)> {
        let url = self.get("token_url");
        let one = self.has("client_secret_file") != self.has("client_secret_environment");
        let secured = url.starts_with("https://") || (self.plain_token_url && url.starts_with("http://"));
        let own = [
            (!self.has("client_id"), "client_id", "OAUTHBEARER needs \"client_id\""),
            (!one, "client_secret_file", "OAUTHBEARER needs one of \"client_secret_file\" and \"client_secret_environment\""),
            (url.is_empty(), "token_url", "OAUTHBEARER needs \"token_url\""),
            (
                !url.is_empty() && !secured,
                "token_url",
                "\"token_url\" must start with \"https://\": the client's secret would be shown on the way",
            ),
            (url.contains('@'), "token_url", "\"token_url\" must not hold a user or a secret; say \"client_id\""),
        ];
        let own = own.map(|(wrong, key, message)| (wrong, key, message.to_owned()));
        let instead = "OAUTHBEARER logs in with \"client_id\" and its secret";
        let others = OF_PASSWORDS.map(|key| (self.has(key), key, format!("\"{key}\" is of other mechanisms; {instead}")));
        found(own.into_iter().chain(others))
    }

    /// Told at every start.
    pub fn warnings(&self) -> Vec<&'static str> {
        let host = "DANGER: dangerous_skip_hostname_check is on: any host with a certificate of the CA can pose as the broker";
        let certificate =
            "DANGER: dangerous_skip_certificate_check is on: anybody can pose as the broker, and read and change all";
        let tokens = "DANGER: dangerous_plain_token_url is on: the client's secret and its tokens may be shown on the way";
        let all = [(self.skip_hostname_check, host), (self.skip_certificate_check, certificate), (self.plain_token_url, tokens)];
        all.into_iter().filter(|(skipped, _)| *skipped).map(|(_, warning)| warning).collect()
    }

    /// The properties of librdkafka, with the secrets; the error says what to do.
    pub fn properties(&self) -> Result<BTreeMap<String, String>, String> {
        let mut properties = BTreeMap::new();
        let mut set = |key: &str, value: &str| drop(properties.insert(key.to_owned(), value.to_owned()));
        set("security.protocol", self.get("protocol"));
        if self.get("protocol") == "plaintext" {
            return Ok(properties);
        }
        set("ssl.endpoint.identification.algorithm", if self.skip_hostname_check { "none" } else { "https" });
        set("enable.ssl.certificate.verification", if self.skip_certificate_check { "false" } else { "true" });
        for (key, property, secret) in [
            ("ca_file", "ssl.ca.location", false),
            ("certificate_file", "ssl.certificate.location", false),
            ("key_file", "ssl.key.location", true),
        ] {
            if self.has(key) {
                file(key, self.get(key), secret)?;
                set(property, self.get(key));
            }
        }
        if let Some(password) = self.secret("key_password_file", "key_password_environment")? {
            set("ssl.key.password", &password);
        }
        if let Some(password) = self.secret("password_file", "password_environment")? {
            set("sasl.mechanism", self.get("mechanism"));
            set("sasl.username", self.get("user_name"));
            set("sasl.password", &password);
        }
        if self.has_tokens() {
            set("sasl.mechanism", "OAUTHBEARER");
        }
        Ok(properties)
    }

    /// Who gives tokens, with the secret as it is now; `None` where another mechanism logs in.
    pub fn token_endpoint(&self) -> Result<Option<TokenEndpoint>, String> {
        if !self.has_tokens() {
            return Ok(None);
        }
        let ca = self.has("token_ca_file").then(|| file("token_ca_file", self.get("token_ca_file"), false)).transpose()?;
        Ok(Some(TokenEndpoint {
            url: self.get("token_url").into(),
            client_id: self.get("client_id").into(),
            secret: self.secret("client_secret_file", "client_secret_environment")?.unwrap_or_default(),
            scope: self.get("scope").into(),
            ca,
        }))
    }

    fn secret(&self, file_key: &str, variable_key: &str) -> Result<Option<String>, String> {
        secret((file_key, self.get(file_key)), (variable_key, self.get(variable_key)))
    }
}

fn found(faults: impl Iterator<Item = (bool, &'static str, String)>) -> Vec<(&'static str, String)> {
    faults.filter(|(wrong, _, _)| *wrong).map(|(_, key, message)| (key, message)).collect()
}

/// What a file or a variable holds, each with its key; empty is not given.
pub(super) fn secret((file_key, path): (&str, &str), (variable_key, variable): (&str, &str)) -> Result<Option<String>, String> {
    let (place, secret) = if !path.is_empty() {
        (format!("{file_key} {path}"), file(file_key, path, true)?)
    } else if !variable.is_empty() {
        let secret = std::env::var(variable);
        (
            format!("{variable_key} {variable}"),
            secret.map_err(|_| format!("{variable_key}: the environment has no {variable}, or it is no UTF-8; set it"))?,
        )
    } else {
        return Ok(None);
    };
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains('\0') {
        return Err(format!("{place}: there is no secret in it; write it there, as one line"));
    }
    Ok(Some(secret.to_owned()))
}

/// The secret in a file that not everybody may read, without the end of its line.
pub fn secret_file(key: &str, path: &str) -> Result<String, String> {
    let secret = file(key, path, true)?;
    Ok(secret.trim_end_matches(['\r', '\n']).to_owned())
}

/// The text of a file; a secret one that everybody may read or write is refused.
pub(super) fn file(key: &str, path: &str, is_secret: bool) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{key}: {path}: {error}; correct the path or the file's permissions");
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if is_secret && mode & 0o006 != 0 {
        return Err(format!(
            "{key}: {path} is open to everybody (mode {:04o}); chmod 0600 {path}, or in Kubernetes defaultMode: 0440",
            mode & 0o7777
        ));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
