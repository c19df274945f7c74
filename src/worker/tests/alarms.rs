//! What contradicts itself stops its partition alone, until somebody acts; the others go on.

use super::support::{Bench, PARTITIONS, STAGE, settle};
use crate::domain::topic::{Topic, partition_of};
use crate::log::{Assigned, Client, LogError};
use crate::worker::crash::CrashPoints;

const CONTRADICTION: &str = "contradiction";

#[test]
fn a_partition_that_contradicts_itself_stands_still_alone() {
    let stopped = partition_of(CONTRADICTION.as_bytes(), PARTITIONS);
    let beside = |bench: &Bench| bench.totals().values().sum::<u64>();
    for (what, faults) in [("alone", &[][..]), ("with an abort that fails", &["abort"]), ("and again", &["commit", "abort"])] {
        let mut bench = Bench::new();
        bench.append_many(40);
        let mut machine = bench.run();
        bench.faults.lock().unwrap().ordered.extend(faults.iter().map(|call| (*call, LogError::Doubt as fn(String) -> LogError)));
        bench.append(&[CONTRADICTION]);
        bench.append_many(40);
        settle(&mut machine).unwrap();
        let before = beside(&bench);
        bench.append_many(40);
        settle(&mut machine).unwrap();
        assert!(before > 40 && beside(&bench) > before && beside(&bench) < 120, "{what}: {before} and {}", beside(&bench));
        let status = bench.status.stage(STAGE);
        for (partition, held) in &status.partitions {
            let reason = held.alarm.as_ref().map(|stuck| stuck.reason.as_str());
            assert_eq!(reason.is_some(), *partition == stopped, "{what}: {partition} {reason:?}");
            assert!(reason.is_none_or(|reason| reason.starts_with("a contradiction; ")), "{what}: {reason:?}");
            let end = bench.log.end(Topic::DealClosed, *partition).unwrap();
            assert!(*partition == stopped || held.next(Topic::DealClosed) == end, "{what}: {partition}");
        }
        assert!(!status.idle || !status.partitions[&stopped].flows(), "{what}");
        assert!(status.trouble.is_none(), "{what}: {:?}", status.trouble);
        // Given anew, it contradicts itself again; the fact that it lacks is its cure.
        let anew = Assigned { given: vec![stopped], taken: vec![stopped] };
        bench.faults.lock().unwrap().assignments.push_back((0, anew));
        settle(&mut machine).unwrap();
        assert!(bench.status.stage(STAGE).partitions[&stopped].alarm.is_some(), "{what}");
        drop(machine);
        bench.append_fact();
        bench.run();
        bench.check_exactly_once(what);
    }
}

#[test]
fn a_worker_whose_partitions_all_stand_still_goes_on_waiting() {
    let mut bench = Bench::new();
    let ids: Vec<String> = (0..40).map(|number| format!("{CONTRADICTION}-{number}")).collect();
    bench.append(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut machine = bench.machine(CrashPoints::default());
    settle(&mut machine).unwrap();
    assert!(bench.status.stage(STAGE).partitions.values().all(|held| held.alarm.is_some()));
    drop(machine);
    bench.append_fact();
    bench.run();
    bench.check_exactly_once("all of them");
}
