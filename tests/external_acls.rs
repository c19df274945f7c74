//! What `accrue topics --acls` prints, held to Kafka's own authorizer: every role begins with nothing and is granted, one by one, what
//! an error names. It must come to be all of what is printed for it and nothing else, and with that everything works. Then each
//! right is taken away again by itself, and an error must name it.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::rights::{Company, Ladder, Right, TOKEN, named};
use support::story::{PATIENCE, Worker, deals, error_text, succeeded, text};

const CREATE: &[&str] = &["topics", "--create"];
const LOOKS: [&[&str]; 9] = [
    &["verify"],
    &["board"],
    &["statement", "p001"],
    &["payroll"],
    &["payouts"],
    &["rejects", "list"],
    &["export", "totals"],
    &["attainment"],
    &["topics"],
];

/// A deal over HTTP; the answer's body where it is not taken.
fn post(worker: &Worker, deal: &str) -> Result<(), String> {
    let said = worker.said().replace('\n', " ");
    let address = said.split_once("metrics at http://").and_then(|(_, rest)| Some(rest.split_once("/metrics")?.0)).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("POST /v1/deals HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{deal}", deal.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer) }
}

/// What a role's command says that is refused.
fn refused(company: &Company, role: &str, arguments: &[&str]) -> Option<String> {
    let output = company.run(role, arguments);
    (output.status.code() == Some(78)).then(|| error_text(&output))
}

/// Another version of the company: everything that can be published differs in something.
fn change(company: &Company, version: usize) {
    let story = &company.story;
    story.write("company/directory.csv", &format!("id,name,team\np001,Ana {version},West\n"));
    for (file, column, value) in
        [("payees.csv", 1, format!("Seller {version}")), ("quotas.csv", 4, format!("{}.00", 300 + version))]
    {
        let path = format!("company/{file}");
        let before = std::fs::read_to_string(story.path(&path)).unwrap();
        let line = |line: &str| {
            let mut columns: Vec<&str> = line.split(',').collect();
            if line.starts_with("p000,") {
                columns[column] = &value;
            }
            columns.join(",") + "\n"
        };
        story.write(&path, &before.lines().map(line).collect::<String>());
    }
    let path = "company/adjustments.csv";
    let before = std::fs::read_to_string(story.path(path)).unwrap();
    story.write(path, &(before + &format!("more-{version},p001,fiscal,2026-03,1.25,,,CONTEST,,more,hr\n")));
}

