//! What is shipped beside the binary is said in its own words: command lines parse, configs are valid.

use super::Arguments;
use crate::config::Config;
use clap::Parser;

const KUBERNETES: &str = include_str!("../../docs/operations/kubernetes.yml");
const COMPOSE: &str = include_str!("../../docker-compose.yml");

#[test]
fn the_command_lines_of_docker_compose_parse() {
    let commands: Vec<&str> = COMPOSE.lines().filter_map(|line| line.trim().strip_prefix("command: ")).collect();
    assert_eq!(commands.len(), 2);
    for command in commands {
        let parsed = Arguments::try_parse_from(["accrue"].into_iter().chain(command.split_whitespace()));
        assert!(parsed.is_ok(), "{command}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }
}

#[test]
fn the_workers_of_docker_compose_have_valid_configs_and_names_of_their_own() {
    let contents = COMPOSE.split("    content: |\n").skip(1);
    let config = |content: &str| {
        let lines: Vec<&str> = content.lines().map_while(|line| line.strip_prefix("      ")).collect();
        lines.first().filter(|line| **line == "[kafka]").map(|_| Config::read(&lines.join("\n")).unwrap())
    };
    let names: Vec<String> = contents.filter_map(config).map(|config| config.kafka.instance_id).collect();
    assert_eq!(names, ["1", "2"]);
}

#[test]
fn the_workers_on_kubernetes_have_valid_configs_and_a_command_line_that_parses() {
    let arguments = KUBERNETES.lines().find_map(|line| line.trim().strip_prefix("args: ")).unwrap();
    let arguments: Vec<String> = serde_json::from_str(arguments).unwrap();
    let parsed = Arguments::try_parse_from(["accrue".to_owned()].into_iter().chain(arguments));
    assert!(parsed.is_ok(), "{}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
    let configs = KUBERNETES.split(".toml: |\n").skip(1).map(|text| {
        let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("    ")).collect();
        Config::read(&lines.join("\n"))
    });
    // The secrets of the cluster are not here: nothing but that may be wrong.
    let findings: Vec<String> = configs.filter_map(|config| config.err().map(|errors| errors.to_string())).collect();
    assert!(findings.iter().all(|found| found.contains("/run/secrets/accrue/")), "{findings:?}");
    let names: Vec<&str> = KUBERNETES.lines().filter_map(|line| line.trim().strip_prefix("instance_id = ")).collect();
    assert_eq!(names, ["\"0\"", "\"1\""]);
    assert_eq!(KUBERNETES.lines().find_map(|line| line.trim().strip_prefix("replicas: ")), Some("2"), "one config each");
}
