//! What is secret in a configuration is not printed, whatever else is wrong with it.

use std::process::Command;

const CANARY: &str = "canary-7f3a";

fn refused(client: &str, wanted: &str) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("accrue.toml");
    std::fs::write(&config, format!("[kafka]\nbrokers = \"127.0.0.1:1\"\n[kafka.client]\n{client}\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_accrue")).args(["topics", "--config"]).arg(&config).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert_eq!(output.status.code(), Some(78), "{client}: {said}");
    assert!(said.contains(wanted), "{client}: {said}");
    assert!(!said.contains(CANARY), "{client}: {said}");
}

#[test]
fn a_refused_property_does_not_show_its_value() {
    let table = [
        (format!("\"sasl.pasword\" = \"{CANARY}\""), "\"sasl.pasword\" is no property of the client"),
        (format!("\"security.protocol\" = \"{CANARY}\""), "\"security.protocol\" is no property of the client"),
        (format!("\"sasl.password\" = \"{CANARY}"), "accrue.toml"),
        (format!("\"sasl.password\" = [\"{CANARY}\"]"), "sasl.password"),
        (format!("\"sasl.password\" = \"{CANARY}\"\n\"sasl.password\" = \"{CANARY}\""), "accrue.toml"),
    ];
    for (client, wanted) in table {
        refused(&client, wanted);
    }
}
