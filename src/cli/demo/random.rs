//! The demo's randomness: splitmix64, so that a seed means the same on every machine for ever.

/// A stream of numbers that a seed and a place determine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a purpose (a constant of the caller) and an index.
    pub fn of(seed: u64, purpose: u64, index: u64) -> Random {
        let mut random = Random(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.0 = random.next() ^ index.wrapping_mul(0xa076_1d64_78bd_642f);
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T], fallback: T) -> T {
        of.get(self.below(of.len() as u64) as usize).copied().unwrap_or(fallback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut random = Random::of(7, 1, 0);
        let numbers = [random.next(), random.next()];
        let mut again = Random::of(7, 1, 0);
        assert_eq!(numbers, [again.next(), again.next()]);
        assert_ne!(numbers[0], Random::of(8, 1, 0).next());
        assert_ne!(numbers[0], Random::of(7, 2, 0).next());
        assert_ne!(numbers[0], Random::of(7, 1, 1).next());
    }

    #[test]
    fn below_stays_below() {
        let mut random = Random::of(1, 1, 1);
        assert!((0..1_000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
    }
}
