//! What is shipped beside the binary is said in its own words: manifests are YAML, command lines parse, configs are valid.

use super::Arguments;
use crate::config::Config;
use clap::Parser;
use std::path::Path;
use yaml_rust2::{Yaml, YamlLoader};

const KUBERNETES: &str = include_str!("../../docs/operations/kubernetes.yml");
const COMPOSE: &str = include_str!("../../docker-compose.yml");

/// `accrue` with these words is something that it knows.
fn parses(words: &[&str]) {
    let parsed = Arguments::try_parse_from(["accrue"].iter().chain(words));
    assert!(parsed.is_ok(), "{words:?}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
}

/// The command lines that the comment at the beginning of a file tells people to type.
fn told(text: &str) -> Vec<&str> {
    let comment = text.lines().take_while(|line| line.starts_with('#'));
    let commands = comment.filter_map(|line| line.strip_prefix("#   accrue "));
    commands.map(|line| line.split(" # ").next().unwrap_or(line).trim()).collect()
}

fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn every_command_line_beside_the_binary_parses() {
    assert_eq!((told(COMPOSE).len(), told(KUBERNETES).len()), (1, 2));
    for line in told(COMPOSE).into_iter().chain(told(KUBERNETES)) {
        parses(&line.split_whitespace().collect::<Vec<_>>());
    }
    let compose = &YamlLoader::load_from_str(COMPOSE).unwrap()[0];
    for service in ["topics", "worker-1", "worker-2"] {
        parses(&compose["services"][service]["command"].as_str().unwrap().split_whitespace().collect::<Vec<_>>());
    }
    parses(&texts(&stateful_set()["spec"]["template"]["spec"]["containers"][0]["args"]));
}

#[test]
fn docker_compose_has_one_broker_topics_two_workers_and_a_prometheus_on_loopback() {
    let compose = &YamlLoader::load_from_str(COMPOSE).unwrap()[0];
    let services = compose["services"].as_hash().unwrap();
    let names: Vec<&str> = services.keys().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, ["kafka", "topics", "worker-1", "worker-2", "prometheus"]);
    let mut instances = Vec::new();
    for (name, service) in services {
        let name = name.as_str().unwrap();
        let ports = if name == "topics" { Vec::new() } else { texts(&service["ports"]) };
        assert!(
            (name == "topics" || !ports.is_empty()) && ports.iter().all(|port| port.starts_with("127.0.0.1:")),
            "{name}: {ports:?}"
        );
        for mounted in service["configs"].as_vec().into_iter().flatten() {
            let source = &compose["configs"][mounted["source"].as_str().unwrap()];
            let file = source["file"].as_str().map(|file| Path::new(env!("CARGO_MANIFEST_DIR")).join(file).is_file());
            assert!(source["content"].as_str().is_some() || file == Some(true), "{name}: {mounted:?}");
        }
        for waited in service["depends_on"].as_hash().into_iter().flatten() {
            assert!(services.contains_key(waited.0), "{name}: {waited:?}");
        }
        if name.starts_with("worker") {
            let config = Config::read(compose["configs"][name]["content"].as_str().unwrap()).unwrap();
            assert_eq!(config.kafka.brokers, "kafka:9094");
            assert_eq!(service["depends_on"]["topics"]["condition"].as_str(), Some("service_completed_successfully"), "{name}");
            assert!(texts(&service["volumes"])[0].ends_with(&format!(":{}", config.kafka.state_directory)), "{name}");
            instances.push(config.kafka.instance_id);
        }
    }
    assert_eq!(instances, ["1", "2"]);
    let built = compose["services"]["topics"]["build"]["dockerfile_inline"].as_str().unwrap();
    assert!(built.contains("\nUSER 10001\n") && built.contains("ca-certificates"), "{built}");
    for worker in ["worker-1", "worker-2"] {
        assert_eq!(compose["services"][worker]["image"], compose["services"]["topics"]["image"]);
    }
}

fn manifests() -> Vec<Yaml> {
    YamlLoader::load_from_str(KUBERNETES).unwrap()
}

fn stateful_set() -> Yaml {
    let found = manifests().into_iter().find(|manifest| manifest["kind"].as_str() == Some("StatefulSet"));
    found.unwrap()
}

#[test]
fn workers_on_kubernetes_have_names_disks_probes_and_no_rights() {
    let (all, set) = (manifests(), stateful_set());
    let kinds: Vec<&str> = all.iter().map(|manifest| manifest["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "Service", "StatefulSet"]);
    assert_eq!(set["spec"]["serviceName"], all[1]["metadata"]["name"]);
    let pod = &set["spec"]["template"]["spec"];
    let worker = &pod["containers"][0];
    for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(worker[probe]["httpGet"]["path"].as_str(), Some(path));
    }
    assert!(pod["terminationGracePeriodSeconds"].as_i64().unwrap() >= 30);
    assert_eq!(pod["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
    let security = &worker["securityContext"];
    assert_eq!(security["readOnlyRootFilesystem"].as_bool(), Some(true));
    assert_eq!(security["allowPrivilegeEscalation"].as_bool(), Some(false));
    let compose = &YamlLoader::load_from_str(COMPOSE).unwrap()[0];
    assert_eq!(worker["image"], compose["services"]["worker-1"]["image"]);
    // Each worker has a config of its own name; the secrets in it are read when it connects.
    let configs = all[0]["data"].as_hash().unwrap();
    assert_eq!(set["spec"]["replicas"].as_i64(), Some(configs.len() as i64));
    let mounts: Vec<&str> =
        worker["volumeMounts"].as_vec().unwrap().iter().map(|mount| mount["mountPath"].as_str().unwrap()).collect();
    assert_eq!(mounts, ["/state", "/etc/accrue", "/run/secrets/accrue"]);
    for (number, (name, text)) in configs.iter().enumerate() {
        let text = text.as_str().unwrap();
        assert_eq!(name.as_str(), Some(format!("accrue-{number}.toml").as_str()));
        let config = Config::read(text).unwrap();
        assert_eq!(config.kafka.instance_id, number.to_string());
        assert_eq!(config.kafka.state_directory, mounts[0]);
        assert!(text.contains(&format!("password_file = \"{}/password\"", mounts[2])), "{text}");
    }
}
