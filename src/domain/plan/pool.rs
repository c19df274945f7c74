//! How a pool is divided among those of a team who are on the plan.
//!
//! Leaves out who they are (`world`), and what the pool amounts to (`reward`).

use crate::domain::money::Amount;
use ethnum::U256;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolShare {
    /// To the minor unit; what is left over goes to the first by id.
    Equal,
    /// In proportion to this parameter of each, by largest remainder, of equal ones to the first by id.
    ByParameter(String),
}

/// One of those who share a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharer<'p> {
    pub payee_id: &'p str,
    /// The parameter that divides it, if one does.
    pub number: Option<Amount>,
}

/// Why a pool cannot be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undivided<'p> {
    /// This payee has no such parameter.
    Lacks(&'p str),
    /// Those of all are zero.
    Nothing,
}

impl PoolShare {
    /// The parameter that it reads of each who shares it.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            PoolShare::Equal => None,
            PoolShare::ByParameter(name) => Some(name),
        }
    }

    /// What the payee at a place gets of a pool of minor units, of those who share it in order of ids.
    pub fn of<'p>(&self, pool: i64, place: usize, sharers: &[Sharer<'p>]) -> Result<i64, Undivided<'p>> {
        if pool == 0 {
            return Ok(0);
        }
        let number = |sharer: &Sharer<'p>| match self {
            PoolShare::Equal => Ok(1),
            // Parameters are never negative.
            PoolShare::ByParameter(_) => {
                sharer.number.map_or(Err(Undivided::Lacks(sharer.payee_id)), |of| Ok(of.0.unsigned_abs()))
            }
        };
        let numbers = sharers.iter().map(number).collect::<Result<Vec<u128>, _>>()?;
        let total = numbers.iter().fold(U256::ZERO, |sum, number| sum + U256::from(*number));
        if total == U256::ZERO {
            return Err(Undivided::Nothing);
        }
        // At most 64 bits times 128, and a team is small.
        let shared = |number: &u128| U256::from(pool.unsigned_abs()) * U256::from(*number);
        let remainder = |place: usize| (Reverse(shared(&numbers[place]) % total), place);
        let whole = numbers.iter().fold(U256::ZERO, |sum, number| sum + shared(number) / total);
        let before = (0..numbers.len()).filter(|other| remainder(*other) < remainder(place)).count();
        let more = U256::from(before as u64) < U256::from(pool.unsigned_abs()) - whole;
        let part = numbers.get(place).map_or(U256::ZERO, |number| shared(number) / total) + U256::from(u8::from(more));
        Ok(part.as_i64() * pool.signum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharers<'p>(numbers: &[Option<i128>]) -> Vec<Sharer<'p>> {
        let ids = ["al", "bo", "cy", "dan"];
        numbers.iter().zip(ids).map(|(number, payee_id)| Sharer { payee_id, number: number.map(Amount) }).collect()
    }

    #[test]
    fn a_pool_is_divided_to_the_cent() {
        let check = |share: &PoolShare, pool: i64, numbers: &[Option<i128>], parts: &[i64]| {
            let sharers = sharers(numbers);
            let found: Vec<_> = (0..sharers.len()).map(|place| share.of(pool, place, &sharers)).collect();
            assert_eq!(found, parts.iter().map(|part| Ok(*part)).collect::<Vec<_>>(), "{pool} by {numbers:?}");
        };
        let equal = PoolShare::Equal;
        check(&equal, 2_250, &[None; 4], &[563, 563, 562, 562]);
        check(&equal, -2, &[None; 3], &[-1, -1, 0]);
        check(&equal, 0, &[None; 2], &[0, 0]);
        check(&equal, 7, &[None], &[7]);
        check(&equal, i64::MAX, &[None; 2], &[i64::MAX / 2 + 1, i64::MAX / 2]);
        let by_number = PoolShare::ByParameter("weight".into());
        check(&by_number, 100, &[Some(1), Some(3)], &[25, 75]);
        check(&by_number, 100, &[Some(1), Some(1), Some(1)], &[34, 33, 33]);
        // 16.67, 33.33 and 50: the cent goes by the remainder, not by the place.
        check(&by_number, 100, &[Some(2), Some(1), Some(3)], &[33, 17, 50]);
        check(&by_number, -100, &[Some(2), Some(1), Some(3)], &[-33, -17, -50]);
        check(&by_number, 1, &[Some(0), Some(0), Some(5)], &[0, 0, 1]);
        check(&by_number, 3, &[Some(0), Some(7), Some(7)], &[0, 2, 1]);
        check(&by_number, 0, &[Some(1), None], &[0, 0]);
        let large = 10i128.pow(24) - 1;
        check(&by_number, i64::MAX, &[Some(large), Some(large)], &[i64::MAX / 2 + 1, i64::MAX / 2]);
    }

    #[test]
    fn a_pool_waits_for_every_number() {
        let by_number = PoolShare::ByParameter("weight".into());
        for (numbers, expected) in [
            (&[Some(1), None, None][..], Undivided::Lacks("bo")),
            (&[Some(0), Some(0)], Undivided::Nothing),
            (&[], Undivided::Nothing),
        ] {
            assert_eq!(by_number.of(100, 0, &sharers(numbers)), Err(expected), "{numbers:?}");
        }
    }
}
