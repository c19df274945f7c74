//! `[topics.NAME]`: how a topic is written, by others or, of results, by accrue. Avro unless it is said; of inputs nothing is
//! guessed.

use super::{Config, Reader, Section};
use crate::domain::topic::Topic;
use crate::wire::{Format, OPEN_TOPICS, RESULT_TOPICS};

impl Config {
    pub fn format(&self, topic: Topic) -> Format {
        self.formats.iter().find(|(of, _)| *of == topic).map_or(Format::Avro, |(_, format)| *format)
    }
}

impl Reader<'_> {
    pub(super) fn formats(&mut self, section: &Section<'_>) -> Option<Vec<(Topic, Format)>> {
        let mut formats = Vec::new();
        for topic in OPEN_TOPICS.into_iter().chain(RESULT_TOPICS) {
            let of_topic = section.table(topic.name())?;
            let (value, _) = of_topic.value("format")?;
            let said = value.get_ref().as_str();
            // Where accrue alone writes, the first byte of a record tells which of the two it is.
            let is_known = |format: &Format| OPEN_TOPICS.contains(&topic) || *format != Format::Either;
            match Format::ALL.into_iter().filter(is_known).find(|format| said == Some(format.name())) {
                Some(format) => formats.push((topic, format)),
                None if OPEN_TOPICS.contains(&topic) => {
                    self.refuse(value.span(), "\"format\" must be \"avro\", \"json\" or \"either\"".into());
                }
                None => {
                    let what = format!("\"format\" of {} must be \"avro\" or \"json\": accrue alone writes it", topic.name());
                    self.refuse(value.span(), what);
                }
            }
        }
        Some(formats)
    }
}
