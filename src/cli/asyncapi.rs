//! `accrue export asyncapi`: every topic as AsyncAPI 3.0, with the names, partitions and settings that a config gives it.
//!
//! What is in and what is out is said from where accrue stands. Results that are JSON have a JSON Schema; leaves out one of the
//! line of `accrue ingest`.

use super::kafka;
use crate::config::Config;
use crate::domain::topic::Topic;
use crate::wire::json::json_schema;
use crate::wire::published::{self, Published};
use crate::wire::{Format, OPEN_TOPICS, cloud_event, envelope, rejected, trace};
use serde_json::{Map, Value, json};

const BINDING: &str = "0.5.0";
const AVRO: &str = "application/vnd.apache.avro+json;version=1.9.0";

/// What a topic is to others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Others write it.
    In,
    /// Others read it.
    Out,
    /// `accrue publish` and its like write it, and whoever knows its schema may read it.
    Stated,
    /// It passes between accrue's own workers, and may look otherwise in every version.
    Internal,
}

/// What a topic is for, its message's name, and its key.
fn about(topic: Topic) -> (Use, &'static str, &'static str, &'static str) {
    const OF_DEAL: &str = "deal_id";
    const OF_PAYEE: &str = "payee_id";
    match topic {
        Topic::DealClosed => (Use::In, "DealClosed", OF_DEAL, "Full revisions of deals."),
        Topic::QuotaChanged => (Use::In, "QuotaChanged", OF_PAYEE, "Quotas that are stated, changed or withdrawn."),
        Topic::DealSettled => (Use::In, "DealSettled", OF_DEAL, "What is invoiced, collected or refunded for deals."),
        Topic::AdjustmentMade => (Use::In, "AdjustmentMade", OF_PAYEE, "What people add by hand."),
        Topic::PayoutAcknowledged => (Use::In, "PayoutAcknowledged", OF_PAYEE, "What payroll says about payouts."),
        Topic::Facts => {
            (Use::Stated, "Fact", "kind:id", "What the company states: plans, people, calendar, closes and releases.")
        }
        Topic::Payee => (Use::Stated, "PayeeName", OF_PAYEE, "Names for boards; the only personal data."),
        Topic::Attainment => {
            (Use::Out, "Attainment", "payee|measure|calendar|interval", "Where measured sums stand; what leaderboards read.")
        }
        Topic::Accrual => (Use::Out, "Accrual", OF_PAYEE, "Changes of what is earned; what statements read."),
        Topic::Payout => (Use::Out, "Payout", OF_PAYEE, "What payroll pays, once it is released."),
        Topic::PayoutRun => (Use::Out, "PayoutRun", "run_id", "Released runs, so that payroll can tell a complete one."),
        Topic::Rejected => {
            (Use::Out, "Rejected", "that of the record", "Records that are rejected, wait, or have resumed, and why.")
        }
        Topic::Credits => (Use::Internal, "Credits", "none", "Packed credits on their way from crediting to earning."),
        Topic::Closes => (Use::Internal, "CloseNote", "close_id", "What each partition did for a close."),
        Topic::PayoutDraft => (Use::Internal, "PayoutDraft", OF_PAYEE, "Payouts of a close before its release."),
        Topic::CreditingChangelog => {
            (Use::Internal, "CreditingState", "that of the state", "States and commit records of crediting.")
        }
        Topic::EarningChangelog => (Use::Internal, "EarningState", "that of the state", "States and commit records of earning."),
    }
}

