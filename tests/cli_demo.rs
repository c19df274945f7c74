//! The demo as people run it: the same seed plays the same, whatever the partitions and batches.

use serde_json::Value;
use std::process::{Command, Output};

fn accrue(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_accrue")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Plays, and returns the object and the exported totals.
fn play(partitions: &str, batch: &str) -> (Value, String) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("demo").display().to_string();
    let sizes = ["--deals", "600", "--payees", "40", "--seed", "7", "--partitions", partitions, "--batch", batch];
    let played = accrue(&[&["demo", "--speed", "max", "--json", "--data", &data], &sizes[..]].concat());
    let object = String::from_utf8(played.stdout).unwrap();
    let totals = String::from_utf8(accrue(&["export", "totals", "--data", &data]).stdout).unwrap();
    (serde_json::from_str(object.lines().last().unwrap()).unwrap(), totals)
}

#[test]
fn a_seed_plays_the_same_with_any_partitions_and_batches() {
    let (first, totals) = play("4", "5000");
    assert_eq!(first["deals"], 600);
    assert_eq!(first["totals_differing"], 0);
    assert!(first["totals_checked"].as_u64().unwrap() > 100, "{first}");
    assert!(first["payouts"].as_u64().unwrap() > 20, "{first}");
    for (partitions, batch) in [("4", "5000"), ("1", "5000"), ("1", "1")] {
        let (mut again, again_totals) = play(partitions, batch);
        for key in ["elapsed_s", "per_second", "data_dir"] {
            again[key] = first[key].clone();
        }
        assert_eq!(again, first);
        assert_eq!(again_totals, totals);
    }
}

#[test]
fn nothing_in_a_pipe_has_control_characters() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("demo").display().to_string();
    let mut outputs = vec![accrue(&["demo", "--speed", "max", "--deals", "200", "--payees", "20", "--data", &data])];
    let ended = String::from_utf8_lossy(&outputs[0].stdout).into_owned();
    assert!(ended.contains("statement of p"), "{ended}");
    assert!(ended.contains("closed by dana.cole, released by lee.park"), "{ended}");
    assert!(ended.ends_with(" totals, 0 differ\n"), "{ended}");
    for command in [&["board"][..], &["payouts"], &["attainment"], &["export", "totals"], &["topics"], &["statement", "p00005"]] {
        outputs.push(accrue(&[command, &["--data", &data]].concat()));
    }
    for output in outputs {
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let control = text.chars().find(|one| one.is_control() && *one != '\n');
        assert_eq!(control, None, "{text}");
    }
}
