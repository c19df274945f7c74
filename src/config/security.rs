//! `[kafka.security]`: how the wire to Kafka is secured, as properties of the client. Secrets come from files or the
//! environment and are read when a connection is made. OAUTHBEARER and Kerberos are left out, and refused by name.

use super::{Reader, Section};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use toml::de::DeTable;

const TEXTS: [&str; 10] = [
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
];

/// What is not given is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    texts: BTreeMap<&'static str, String>,
    pub skip_hostname_check: bool,
    pub skip_certificate_check: bool,
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
    ["password", "key_password"].contains(&key).then(|| inline_secret_of(name, key))
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
        let security = Security { texts, skip_hostname_check, skip_certificate_check };
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
            _ => self.has("certificate_file").then_some("X509"),
        }
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
        let (secret, sasl) = ("password_file", protocol == "sasl_ssl");
        if protocol == "sasl_plaintext" {
            refuse(true, "protocol", "sasl_plaintext shows what is sent to everybody on the way; use \"sasl_ssl\"");
        } else {
            let known = ["plaintext", "ssl", "sasl_ssl"].contains(&protocol);
            refuse(!known, "protocol", "\"protocol\" must be \"plaintext\", \"ssl\" or \"sasl_ssl\"");
        }
        match mechanism {
            "SCRAM-SHA-256" | "SCRAM-SHA-512" | "PLAIN" | "" => {}
            "OAUTHBEARER" | "GSSAPI" => refuse(
                true,
                "mechanism",
                "OAUTHBEARER and GSSAPI (Kerberos) are not supported; use \"SCRAM-SHA-512\", or a client certificate",
            ),
            _ => refuse(true, "mechanism", "\"mechanism\" must be \"SCRAM-SHA-256\", \"SCRAM-SHA-512\" or \"PLAIN\""),
        }
        refuse(sasl && mechanism.is_empty(), "mechanism", "sasl_ssl needs \"mechanism\"; say \"SCRAM-SHA-512\"");
        refuse(!sasl && !mechanism.is_empty(), "mechanism", "\"mechanism\" needs protocol = \"sasl_ssl\"");
        refuse(sasl && !self.has("user_name"), "user_name", "sasl_ssl needs \"user_name\"");
        let passwords = usize::from(self.has(secret)) + usize::from(self.has("password_environment"));
        refuse(sasl && passwords != 1, secret, "sasl_ssl needs one of \"password_file\" and \"password_environment\"");
        for key in ["user_name", secret, "password_environment"] {
            refuse(!sasl && self.has(key), key, &format!("\"{key}\" needs protocol = \"sasl_ssl\""));
        }
        let files = ["ca_file", "certificate_file", "key_file", "key_password_file", "key_password_environment"];
        for key in files {
            refuse(protocol == "plaintext" && self.has(key), key, &format!("\"{key}\" needs protocol = \"ssl\" or \"sasl_ssl\""));
        }
        let halves = self.has("certificate_file") != self.has("key_file");
        refuse(halves, "certificate_file", "\"certificate_file\" and \"key_file\" go together; name both");
        let both = self.has("key_password_file") && self.has("key_password_environment");
        refuse(both, "key_password_file", "say one of \"key_password_file\" and \"key_password_environment\"");
        faults
    }

    /// Told at every start.
    pub fn warnings(&self) -> Vec<&'static str> {
        let host = "DANGER: dangerous_skip_hostname_check is on: any host with a certificate of the CA can pose as the broker";
        let certificate =
            "DANGER: dangerous_skip_certificate_check is on: anybody can pose as the broker, and read and change all";
        let all = [(self.skip_hostname_check, host), (self.skip_certificate_check, certificate)];
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
        Ok(properties)
    }

    fn secret(&self, file_key: &str, variable_key: &str) -> Result<Option<String>, String> {
        secret((file_key, self.get(file_key)), (variable_key, self.get(variable_key)))
    }
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
