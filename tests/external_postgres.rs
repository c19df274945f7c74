//! A table in a real PostgreSQL that a sink of `examples/clients/python` keeps from the topic `attainment` ends as
//! `accrue attainment` says, also when the sink dies and begins again.

mod support;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use support::application::Application;
use support::broker;
use support::foreign::{self, Follower, Rows, become_equal, ours, repository, rows};
use support::story::{PATIENCE, Story, accrue, deals, succeeded};

const KEY: &[&str] = &["payee_id", "measure", "calendar", "interval"];
/// PostgreSQL refuses to run as root; this is `nobody`, which every system has.
const UNPRIVILEGED: u32 = 65_534;

/// A server of this test's own.
struct Postgres {
    port: u16,
    scratch: tempfile::TempDir,
    /// The shell that holds the server ends it when this closes.
    _lifeline: ChildStdin,
}

/// Runs the server until the input closes.
const SCRIPT: &str = r#"
"$1/initdb" -D data -U accrue --auth=trust -E UTF8 --locale=C --no-sync >server.log 2>&1 || exit 1
"$1/postgres" -D data -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off >>server.log 2>&1 &
read -r _
kill -QUIT $!
wait
"#;

impl Postgres {
    fn start() -> Postgres {
        let scratch = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "postgres"]).arg(programs()).arg(port.to_string());
        shell.current_dir(scratch.path()).stdin(Stdio::piped());
        // SAFETY: geteuid takes nothing and cannot fail.
        if unsafe { libc::geteuid() } == 0 {
            std::os::unix::fs::chown(scratch.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
            shell.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
        }
        let lifeline = shell.spawn().unwrap().stdin.take().unwrap();
        let postgres = Postgres { port, scratch, _lifeline: lifeline };
        postgres.wait();
        postgres
    }

    fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.query("select 1 as one").status.success() {
            let log = std::fs::read_to_string(self.scratch.path().join("server.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "PostgreSQL does not start; it says:\n{log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn address(&self) -> String {
        format!("host=127.0.0.1 port={} user=accrue dbname=postgres", self.port)
    }

    /// Rows as lines of JSON.
    fn query(&self, sql: &str) -> std::process::Output {
        const QUERY: &str = "import sys, psycopg, records
from psycopg.rows import dict_row
with psycopg.connect(sys.argv[1], row_factory=dict_row, autocommit=True) as connection:
    cursor = connection.execute(sys.argv[2])
    for row in cursor if cursor.description else []:
        print(records.line(row))";
        foreign::python().args(["-c", QUERY, &self.address(), sql]).output().unwrap()
    }

    fn attainment(&self) -> Rows {
        let output = self.query("select * from attainment");
        succeeded(&["select"], &output);
        let text = String::from_utf8(output.stdout).unwrap();
        rows(text.lines().map(|line| serde_json::from_str(line).unwrap()), KEY)
    }
}

/// Where `initdb` and `postgres` are: on the path, or where Debian has them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    places.sort();
    places.extend(std::env::split_paths(&path));
    let found = places.into_iter().rev().find(|place| place.join("initdb").exists() && place.join("postgres").exists());
    found.expect("neither the path nor /usr/lib/postgresql has initdb and postgres; install postgresql")
}

#[test]
fn a_table_that_a_sink_keeps_ends_as_accrue_says() {
    let postgres = Postgres::start();
    let table = std::fs::read_to_string(repository("examples/clients/postgresql/attainment.sql")).unwrap();
    succeeded(&["create table"], &postgres.query(&table));
    let story = Story::of(40);
    let application = Application::new(&story, "postgres", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let sink = |group: &str, name: &str| {
        let topic = application.topic("attainment");
        let mut program = foreign::python();
        program.args([repository("examples/clients/python/sink_postgres.py"), broker::brokers(), topic, group.to_owned()]);
        program.args([repository("schemas/attainment.avsc"), "14".into(), postgres.address()]);
        Follower::start(program, story.path(name), "python3")
    };
    succeeded(&["topics"], &accrue(&["topics", "--create", log[0], log[1]]));
    let worker = application.run(1, None);
    let mut first = sink("first", "first.txt");
    story.begin(&log);
    let expected = || ours(&["attainment", log[0], log[1]], KEY);
    become_equal(
        || {
            first.must_live();
            postgres.attainment()
        },
        expected,
    );
    drop(first);
    // It goes on where it stood; another group reads everything again, over rows that are newer.
    let more = story.write("more.jsonl", &deals("more", 200));
    succeeded(&["ingest"], &accrue(&["ingest", &more, log[0], log[1]]));
    let mut again = sink("first", "again.txt");
    let mut anew = sink("second", "anew.txt");
    become_equal(
        || {
            again.must_live();
            anew.must_live();
            postgres.attainment()
        },
        expected,
    );
    worker.stop();
}
