//! The schemas of the topics that others write or read, each with those that it had before, as they are committed in
//! `schemas/`.

use super::avro::Direction;
use crate::domain::topic::Topic;
use std::collections::BTreeMap;

/// A topic's schema.
pub struct Published {
    pub topic: Topic,
    pub direction: Direction,
    pub text: &'static str,
    /// Those before it, by their ids in `schemas/ids.toml`, the oldest first.
    pub earlier: &'static [(u32, &'static str)],
}

impl Published {
    /// Also the name of its file.
    pub fn name(&self) -> &'static str {
        self.topic.name()
    }

    pub fn of(topic: Topic) -> Option<&'static Published> {
        PUBLISHED.iter().find(|published| published.topic == topic)
    }
}

const fn written(topic: Topic, text: &'static str) -> Published {
    Published { topic, direction: Direction::Backward, text, earlier: &[] }
}

const fn read(topic: Topic, text: &'static str) -> Published {
    Published { topic, direction: Direction::Full, text, earlier: &[] }
}

/// The ids of `schemas/ids.toml`, by name.
pub fn ids() -> Result<BTreeMap<String, u32>, toml::de::Error> {
    toml::from_str(include_str!("../../schemas/ids.toml"))
}

pub static PUBLISHED: [Published; 11] = [
    written(Topic::DealClosed, include_str!("../../schemas/deal-closed.avsc")),
    written(Topic::QuotaChanged, include_str!("../../schemas/quota-changed.avsc")),
    written(Topic::DealSettled, include_str!("../../schemas/deal-settled.avsc")),
    written(Topic::AdjustmentMade, include_str!("../../schemas/adjustment-made.avsc")),
    written(Topic::PayoutAcknowledged, include_str!("../../schemas/payout-acknowledged.avsc")),
    Published {
        earlier: &[
            (3, include_str!("../../schemas/history/facts.3.avsc")),
            (9, include_str!("../../schemas/history/facts.9.avsc")),
            (12, include_str!("../../schemas/history/facts.12.avsc")),
            (16, include_str!("../../schemas/history/facts.16.avsc")),
            (18, include_str!("../../schemas/history/facts.18.avsc")),
            (20, include_str!("../../schemas/history/facts.20.avsc")),
            (22, include_str!("../../schemas/history/facts.22.avsc")),
            (34, include_str!("../../schemas/history/facts.34.avsc")),
            (40, include_str!("../../schemas/history/facts.40.avsc")),
            (28, include_str!("../../schemas/history/facts.28.avsc")),
            (31, include_str!("../../schemas/history/facts.31.avsc")),
            (46, include_str!("../../schemas/history/facts.46.avsc")),
            (47, include_str!("../../schemas/history/facts.47.avsc")),
            (48, include_str!("../../schemas/history/facts.48.avsc")),
            (49, include_str!("../../schemas/history/facts.49.avsc")),
            (50, include_str!("../../schemas/history/facts.50.avsc")),
            (51, include_str!("../../schemas/history/facts.51.avsc")),
            (52, include_str!("../../schemas/history/facts.52.avsc")),
            (53, include_str!("../../schemas/history/facts.53.avsc")),
        ],
        ..written(Topic::Facts, include_str!("../../schemas/facts.avsc"))
    },
    Published {
        earlier: &[(4, include_str!("../../schemas/history/attainment.4.avsc"))],
        ..read(Topic::Attainment, include_str!("../../schemas/attainment.avsc"))
    },
    Published {
        earlier: &[(5, include_str!("../../schemas/history/accrual.5.avsc"))],
        ..read(Topic::Accrual, include_str!("../../schemas/accrual.avsc"))
    },
    Published {
        earlier: &[(6, include_str!("../../schemas/history/payout.6.avsc"))],
        ..read(Topic::Payout, include_str!("../../schemas/payout.avsc"))
    },
    Published {
        earlier: &[(7, include_str!("../../schemas/history/payout-run.7.avsc"))],
        ..read(Topic::PayoutRun, include_str!("../../schemas/payout-run.avsc"))
    },
    read(Topic::Payee, include_str!("../../schemas/payee.avsc")),
];
