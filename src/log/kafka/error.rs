//! Errors of the Kafka client by what must be done about them.

use super::KafkaSettings;
use super::acl::{Acl, Operation, ResourceType};
use crate::log::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::DeliveryResult;
use rdkafka::types::RDKafkaErrorCode;

/// The error of a call named by `doing`, which changes nothing when it is not heard.
pub fn explain(settings: &KafkaSettings, doing: &str, error: &KafkaError) -> LogError {
    if let KafkaError::Transaction(transaction) = error {
        if transaction.txn_requires_abort() {
            return LogError::Abort(format!("{doing}: {error}; the transaction is aborted and tried again"));
        }
        if transaction.is_fatal() && !fenced(transaction.code()) {
            return LogError::Doubt(format!("{doing}: {error}; the producer is made anew and the state restored"));
        }
    }
    explain_code(settings, doing, code(error), &said(error))
}

/// The error of a call that these ACLs allow, one for each type of resource. Only a user who has them all hears of anything else.
pub fn explain_needing(settings: &KafkaSettings, doing: &str, needs: &[&Acl], error: &KafkaError) -> LogError {
    let refused = code(error).and_then(unauthorized);
    match needs.iter().find(|acl| Some(acl.resource) == refused) {
        Some(acl) => lacks(doing, std::slice::from_ref(*acl)),
        None => explain(settings, doing, error),
    }
}

/// This user may not do something; the broker does not say what would allow it, so this does.
pub fn lacks(doing: &str, acls: &[Acl]) -> LogError {
    let described = acls.iter().any(|acl| acl.operation == Operation::Describe);
    let acls: Vec<String> = acls.iter().map(ToString::to_string).collect();
    let acls = acls.join(", and ");
    let acls = if described { format!("{acls} (which --operation Read and --operation Write include)") } else { acls };
    LogError::Settings(format!(
        "{doing}: this user lacks the ACL {acls}; add it with kafka-acls, or all of its role, which `accrue topics --acls` prints"
    ))
}

/// The type of resource that a user may not use.
pub fn unauthorized(code: Code) -> Option<ResourceType> {
    match code {
        Code::TopicAuthorizationFailed => Some(ResourceType::Topic),
        Code::GroupAuthorizationFailed => Some(ResourceType::Group),
        Code::TransactionalIdAuthorizationFailed => Some(ResourceType::TransactionalId),
        _ => None,
    }
}

/// What the client says, without the value of a property: it may be a password.
pub fn said(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, property, _) => {
            format!("\"{property}\" is no property of the client, or not with the value that is given")
        }
        other => other.to_string(),
    }
}

/// No broker answered, for the reason among what the client met.
pub fn unreachable(settings: &KafkaSettings, error: &KafkaError, complaints: &[Code]) -> LogError {
    let (brokers, seconds) = (&settings.brokers, settings.request_timeout().as_secs_f32());
    let met = |code| complaints.contains(&code) || error.rdkafka_error_code() == Some(code);
    if let Some(why) = settings.login.missing() {
        return LogError::Unavailable(no_token(brokers, &why));
    }
    if met(Code::Authentication) || met(Code::SaslAuthenticationFailed) {
        return LogError::Settings(refused(settings));
    }
    if met(Code::SSL) {
        return LogError::Settings(format!(
            "no TLS with the Kafka brokers at {brokers}; look whether ca_file in [kafka.security] has the CA of their certificates, \
             whether these are in date and for the names in brokers, whether certificate_file is one that they take, and at protocol"
        ));
    }
    LogError::Unavailable(format!(
        "no Kafka broker answers at {brokers} within {seconds} s ({}); start it, or correct brokers, or \
         protocol and certificate_file in [kafka.security]",
        said(error)
    ))
}

fn refused(settings: &KafkaSettings) -> String {
    let what = match settings.login.has_tokens() {
        true => "mechanism, client_id and scope in [kafka.security], and at what the brokers ask of a token",
        false => "mechanism, user_name and the password in [kafka.security]",
    };
    format!("the Kafka brokers at {} refuse the log-in; look at {what}", settings.brokers)
}

fn no_token(brokers: &str, why: &str) -> String {
    format!("nobody can log in at the Kafka brokers at {brokers}: {why}")
}

/// The error of a commit: whatever is not clearly an abort may have taken effect.
pub fn explain_commit(settings: &KafkaSettings, right: &Acl, error: &KafkaError) -> LogError {
    match explain_needing(settings, "commit", &[right], error) {
        LogError::Unavailable(what) => {
            LogError::Doubt(format!("{what}; whether the commit took effect is not known until the log is read again"))
        }
        other => other,
    }
}