/// The document of a config.
pub fn document(config: &Config) -> anyhow::Result<Value> {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for topic in Topic::ALL {
        let (used, message, _, _) = about(topic);
        let name = topic.name();
        channels.insert(name.into(), channel(config, topic));
        messages.insert(message.into(), self::message(config, topic)?);
        let mut operate = |action: &str| {
            let channel = format!("#/channels/{name}");
            let operation = json!({
                "action": action,
                "channel": {"$ref": channel},
                "messages": [{"$ref": format!("{channel}/messages/{message}")}],
            });
            operations.insert(format!("{action}{message}"), operation);
        };
        if used != Use::Out {
            operate("receive");
        }
        if used != Use::In {
            operate("send");
        }
    }
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "accrue",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Deals and quotas in, attainment, accruals and payouts out, exactly once. Results are written in \
                            transactions: read them with isolation.level = read_committed. Partitions are murmur2 of the key. \
                            What others write may be CloudEvents 1.0 in binary mode, and carry W3C trace context.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": "in"}, {"name": "out"}, {"name": "internal"}],
        },
        "servers": servers(config),
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }))
}

fn servers(config: &Config) -> Value {
    let security = &config.kafka.security;
    let mut server = json!({
        "protocol": if security.is_plaintext() { "kafka" } else { "kafka-secure" },
        "description": "A broker to begin with.",
    });
    if let Some(scheme) = security.scheme() {
        server["security"] = json!([{"type": scheme}]);
    }
    if let Some(url) = security.token_url() {
        let flow = json!({"tokenUrl": url, "availableScopes": {}});
        server["security"] = json!([{"type": "oauth2", "flows": {"clientCredentials": flow}}]);
    }
    if config.registry.is_named() {
        let url = &config.registry.url;
        let registry = json!({"schemaRegistryUrl": url, "schemaRegistryVendor": "confluent", "bindingVersion": BINDING});
        server["bindings"] = json!({"kafka": registry});
    }
    let named = config.kafka.brokers.split(',').enumerate().map(|(place, host)| {
        let mut server = server.clone();
        server["host"] = json!(host.trim());
        (format!("broker-{}", place + 1), server)
    });
    Value::Object(named.collect())
}

fn channel(config: &Config, topic: Topic) -> Value {
    let (used, message, _, summary) = about(topic);
    let tag = match used {
        Use::In | Use::Stated => "in",
        Use::Out => "out",
        Use::Internal => "internal",
    };
    json!({
        "address": format!("{}{}", config.kafka.topic_prefix, topic.name()),
        "summary": summary,
        "tags": [{"name": tag}],
        "messages": {message: {"$ref": format!("#/components/messages/{message}")}},
        "bindings": {"kafka": {
            "partitions": topic.partitions(config.partitions),
            "replicas": config.kafka.replication,
            "topicConfiguration": configuration(config, topic),
            "bindingVersion": BINDING,
        }},
    })
}

/// A topic's settings, with the types that the binding has for them.
fn configuration(config: &Config, topic: Topic) -> Value {
    let typed = |(key, value): (&str, String)| {
        let number = value.parse::<i64>().map(Value::from);
        let typed = if key == "cleanup.policy" { json!([value]) } else { number.unwrap_or_else(|_| json!(value)) };
        (key.to_owned(), typed)
    };
    Value::Object(kafka::topic_settings(config, topic).into_iter().map(typed).collect())
}

fn message(config: &Config, topic: Topic) -> anyhow::Result<Value> {
    let (used, name, key, summary) = about(topic);
    let mut binding = json!({"bindingVersion": BINDING});
    if key != "none" {
        binding["key"] = json!({"type": "string", "description": key});
    }
    let mut message = json!({"name": name, "title": name, "summary": summary});
    if let Some(published) = Published::of(topic) {
        written(config, published, &mut message, &mut binding)?;
    } else if topic == Topic::Rejected {
        message["contentType"] = json!("application/octet-stream");
        message["headers"] = headers();
    }
    if used == Use::Out && !config.event_source.is_empty() {
        say_event(config, topic, &mut message["headers"]);
    }
    if used == Use::Internal {
        message["contentType"] = json!("application/octet-stream");
        message["description"] = json!("It has no schema, and another version of accrue may write it otherwise.");
    }
    message["bindings"] = json!({"kafka": binding});
    Ok(message)
}

