//! Scales of a history's clawbacks: how much of what a returned deal earned is taken back by its age; now and then one that cannot be.

use super::*;

impl Making {
    /// Of half of the components that take back at the historic rate. Drawn apart, so that the rest of a history is what it is
    /// without.
    pub(super) fn scale(&mut self) -> Vec<ScaleRow> {
        let mut random = Random(self.random.0 ^ 0x005c_a1e5);
        if random.chance(50) {
            return vec![];
        }
        let mut within_months = 0;
        let mut scale = vec![];
        // Deals are returned up to five months after they are closed.
        for _ in 0..1 + random.below(3) {
            within_months += 1 + random.below(2) as i32;
            let share = *random.pick(&[100_000_000, 100_000_000, 50_000_000, 33_333_333, 12_500_000, 0]);
            scale.push(ScaleRow { within_months, share: Rate(share) });
        }
        if random.chance(96) {
            self.features.count("clawback scale");
            return scale;
        }
        match random.below(3) {
            0 => scale[0].within_months = *random.pick(&[0, 121]),
            1 => scale[0].share = *random.pick(&[Rate(-1), Rate(100_000_001)]),
            _ => scale.push(scale[0]),
        }
        scale
    }
}
