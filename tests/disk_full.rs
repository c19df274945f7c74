//! The disk under the log runs full while the engine is at work: it stops with what it is and what to do, and after a
//! start with space nothing is lost or counted twice.

mod support;

use accrue::log::Client;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::wire::Codec;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::engine::{PARTITIONS, WAIT, accrued, append_company, append_deals, start};

/// A disk that takes a number of writes.
#[derive(Clone, Debug)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    writes_left: Arc<AtomicUsize>,
}

impl Disk {
    fn with(bytes: Vec<u8>) -> Disk {
        Disk { bytes: Arc::new(Mutex::new(bytes)), writes_left: Arc::new(AtomicUsize::new(usize::MAX)) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let (from, bytes) = (offset as usize, self.bytes.lock().unwrap());
        out.copy_from_slice(&bytes[from..from + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.bytes.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        if self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(ErrorKind::StorageFull.into());
        }
        let from = offset as usize;
        self.bytes.lock().unwrap()[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn open(disk: &Disk) -> Embedded {
    let small = EmbeddedSettings { cache_bytes: 1 << 20, ..EmbeddedSettings::default() };
    Embedded::with_backend(disk.clone(), small).unwrap()
}

/// The engine stops when the disk has taken so many writes; then there is space again.
fn check(writes: usize) {
    let (disk, codec) = (Disk::with(Vec::new()), Codec::new().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let log = open(&disk);
    log.create_topics(PARTITIONS).unwrap();
    append_company(&log, &codec);
    append_deals(&log, &codec, 0, 600);
    disk.writes_left.store(writes, Ordering::SeqCst);
    let engine = start(&log, directory.path());
    let deadline = Instant::now() + WAIT;
    while !engine.is_ending() {
        assert!(Instant::now() < deadline, "the engine goes on after {writes} writes: {:?}", engine.status());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let stop = engine.stop().unwrap_err();
    assert_eq!(stop.exit_code(), 74);
    assert_eq!(
        stop.to_string(),
        "the log in memory cannot be used: I/O error: no storage space; free space on its disk and start again: \
         everything that was acknowledged is kept"
    );
    drop(log);
    let bytes = disk.bytes.lock().unwrap().clone();
    let log = open(&Disk::with(bytes));
    let engine = start(&log, directory.path());
    append_deals(&log, &codec, 600, 700);
    assert!(engine.wait_caught_up(WAIT).unwrap(), "{:?}", engine.status());
    engine.stop().unwrap();
    let each = 350_000;
    assert_eq!(accrued(&log, &codec), BTreeMap::from([("ana".into(), each), ("ben".into(), each)]), "after {writes} writes");
}

#[test]
fn a_full_disk_stops_the_engine_and_loses_nothing() {
    for writes in [20, 60, 150] {
        check(writes);
    }
}