/// How a value is written: Avro under a schema, or JSON.
fn written(config: &Config, published: &Published, message: &mut Value, binding: &mut Value) -> anyhow::Result<()> {
    let schema: Value = serde_json::from_str(published.text)?;
    let format = config.format(published.topic);
    if format == Format::Json {
        message["contentType"] = json!(cloud_event::JSON);
        if OPEN_TOPICS.contains(&published.topic) {
            message["description"] = json!("The line of JSON that `accrue ingest` takes.");
        } else {
            message["description"] = schema["doc"].clone();
            message["payload"] = json_schema(&schema);
        }
        return Ok(());
    }
    message["contentType"] = json!(cloud_event::AVRO);
    message["description"] = match format {
        Format::Either => json!("Avro, or the line of JSON that `accrue ingest` takes, told by the first byte."),
        _ => schema["doc"].clone(),
    };
    message["payload"] = json!({"schemaFormat": AVRO, "schema": schema});
    binding["schemaIdLocation"] = json!("payload");
    binding["schemaIdPayloadEncoding"] = json!("confluent");
    if config.registry.is_named() {
        binding["schemaLookupStrategy"] = json!("TopicNameStrategy");
    } else if let Some(id) = published::ids()?.get(published.name()) {
        binding["x-schema-id"] = json!(id);
    }
    Ok(())
}

/// The headers of CloudEvents beside those that there are.
fn say_event(config: &Config, topic: Topic, headers: &mut Value) {
    let text = |description: &str| json!({"type": "string", "description": description});
    let constant = |value: &str| json!({"type": "string", "const": value});
    if headers.is_null() {
        *headers = json!({"type": "object", "properties": {}, "required": []});
    }
    let fixed = [
        (cloud_event::VERSION, constant("1.0")),
        (cloud_event::ID, text("The same for the same result, and no other's.")),
        (cloud_event::SOURCE, constant(&config.event_source)),
        (envelope::TYPE, constant(&envelope::event_type(topic))),
        (cloud_event::CONTENT_TYPE, constant(envelope::data_type(topic, config.format(topic)))),
    ];
    let others = [
        (envelope::SUBJECT, text("The record's key.")),
        (envelope::TIME, text("When the newest event occurred that it covers.")),
        (trace::PARENT, text("W3C trace context of the record that caused it, as it came.")),
        (trace::STATE, text("Beside traceparent.")),
    ];
    if let Some(required) = headers["required"].as_array_mut() {
        required.extend(fixed.iter().map(|(name, _)| json!(name)));
    }
    for (name, schema) in fixed.into_iter().chain(others) {
        headers["properties"][name] = schema;
    }
}

