//! The topics by role. The log's seam turns a role into a name (prefix from config) and settings.

/// Every topic that accrue reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// In, key deal_id: one full revision of a deal.
    DealClosed,
    /// In, key payee_id: a quota stated, changed or withdrawn.
    QuotaChanged,
    /// In, key deal_id: what was invoiced, collected or refunded for a deal.
    DealSettled,
    /// In, key payee_id: a manual adjustment of credit, earning or pay.
    AdjustmentMade,
    /// In, one partition: organisation, plans, measures, calendar, closes and releases. Its offset is the world's version.
    Facts,
    /// Internal: packed credits from crediting to earning, by the payee's partition.
    Credits,
    /// Internal: what each source and earning partition did for a close.
    Closes,
    /// Internal: payouts of a close before its release.
    PayoutDraft,
    /// Internal, compacted: state and commit records of crediting.
    CreditingChangelog,
    /// Internal, compacted: state and commit records of earning.
    EarningChangelog,
    /// Out, compacted: what leaderboards read.
    Attainment,
    /// Out, key payee_id: changes of earned totals.
    Accrual,
    /// Out, key payee_id: what payroll pays.
    Payout,
    /// Out, key run_id: the run of a release, so that payroll can tell a complete one.
    PayoutRun,
    /// In, key payee_id: what payroll says about payouts. No stage reads it: whoever asks compares it with them.
    PayoutAcknowledged,
    /// Out, compacted, key payee_id: names for boards; the only personal data.
    Payee,
    /// Out: rejected, parked and resumed records with the reason in headers.
    Rejected,
}

impl Topic {
    pub const ALL: [Topic; 17] = [
        Topic::DealClosed,
        Topic::QuotaChanged,
        Topic::DealSettled,
        Topic::AdjustmentMade,
        Topic::Facts,
        Topic::Credits,
        Topic::Closes,
        Topic::PayoutDraft,
        Topic::CreditingChangelog,
        Topic::EarningChangelog,
        Topic::Attainment,
        Topic::Accrual,
        Topic::Payout,
        Topic::PayoutRun,
        Topic::PayoutAcknowledged,
        Topic::Payee,
        Topic::Rejected,
    ];

    /// The name without its prefix.
    pub fn name(self) -> &'static str {
        match self {
            Topic::DealClosed => "deal-closed",
            Topic::QuotaChanged => "quota-changed",
            Topic::DealSettled => "deal-settled",
            Topic::AdjustmentMade => "adjustment-made",
            Topic::Facts => "facts",
            Topic::Credits => "credits",
            Topic::Closes => "closes",
            Topic::PayoutDraft => "payout-draft",
            Topic::CreditingChangelog => "crediting-changelog",
            Topic::EarningChangelog => "earning-changelog",
            Topic::Attainment => "attainment",
            Topic::Accrual => "accrual",
            Topic::Payout => "payout",
            Topic::PayoutRun => "payout-run",
            Topic::PayoutAcknowledged => "payout-acknowledged",
            Topic::Payee => "payee",
            Topic::Rejected => "rejected",
        }
    }

    pub fn from_name(name: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// Compacted topics keep the newest record of a key; all others keep everything, but for `credits`, which is trimmed
    /// behind earning.
    pub fn compacted(self) -> bool {
        matches!(self, Topic::CreditingChangelog | Topic::EarningChangelog | Topic::Attainment | Topic::Payee)
    }

    /// How many partitions it has where the others have `partitions`: some have one, because their order is global.
    pub fn partitions(self, partitions: u32) -> u32 {
        if matches!(self, Topic::Facts | Topic::Closes | Topic::PayoutRun) { 1 } else { partitions }
    }
}

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub topic: Topic,
    pub partition: u32,
    pub offset: u64,
}

/// The partition of a key: murmur2 as Kafka's Java clients compute it, so that their producers co-partition with ours.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    for (place, byte) in rest.iter().enumerate().rev() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_its_name() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_name(topic.name()), Some(topic));
        }
        assert_eq!(Topic::from_name("deals"), None);
    }

    /// The cases of Kafka's own `UtilsTest`.
    #[test]
    fn keys_are_partitioned_as_kafkas_java_clients_do_it() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
            assert_eq!(partition_of(key.as_bytes(), 1_000), (hash & 0x7fff_ffff) as u32 % 1_000, "{key}");
        }
    }
}
