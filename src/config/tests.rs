//! The defaults, and every refusal with its place.

use super::*;

fn check(text: &str, expected: &[&str]) {
    let found = Config::read(text).err().map(|errors| errors.to_string()).unwrap_or_default();
    assert_eq!(found, expected.join("\n"), "{text}");
}

#[test]
fn defaults_are_valid_and_complete() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.limits.memory_bytes(), 256 << 20, "config/accrue.toml says so");
    assert_eq!((config.partitions, config.limits.batch_records), (4, 20_000));
    assert_eq!(config.kafka.topic_prefix, "accrue.");
    assert_eq!(Config::read(DEFAULTS).unwrap(), config);
}

#[test]
fn a_given_key_wins_and_the_rest_stays() {
    let text = "partitions = 2\n[limits]\nbatch_wait_ms = 5\n[kafka.client]\n\"client.rack\" = \"a\"\n";
    let config = Config::read(text).unwrap();
    assert_eq!((config.partitions, config.limits.batch_wait_ms, config.limits.batch_records), (2, 5, 20_000));
    assert_eq!(config.kafka.client["client.rack"], "a");
}

#[test]
fn refusals_name_line_and_column_all_at_once() {
    check("partition = 4\n", &["1:1: unknown key \"partition\"; `config/accrue.toml` lists all keys"]);
    check("partitions = 0\n", &["1:14: \"partitions\" must be a whole number from 1 to 1000"]);
    check("partitions = \"4\"\n", &["1:14: \"partitions\" must be a whole number from 1 to 1000"]);
    check("limits = 4\n", &["1:10: \"limits\" must be a table"]);
    check("[kafka]\nbrokers = \"\"\n", &["2:11: \"brokers\" must be a text that is not empty"]);
    check("[kafka.client]\nacks = 1\n", &["2:8: \"kafka.client.acks\" must be a text"]);
    for secures in ["enable.ssl.certificate.verification", "enable.sasl.oauthbearer.unsecure.jwt", "ssl_ca", "https.ca.pem"] {
        let refused = format!("2:1: \"kafka.client.{secures}\" is refused; say it in [kafka.security]");
        check(&format!("[kafka.client]\n\"{secures}\" = \"true\"\n"), &[&refused]);
    }
    assert!(Config::read("[kafka.client]\n\"enable.sparse.connections\" = \"false\"\n").is_ok());
    check(
        "[limits]\nbatch_wait = 5\nbatch_records = -1\n",
        &[
            "2:1: unknown key \"limits.batch_wait\"; `config/accrue.toml` lists all keys",
            "3:17: \"batch_records\" must be a whole number from 1 to 1000000",
        ],
    );
}

#[test]
fn a_source_of_events_is_a_uri_reference() {
    for (source, fault) in [
        ("a b", "' ' must be percent-encoded"),
        ("http://exämple", "'ä' must be percent-encoded"),
        ("a%2", "\"%\" must be followed by two hexadecimal digits"),
        ("a%zz", "\"%\" must be followed by two hexadecimal digits"),
        ("a#b#c", "\"#\" may be there once"),
        ("1a:b", "\"1a\" is no scheme"),
        (":b", "\"\" is no scheme"),
    ] {
        let example = "a URI-reference like \"https://comp.example/accrue\" or \"/accrue\"";
        let refused = format!("1:23: \"cloud_events_source\" must be {example}: {fault}");
        check(&format!("cloud_events_source = \"{source}\"\n"), &[&refused]);
    }
    check("cloud_events_source = 1\n", &["1:23: \"cloud_events_source\" must be a text"]);
    for source in ["", "accrue", "/a/b:c", "urn:accrue:comp", "https://comp.example/a%20b?c#d", "//[::1]/x"] {
        let config = Config::read(&format!("cloud_events_source = \"{source}\"\n")).unwrap();
        assert_eq!(config.event_source, source);
    }
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let errors = Config::read("partitions =\n").unwrap_err();
    assert_eq!((errors.0.len(), errors.0[0].line), (1, 1));
}

#[test]
fn a_topic_has_a_format_that_is_known() {
    let config = Config::read("[topics.deal-closed]\nformat = \"json\"\n").unwrap();
    let json: Vec<Topic> = config.formats.iter().filter(|(_, format)| *format == Format::Json).map(|(topic, _)| *topic).collect();
    assert_eq!(json, [Topic::DealClosed]);
    let known = "\"format\" must be \"avro\", \"json\" or \"either\"";
    check("[topics.quota-changed]\nformat = \"csv\"\n", &[&format!("2:10: {known}")]);
    check("[topics]\ndeal-settled = { format = 1 }\n", &[&format!("2:27: {known}")]);
    check("[topics.facts]\nformat = \"json\"\n", &["1:9: unknown key \"topics.facts\"; `config/accrue.toml` lists all keys"]);
    let config = Config::read("[topics.payout]\nformat = \"json\"\n").unwrap();
    assert_eq!([Topic::Payout, Topic::Accrual].map(|topic| config.format(topic)), [Format::Json, Format::Avro]);
    let either = "2:10: \"format\" of payout-run must be \"avro\" or \"json\": accrue alone writes it";
    check("[topics.payout-run]\nformat = \"either\"\n", &[either]);
}

#[test]
fn a_registry_that_cannot_be_is_refused() {
    let check = |text: &str, expected: &str| check(&format!("[registry]\n{text}\n"), &[expected]);
    assert!(!Config::defaults().unwrap().registry.is_named());
    check("url = \"registry:8081\"", "2:7: \"url\" must start with \"http://\" or \"https://\"");
    check(
        "url = \"http://kim:secret@registry\"",
        "2:7: \"url\" must not hold a user or a secret; say \"user_name\" and \"password_file\"",
    );
    check(
        "password = \"secret\"",
        "2:1: \"registry.password\" is a secret, which has no place in a config; name a file in password_file or a variable \
         in password_environment",
    );
    let pair = "\"user_name\" goes with one of \"password_file\" and \"password_environment\"";
    check("url = \"https://r\"\nuser_name = \"kim\"", &format!("3:13: {pair}"));
    check("url = \"https://r\"\npassword_file = \"p\"", &format!("2:7: {pair}"));
    check(
        "url = \"http://r\"\nuser_name = \"kim\"\npassword_file = \"p\"",
        "2:7: \"user_name\" needs https: the password would be shown on the way",
    );
    check("url = \"http://r\"\nca_file = \"ca\"", "3:11: \"ca_file\" needs a \"url\" that starts with \"https://\"");
    check("url = \"http://r\"\ntimeout_ms = 0", "3:14: \"timeout_ms\" must be a whole number from 1 to 60000");
    assert!(Config::read("[registry]\nurl = \"http://127.0.0.1:1/a\"\nuser_name = \"k\"\npassword_file = \"p\"\n").is_ok());
}
