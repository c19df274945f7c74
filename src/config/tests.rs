//! The defaults, and every refusal with its place.

use super::*;

fn check(text: &str, expected: &[&str]) {
    let found = Config::read(text).err().map(|errors| errors.to_string()).unwrap_or_default();
    assert_eq!(found, expected.join("\n"), "{text}");
}

#[test]
fn defaults_are_valid_and_complete() {
    let config = Config::defaults().unwrap();
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
    check(
        "[limits]\nbatch_wait = 5\nbatch_records = -1\n",
        &[
            "2:1: unknown key \"limits.batch_wait\"; `config/accrue.toml` lists all keys",
            "3:17: \"batch_records\" must be a whole number from 1 to 1000000",
        ],
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let errors = Config::read("partitions =\n").unwrap_err();
    assert_eq!((errors.0.len(), errors.0[0].line), (1, 1));
}
