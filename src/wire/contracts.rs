//! How inputs are written, as a commit record keeps it: under a running state none of it may change, or a replay would
//! read another record than the fold did. Of results it may.

use super::Codec;
use super::published::Published;
use crate::domain::topic::Topic;
use serde::{Deserialize, Serialize};

/// How the records of a topic that others write are written, and results. An input that is not so is rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// What this program writes is Avro, too.
    #[default]
    Avro,
    Json,
    /// Each record is one of the two, told by its first byte; what this program writes is Avro.
    Either,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Avro, Format::Json, Format::Either];

    pub fn name(self) -> &'static str {
        match self {
            Format::Avro => "avro",
            Format::Json => "json",
            Format::Either => "either",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contracts {
    /// By name of the input; Avro where none is given.
    pub formats: Vec<(String, Format)>,
    /// Schema ids are those of a registry, not of `schemas/ids.toml`.
    pub registry: bool,
    /// What the registry said of our own ids, and of others under which something was read.
    pub schemas: Vec<PinnedSchema>,
}

/// An id that was asked for: it means this for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedSchema {
    pub id: u32,
    /// Of its text.
    pub fingerprint: [u8; 16],
}

impl Codec {
    /// How these inputs are read.
    pub fn contracts(&self, inputs: &[Topic]) -> Contracts {
        let formats = inputs.iter().map(|topic| (topic.name().to_owned(), self.format(*topic)));
        let formats = formats.filter(|(_, format)| *format != Format::Avro).collect();
        // What passes between the stages has no schema; but every stage reads facts.
        let open = inputs.iter().any(|topic| Published::of(*topic).is_some());
        Contracts { formats, registry: open && self.has_registry(), schemas: self.pins() }
    }

    /// Why inputs of which something was read like this cannot be read on.
    pub fn contradicts(&self, before: &Contracts, folded: &[Topic]) -> Option<String> {
        let was = |topic: Topic| {
            let found = before.formats.iter().find(|(name, _)| name == topic.name());
            found.map_or(Format::Avro, |(_, format)| *format)
        };
        if before.registry != self.has_registry() && folded.iter().any(|topic| Published::of(*topic).is_some()) {
            let [was, now] = match before.registry {
                true => ["of a registry", "names none: name it again in [registry]"],
                false => ["of schemas/ids.toml", "names a registry, whose ids are others: leave [registry] out"],
            };
            return Some(format!("inputs were folded under schema ids {was} so far, and the config {now}"));
        }
        let changed = folded.iter().find(|topic| self.format(**topic) != was(**topic))?;
        let (name, was, now) = (changed.name(), was(*changed).name(), self.format(*changed).name());
        Some(format!(
            "{name} was folded as {was} so far, and the config says {now}: what lies there would be read as something else; \
             say [topics.{name}] format = \"{was}\""
        ))
    }
}