pub fn explain_code(settings: &KafkaSettings, doing: &str, code: Option<Code>, text: &str) -> LogError {
    let brokers = &settings.brokers;
    match code {
        Some(code) if fenced(code) => {
            LogError::Fenced(format!("{doing}: {text}; another worker has taken over, let that one go on"))
        }
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => LogError::TooLarge(format!(
            "{doing}: {text}; raise maximum_record_bytes and the topic's max.message.bytes, or make the record smaller"
        )),
        Some(Code::IllegalGeneration | Code::UnknownMemberId | Code::RebalanceInProgress | Code::StaleMemberEpoch) => {
            LogError::Abort(format!("{doing}: {text}; the group has changed, the transaction is tried again"))
        }
        // A client may tell late, when others have logged in with the next token for long.
        Some(Code::SaslAuthenticationFailed | Code::Authentication) if settings.login.has_tokens() => {
            let why = settings.login.missing().map_or_else(|| refused(settings), |why| no_token(brokers, &why));
            LogError::Unavailable(format!("{doing}: {text}; {why}"))
        }
        Some(code) if lasting(code) => {
            LogError::Settings(format!("{doing}: {text}; correct the topics or the permissions at {brokers}"))
        }
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => LogError::Settings(format!(
            "{doing}: {text}; the log no longer has the position that was asked for: restore the topic from a backup"
        )),
        Some(Code::MessageTimedOut) => LogError::Abort(format!("{doing}: {text}; the transaction is aborted and tried again")),
        _ => LogError::Unavailable(match settings.login.missing() {
            Some(why) => format!("{doing}: {text}; {}", no_token(brokers, &why)),
            None => format!("{doing}: {text}; look whether the Kafka brokers at {brokers} are up and can be reached from here"),
        }),
    }
}

fn fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch | Code::FencedInstanceId | Code::UnreleasedInstanceId
    )
}

fn lasting(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::InvalidReplicationFactor
            | Code::InvalidConfig
            | Code::PolicyViolation
    )
}

pub fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::Transaction(transaction) => Some(transaction.code()),
        other => other.rdkafka_error_code(),
    }
}

/// Why a message did not arrive.
pub fn undelivered(result: &DeliveryResult<'_>) -> Option<(Option<RDKafkaErrorCode>, String)> {
    let (error, _) = result.as_ref().err()?;
    Some((error.rdkafka_error_code(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::kafka::{Login, NoToken};
    use rdkafka::types::RDKafkaRespErr;
    use std::collections::BTreeMap;

    /// Every code of the client.
    fn codes() -> impl Iterator<Item = Code> {
        (-250..250)
            .filter_map(|number| RDKafkaRespErr::try_from(number).ok())
            .map(Code::from)
            .filter(|code| *code != Code::NoError)
    }

    fn word(error: &LogError) -> &'static str {
        match error {
            LogError::Abort(_) => "abort",
            LogError::Doubt(_) => "the outcome of the commit is not known",
            LogError::Fenced(_) => "fenced",
            LogError::Unavailable(_) => "not to be had",
            LogError::TooLarge(_) => "too large",
            LogError::Storage(_) => "storage failed",
            LogError::Settings(_) => "settings wrong",
        }
    }

    /// The table of ARCHITECTURE.md: what is answered, by the name of the code; or what else is where tokens log in.
    fn stated(with_tokens: bool) -> BTreeMap<String, String> {
        let text = include_str!("../../../ARCHITECTURE.md");
        let (_, table) = text.split_once("| the client says |").expect("the table of errors");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
        let cells = cells.filter(|row| row[1].contains("token") == with_tokens);
        let named = |row: Vec<&str>| {
            let codes: Vec<String> = row[1].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            codes.into_iter().map(|code| (code, row[2].to_owned())).collect::<Vec<_>>()
        };
        cells.flat_map(named).collect()
    }

    /// Holds every code to what is stated; how many are.
    fn named(settings: &KafkaSettings, stated: &BTreeMap<String, String>) -> usize {
        let right = Acl::transactional_id("accrue");
        let mut named = 0;
        for code in codes() {
            let answer = stated.get(&format!("{code:?}"));
            named += usize::from(answer.is_some());
            let answer = answer.map_or("not to be had", String::as_str);
            assert_eq!(word(&explain_code(settings, "send", Some(code), "it failed")), answer, "{code:?}");
            assert_eq!(word(&explain(settings, "ask", &KafkaError::MetadataFetch(code))), answer, "{code:?}");
            // What of a commit was not heard may have happened.
            let answer = if answer == "not to be had" { "the outcome of the commit is not known" } else { answer };
            assert_eq!(word(&explain_commit(settings, &right, &KafkaError::MetadataFetch(code))), answer, "{code:?}");
        }
        named
    }

    #[test]
    fn each_error_is_answered_as_the_architecture_says() {
        let settings = KafkaSettings::new("localhost:9092");
        let login = Login::asking(Box::new(|| Err(NoToken::Unavailable("it is away".into())))).map_err(|_| ()).unwrap();
        let tokens = KafkaSettings { login, ..settings.clone() };
        let (stated, with_tokens) = (stated(false), stated(true));
        assert!(stated.len() > 30 && with_tokens.len() == 2 && codes().count() > 100, "{stated:?} {with_tokens:?}");
        assert_eq!(named(&settings, &stated), stated.len(), "a code that the client does not have");
        // Who connects first looks at what the client met on the way: a log-in or a TLS that fails is a setting.
        for code in codes() {
            let first = matches!(code, Code::SSL | Code::SaslAuthenticationFailed | Code::Authentication);
            let answer = unreachable(&settings, &KafkaError::MetadataFetch(Code::BrokerTransportFailure), &[code]);
            assert_eq!(word(&answer), if first { "settings wrong" } else { "not to be had" }, "{code:?}");
        }
        let all = stated.into_iter().chain(with_tokens).collect();
        assert_eq!(named(&tokens, &all), all.len(), "a code that the client does not have");
    }
}
