//! What is shipped beside the binary is said in its own words: command lines parse, configs are valid.

use super::Arguments;
use crate::config::Config;
use clap::Parser;

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