/// Of a rejected record, as those of Kafka Connect's dead letters.
fn headers() -> Value {
    let about = [
        (rejected::TOPIC, "The topic of the record, without its prefix."),
        (rejected::PARTITION, "Its partition."),
        (rejected::OFFSET, "Its offset."),
        (rejected::REASON, "The reason's code; `accrue explain` has them."),
        (rejected::MESSAGE, "What is wrong, in words."),
        (rejected::KIND, "rejected, parked or resumed."),
        (rejected::FIELD, "The field that is wrong."),
        (rejected::BYTES, "Length of the whole value."),
        (rejected::HASH, "BLAKE3 of the whole value, in hexadecimal digits."),
    ];
    let properties = about.map(|(name, description)| (name.to_owned(), json!({"type": "string", "description": description})));
    let required = about.map(|(name, _)| name);
    json!({"type": "object", "properties": Map::from_iter(properties), "required": required})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn repository(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    /// As `accrue export asyncapi` prints it.
    fn printed(config: &str) -> String {
        serde_json::to_string_pretty(&document(&Config::read(config).unwrap()).unwrap()).unwrap() + "\n"
    }

    fn faults(document: &Value) -> Vec<String> {
        let text = std::fs::read_to_string(repository("vendor/asyncapi/3.0.0.json")).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::draft7::new(&schema).unwrap();
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn what_is_committed_is_what_the_defaults_export() {
        let committed = std::fs::read_to_string(repository("schemas/asyncapi.json")).unwrap_or_default();
        assert!(committed == printed(""), "write it anew: accrue export asyncapi > schemas/asyncapi.json");
    }

    #[test]
    fn documents_are_valid_by_the_official_schema() {
        let [plain, secured, json, tokens] = [
            "",
            "partitions = 12\n[kafka]\nbrokers = \"b1:9092, b2:9092\"\nreplication = 5\n[kafka.security]\n\
             protocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\nuser_name = \"u\"\npassword_file = \"/p\"\n\
             [registry]\nurl = \"https://registry:8081\"\n",
            "cloud_events_source = \"/accrue\"\n[topics]\ndeal-closed = { format = \"json\" }\npayout-run = { format = \"json\" }\nquota-changed = { format = \"either\" }\n\
             [kafka.security]\nprotocol = \"ssl\"\ncertificate_file = \"/c\"\nkey_file = \"/k\"\n",
            "[kafka.security]\nprotocol = \"sasl_ssl\"\nmechanism = \"OAUTHBEARER\"\ntoken_url = \"https://login/token\"\n\
             client_id = \"c\"\nclient_secret_file = \"/s\"\n",
        ]
        .map(|text| document(&Config::read(text).unwrap()).unwrap());
        for document in [&plain, &secured, &json, &tokens] {
            assert_eq!(faults(document), Vec::<String>::new());
            assert_eq!(document["channels"].as_object().unwrap().len(), Topic::ALL.len());
        }
        assert_eq!(secured["servers"]["broker-2"]["host"], "b2:9092");
        assert_eq!(secured["servers"]["broker-1"]["security"][0]["type"], "scramSha512");
        assert_eq!(secured["channels"]["payout"]["bindings"]["kafka"]["partitions"], 12);
        assert_eq!(secured["channels"]["payout-run"]["bindings"]["kafka"]["partitions"], 1);
        assert_eq!(json["servers"]["broker-1"]["security"][0]["type"], "X509");
        let flows = &tokens["servers"]["broker-1"]["security"][0]["flows"];
        assert_eq!(flows["clientCredentials"]["tokenUrl"], "https://login/token");
        assert_eq!(json["components"]["messages"]["DealClosed"]["contentType"], "application/json");
        assert_eq!(json["components"]["messages"]["DealClosed"].get("payload"), None);
        let run = &json["components"]["messages"]["PayoutRun"];
        assert_eq!(
            (&run["contentType"], &run["headers"]["properties"]["content-type"]["const"]),
            (&"application/json".into(), &"application/json".into())
        );
        assert_eq!(
            (&run["payload"]["properties"]["records"]["type"], run["bindings"]["kafka"].get("schemaIdLocation")),
            (&"integer".into(), None)
        );
        let [accrual, rejected] = ["Accrual", "Rejected"].map(|of| &json["components"]["messages"][of]["headers"]["properties"]);
        assert_eq!((&accrual["ce_type"]["const"], &accrual["ce_source"]["const"]), (&"accrue.accrual".into(), &"/accrue".into()));
        assert!(rejected["accrue.kind"].is_object() && rejected["ce_id"].is_object(), "{rejected}");
        assert!(plain["components"]["messages"]["Accrual"].get("headers").is_none());
        assert!(plain["components"]["messages"]["Payout"]["payload"]["schema"]["fields"].is_array());
        // The schema would notice.
        let mut broken = plain.clone();
        broken["components"]["messages"]["Payout"]["payload"]["schema"]["fields"] = json!("none");
        broken["channels"]["payout"]["bindings"]["kafka"]["partitions"] = json!(0);
        broken["operations"]["sendPayout"]["action"] = json!("write");
        assert!(faults(&broken).len() >= 3, "{:?}", faults(&broken));
    }
}
