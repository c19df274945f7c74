//! `[topics.NAME]`: how others write a topic that is theirs to write. Avro unless it is said; nothing is guessed.

use super::{Reader, Section};
use crate::domain::topic::Topic;
use crate::wire::{Format, OPEN_TOPICS};

impl Reader<'_> {
    pub(super) fn formats(&mut self, section: &Section<'_>) -> Option<Vec<(Topic, Format)>> {
        let mut formats = Vec::new();
        for topic in OPEN_TOPICS {
            let of_topic = section.table(topic.name())?;
            let (value, _) = of_topic.value("format")?;
            let said = value.get_ref().as_str();
            match Format::ALL.into_iter().find(|format| said == Some(format.name())) {
                Some(format) => formats.push((topic, format)),
                None => self.refuse(value.span(), "\"format\" must be \"avro\", \"json\" or \"either\"".into()),
            }
        }
        Some(formats)
    }
}
