//! What is secret in a configuration is not printed, whatever else is wrong with it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const CANARY: &str = "canary-7f3a";

/// The config in a directory that has `open` and `secret`, files with the canary, and `empty`.
fn refused(text: &str, wanted: &str) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content, mode) in [("open", CANARY, 0o644), ("secret", CANARY, 0o600), ("empty", "\n", 0o600)] {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::write(directory.path().join("accrue.toml"), format!("[kafka]\nbrokers = \"127.0.0.1:1\"\n{text}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
    let output = command.args(["topics", "--config", "accrue.toml"]).current_dir(&directory).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert_eq!(output.status.code(), Some(78), "{text}: {said}");
    assert!(said.replace('\n', " ").contains(wanted), "{text}: {said}");
    assert!(!said.contains(CANARY), "{text}: {said}");
}

#[test]
fn a_refused_property_does_not_show_its_value() {
    let table = [
        (
            format!("\"sasl.password\" = \"{CANARY}\""),
            "4:1: \"kafka.client.sasl.password\" is refused; say it in [kafka.security]",
        ),
        (format!("\"security.protocol\" = \"{CANARY}\""), "\"kafka.client.security.protocol\" is refused"),
        ("\"enable.ssl.certificate.verification\" = \"false\"".into(), "verification\" is refused"),
        (format!("\"ssl_ca\" = \"{CANARY}\""), "\"kafka.client.ssl_ca\" is refused"),
        (format!("\"client.rak\" = \"{CANARY}\""), "\"client.rak\" is no property of the client"),
        (format!("\"check.crcs\" = \"{CANARY}\""), "\"check.crcs\" is no property of the client"),
        (format!("\"sasl.password\" = \"{CANARY}"), "accrue.toml"),
        (format!("\"sasl.password\" = [\"{CANARY}\"]"), "sasl.password"),
        (format!("\"sasl.password\" = \"{CANARY}\"\n\"sasl.password\" = \"{CANARY}\""), "accrue.toml"),
    ];
    for (client, wanted) in table {
        refused(&format!("[kafka.client]\n{client}"), wanted);
    }
}

#[test]
fn security_that_cannot_be_is_refused_and_says_what_to_do() {
    let login = "protocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\nuser_name = \"accrue\"\n";
    let token =
        "protocol = \"sasl_ssl\"\nmechanism = \"OAUTHBEARER\"\ntoken_url = \"https://127.0.0.1:1/t\"\nclient_id = \"accrue\"\n";
    let table = [
        (format!("password = \"{CANARY}\""), "4:1: \"kafka.security.password\" is a secret, which has no place in a config"),
        (format!("key_password = \"{CANARY}\""), "name a file in key_password_file"),
        ("protocol = \"sasl_plaintext\"".into(), "4:12: sasl_plaintext shows what is sent"),
        ("protocol = \"tls\"".into(), "\"protocol\" must be \"plaintext\", \"ssl\" or \"sasl_ssl\""),
        ("protocol = \"sasl_ssl\"\nmechanism = \"GSSAPI\"".into(), "5:13: GSSAPI (Kerberos) is not supported"),
        (format!("client_secret = \"{CANARY}\""), "4:1: \"kafka.security.client_secret\" is a secret, which has no place"),
        (token.into(), "needs one of \"client_secret_file\" and \"client_secret_environment\""),
        (format!("{token}client_secret_file = \"open\""), "client_secret_file: open is open to everybody (mode 0644)"),
        (format!("{token}client_secret_file = \"secret\"\ntoken_ca_file = \"secret\""), "token_ca_file: there is no certificate"),
        (format!("{token}password_file = \"secret\""), "\"password_file\" is of other mechanisms"),
        (token.replace("https", "http"), "\"token_url\" must start with \"https://\""),
        (token.replace("https://", "https://a:b@"), "\"token_url\" must not hold a user or a secret"),
        (token.replace("client_id = \"accrue\"\n", ""), "OAUTHBEARER needs \"client_id\""),
        ("scope = \"kafka\"".into(), "4:9: \"scope\" needs mechanism = \"OAUTHBEARER\""),
        ("protocol = \"sasl_ssl\"\nmechanism = \"MD5\"".into(), "\"mechanism\" must be \"SCRAM-SHA-256\""),
        (login.into(), "needs one of \"password_file\" and \"password_environment\""),
        (format!("{login}password_file = \"open\""), "password_file: open is open to everybody (mode 0644); chmod 0600 open"),
        (format!("{login}password_file = \"none\""), "password_file: none: No such file"),
        (format!("{login}password_file = \"empty\""), "password_file empty: there is no secret in it"),
        (format!("{login}password_environment = \"ACCRUE_NONE\""), "the environment has no ACCRUE_NONE"),
        (format!("{login}password_file = \"secret\"\nca_file = \"none\""), "ca_file: none: No such file"),
        (format!("{login}password_file = \"secret\"\nca_file = \"secret\""), "ssl.ca.location"),
        ("protocol = \"ssl\"\ncertificate_file = \"secret\"".into(), "\"certificate_file\" and \"key_file\" go together"),
        ("ca_file = \"secret\"".into(), "\"ca_file\" needs protocol"),
        ("dangerous_skip_hostname_check = \"yes\"".into(), "must be true or false"),
        (
            "dangerous_skip_hostname_check = true\nprotocol = \"ssl\"\nca_file = \"secret\"".into(),
            "DANGER: dangerous_skip_hostname_check is on",
        ),
    ];
    for (security, wanted) in table {
        refused(&format!("[kafka.security]\n{security}"), wanted);
    }
}