/// Before there is a worker; the last deal is of nobody.
fn appends(company: &Company) -> Vec<Vec<String>> {
    let story = &company.story;
    let nobody = deals("nobody", 1).replace("p000", "zoe");
    let early = story.write("early-and-nobody.jsonl", &(deals("early", 100) + &nobody));
    let paid =
        r#"{"payout_id":"fiscal-2026-01-1/p001/COMM/regular/USD/2026-01","payee_id":"p001","status":"PAID","amount":"1.00"}"#;
    let paid = story.write("paid.jsonl", paid);
    story.write("company/directory.csv", "id,name,team\np001,Ana,West\n");
    let [published, settlements] = ["company", "settlements.jsonl"].map(|name| story.text(name));
    let appends: [&[&str]; 6] = [
        &["ingest", &early],
        &["ingest", &settlements, "--topic", "deal-settled"],
        &["ingest", &paid, "--topic", "payout-acknowledged"],
        &["publish", &published, "--yes", "--author", "hr"],
        // What is there is read before it is compared.
        &["publish", &published, "--yes", "--author", "hr"],
        &["adjust", "p003", "2026-01", "5", "--pay", "CONTEST", "--reason", "first", "--author", "hr"],
    ];
    appends.map(|arguments| arguments.iter().map(|word| (*word).to_owned()).collect()).into()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// The worker does everything that it ever does while it climbs: somebody who may do everything closes and releases.
fn climb_at_work(company: &Company, worker: &mut Ladder<'_>) -> Worker {
    let (admin, steps) = (company.log("admin"), company.story.steps());
    let steps = std::thread::spawn(move || {
        for step in steps {
            succeeded(&[step.name()], &step.run(&admin.each_ref().map(String::as_str)));
        }
    });
    let first = company.start_worker();
    assert_eq!(named(&first.said())[0], ["Read", "topic", "acls.deal-closed"], "{}", first.said());
    assert_eq!(first.exit_code(), Some(78));
    worker.lend_topics();
    let mut deadline = Instant::now() + PATIENCE;
    let mut process = company.start_worker();
    while !(steps.is_finished() && worker.lacks().is_empty()) {
        let ended = process.has_ended();
        let climbed = worker.climb(&process.said(), &[]);
        if climbed {
            deadline = Instant::now() + PATIENCE;
        }
        assert!(Instant::now() < deadline, "lacks {:#?}\n{}", worker.lacks(), process.said());
        if ended {
            assert!(process.said().contains("lacks the ACL"), "{}", process.said());
            process = company.start_worker();
        } else if !climbed {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    steps.join().unwrap();
    process
}

/// Nothing is in the topics yet: what is to be created is deleted before.
fn creator_loses_each(company: &Company, create: &Ladder<'_>) {
    create.loses_each(
        |_| true,
        |right| {
            if right.of("operation") == "Create" {
                company.delete_topic(right.of("name"));
            }
            refused(company, "create", CREATE)
        },
    );
    succeeded(CREATE, &company.run("create", CREATE));
}

/// A worker is there: whoever closes waits for it.
fn appender_loses_each(company: &Company, append: &Ladder<'_>) {
    let mut version = 0;
    append.loses_each(
        |_| true,
        |right| {
            let by = words(&right.by);
            // What a period was released with, it was closed with, too; and it is released once.
            if !["close", "release"].contains(&by[0]) {
                version += 1;
                change(company, version);
                return refused(company, "append", &by);
            }
            let said = refused(company, "append", &["close", "2026-03", "--wait", "--yes", "--author", "ann"]);
            // It may have been stated before it was refused.
            company.run("admin", &["reopen", "2026-03", "--author", "ann"]);
            said
        },
    );
}

/// Most is missed at the start; some when there is something to write, and that a record may be deleted while it works.
fn worker_loses_each(company: &Company, worker: &Ladder<'_>) {
    let is = |right: &Right, operation: &str, topic: &str| {
        right.of("operation") == operation && right.of("name") == format!("acls.{topic}")
    };
    let crediting = |right: &Right| is(right, "Write", "credits") || is(right, "Write", "crediting-changelog");
    let earning = |right: &Right| is(right, "Write", "earning-changelog");
    let trimming = |right: &Right| is(right, "Delete", "credits");
    worker.loses_each(
        |right| !crediting(right) && !earning(right) && !trimming(right),
        |right| {
            // Whose states are all there reads none.
            if right.of("name").ends_with("-changelog") && right.of("operation") == "Read" {
                std::fs::remove_dir_all(company.story.path("worker-state")).unwrap();
            }
            company.refused_worker()
        },
    );
    let mut number = 0;
    let mut ingest = || {
        number += 1;
        let late = company.story.write("late.jsonl", &deals(&format!("late-{number}"), 20));
        succeeded(&["ingest"], &company.run("admin", &["ingest", &late]));
    };
    for writing in [&crediting as &dyn Fn(&Right) -> bool, &earning] {
        worker.loses_each(writing, |_| {
            ingest();
            company.refused_worker()
        });
    }
    let process = company.whole_worker();
    worker.loses_each(trimming, |_| {
        ingest();
        Some(process.said())
    });
    process.stop();
}

#[test]
fn what_is_printed_is_needed_and_named_and_enough() {
    let company = Company::new();
    let [mut worker, mut http, mut append, mut read, mut create] =
        ["worker", "http", "append", "read", "create"].map(|role| Ladder::new(&company, role));

    create.command("create", CREATE);
    create.command("create", CREATE);
    create.give_back();
    creator_loses_each(&company, &create);

    let appends = appends(&company);
    appends.iter().for_each(|arguments| append.command("append", &words(arguments)));
    let process = climb_at_work(&company, &mut worker);
    let deal = deals("early", 1);
    http.until(&[], || post(&process, deal.trim()));
    append.command("append", &["close", "2026-02", "--wait", "--yes", "--author", "ann"]);
    append.command("append", &["release", "2026-02", "--author", "lee"]);
    LOOKS.iter().for_each(|look| read.command("read", look));
    process.stop();
    [&mut worker, &mut http, &mut append, &mut read].into_iter().for_each(Ladder::give_back);

    let process = company.whole_worker();
    http.loses_each(|_| true, |_| post(&process, deal.trim()).err());
    appender_loses_each(&company, &append);
    process.stop();
    read.loses_each(|_| true, |right| refused(&company, "read", &words(&right.by)));
    worker_loses_each(&company, &worker);

    // Whoever has all of it, and nothing else, lacks nothing.
    let process = company.whole_worker();
    post(&process, deal.trim()).unwrap();
    let steps: [&[&str]; 2] =
        [&["close", "2026-03", "--wait", "--yes", "--author", "ann"], &["release", "2026-03", "--author", "lee"]];
    let again = [("create", CREATE.to_vec())].into_iter().chain(appends.iter().map(|of| ("append", words(of))));
    let again = again.chain(steps.map(|of| ("append", of.to_vec()))).chain(LOOKS.map(|look| ("read", look.to_vec())));
    for (role, arguments) in again {
        let output = company.run(role, &arguments);
        let said = error_text(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)) && !said.contains("accrue: "), "{role} {arguments:?}: {said}");
    }
    let verified = text(&company.run("read", &["verify"]));
    assert!(verified.ends_with(" totals, 0 differ\n"), "{verified}");
    assert!(!process.said().contains("lacks"), "{}", process.said());
    process.stop();
}
