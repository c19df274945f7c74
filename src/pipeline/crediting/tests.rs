//! Tests of crediting: the ranges of keys that its passes ask for. What it computes is tested on whole histories.

use super::progress::Pass;
use super::*;
use crate::domain::calendar::Date;

/// Holds nothing and notes the ranges.
#[derive(Default)]
struct Asked(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl States for Asked {
    fn get(&mut self, _: u32, _: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        Ok(None)
    }

    fn keys_between(&mut self, _: u32, after: &[u8], until: Option<&[u8]>, _: usize) -> Result<Vec<Vec<u8>>, StageError> {
        self.0.push((after.to_vec(), until.map(<[u8]>::to_vec)));
        Ok(Vec::new())
    }
}

/// The range that a pass over deals from a day on, or over what is parked, asks for at its cursor.
fn asked(from: Option<Date>, cursor: &[u8]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let pass = Pass { from, after: cursor.to_vec() };
    let meta = Progress { pass: Some(pass), ..Progress::new(1) }.encode();
    let mut crediting = Crediting::new(1, 100);
    crediting.assign(0, Some((&meta, 0))).unwrap();
    crediting.begin();
    let mut asked = Asked::default();
    crediting.work(&|_, _| 0, 10, &mut asked, &mut Effects::default()).unwrap();
    asked.0
}

#[test]
fn a_pass_lists_parked_keys_or_deals_only() {
    let until = || Some(PARKED_END.to_vec());
    assert_eq!(asked(None, PARKED_PREFIX), [(PARKED_PREFIX.to_vec(), until())]);
    assert_eq!(asked(None, b"\x01parked\x01d5"), [(b"\x01parked\x01d5".to_vec(), until())]);
    assert_eq!(asked(Some(Date(0)), b""), [(PARKED_END.to_vec(), None)]);
    assert_eq!(asked(Some(Date(0)), b"d5"), [(b"d5".to_vec(), None)]);
}
