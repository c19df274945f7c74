//! Positions that a log no longer has: whose they are, where the log begins and ends now, and what to do about it.
//!
//! The client's error names neither topic nor partition, so they are looked for once it has come.

use super::Kafka;
use crate::domain::topic::Topic;
use crate::log::{Client, LogError};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Whether a broker has refused a position.
pub fn refuses_position(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(Code::AutoOffsetReset | Code::OffsetOutOfRange))
}

/// The first of a group's inputs whose committed position the log no longer has.
pub fn lost_input(kafka: &Kafka, group: &str, inputs: impl Iterator<Item = (Topic, u32)>) -> Option<LogError> {
    let mut inputs = inputs;
    inputs.find_map(|(topic, partition)| {
        let position = kafka.committed(group, topic, partition).ok()??;
        let (start, end) = (kafka.start(topic, partition).ok()?, kafka.high_watermark(topic, partition).ok()?);
        lost(&kafka.settings().name(topic), partition, position, start, end)
    })
}

/// What is said of a position that does not lie between a log's start and end.
pub fn lost(name: &str, partition: u32, position: u64, start: u64, end: u64) -> Option<LogError> {
    let what = match position {
        _ if position < start => format!("begins at {start}: {} records were deleted before they were read", start - position),
        _ if position > end => format!("ends at {end}: {} records that were read are gone", position - end),
        _ => return None,
    };
    Some(LogError::Settings(format!(
        "{name}, partition {partition}, is to be read from {position} on, but {what}; bring the topic back from a backup or a \
         mirror, and look who deletes records of it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_lost_in_front_of_the_start_and_behind_the_end() {
        for (position, found) in [(3, false), (5, false), (7, false)] {
            assert_eq!(lost("deal-closed", 1, position, 3, 7).is_some(), found, "{position}");
        }
        let said = |position| lost("deal-closed", 1, position, 3, 7).map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(
            said(1),
            "deal-closed, partition 1, is to be read from 1 on, but begins at 3: 2 records were deleted before they were read; \
             bring the topic back from a backup or a mirror, and look who deletes records of it"
        );
        assert!(said(9).contains("is to be read from 9 on, but ends at 7: 2 records that were read are gone; "), "{}", said(9));
    }
}
