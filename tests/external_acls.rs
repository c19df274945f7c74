//! What `accrue topics --acls` prints, held to Kafka's own authorizer: every role begins with nothing and is granted, one by one, what
//! an error names. It must come to be all of what is printed for it and nothing else, and with that everything works.

mod support;

use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, Instant};
use support::acls::KafkaAcls;
use support::secured::{PASSWORD, Secured, guarded};
use support::story::{PATIENCE, Story, Worker, accrue, deals, error_text, succeeded, text};

const APPLICATION: &str = "test-acls";
/// Nothing that lacks a right may keep a person waiting for longer.
const HANGS: Duration = Duration::from_secs(20);
const TOKEN: &str = "0123456789abcdef";

fn user(role: &str) -> String {
    format!("{APPLICATION}-{role}")
}

struct Company {
    broker: Secured,
    story: Story,
    acls: RefCell<KafkaAcls>,
}

impl Company {
    fn new() -> Company {
        let users = ["worker", "append", "read", "create"].map(user);
        let (broker, story) = (guarded(&users.each_ref().map(String::as_str)), Story::new());
        let acls = RefCell::new(KafkaAcls::start(&broker.plain));
        for (name, content) in [("password", PASSWORD), ("token", TOKEN)] {
            let path = story.write(name, content);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        Company { broker, story, acls }
    }

    /// The log as a role reaches it; `admin` may do everything.
    fn log(&self, role: &str) -> [String; 2] {
        let (brokers, security) = match role {
            "admin" => (&self.broker.plain, String::new()),
            _ => {
                let (ca, password) = (self.broker.directory.join("ca.pem"), self.story.text("password"));
                let user = user(role);
                let log_in = format!("user_name = \"{user}\"\npassword_file = {password:?}\nca_file = {ca:?}\n");
                (&self.broker.scram, format!("protocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\n{log_in}"))
            }
        };
        let state = self.story.text("worker-state");
        let text = format!(
            "partitions = 2\n[limits]\nmaintenance_ms = 50\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"acls.\"\n\
             application_id = \"{APPLICATION}\"\nsession_timeout_ms = 6000\nreplication = 1\nstate_directory = \"{state}\"\n\
             [kafka.security]\n{security}"
        );
        ["--config".into(), self.story.write(&format!("{role}.toml"), &text)]
    }

    fn run(&self, role: &str, arguments: &[&str]) -> Output {
        let log = self.log(role);
        let arguments = [arguments, &log.each_ref().map(String::as_str)].concat();
        accrue(&arguments)
    }

    fn start_worker(&self, number: usize) -> Worker {
        let [option, config] = self.log("worker");
        let token = self.story.text("token");
        let listen = ["--listen", "127.0.0.1:0", "--token-file", &token];
        let says = self.story.path(&format!("worker-{number}.log"));
        Worker::start(&[&["run", &option, &config][..], &listen].concat(), None, says)
    }
}

/// A role on its way to what it needs.
struct Ladder<'c> {
    company: &'c Company,
    /// As printed, with whether it is granted.
    rungs: Vec<(Value, String, bool)>,
    /// Rights to describe that were granted on the way to one that includes them.
    lent: Vec<String>,
}

impl Ladder<'_> {
    fn new<'c>(company: &'c Company, role: &str) -> Ladder<'c> {
        let asked = ["topics", "--acls", "--role", role];
        let [lines, records] = [company.run("admin", &asked), company.run("admin", &[&asked[..], &["--json"]].concat())];
        succeeded(&asked, &lines);
        let records = text(&records).lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        let lines = text(&lines).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(records.len(), lines.len());
        let rungs = records.into_iter().zip(lines).map(|(record, line)| (record, line, false)).collect();
        Ladder { company, rungs, lent: Vec::new() }
    }

    /// Grants the first that an error names and that is not granted yet.
    fn climb(&mut self, said: &str) -> bool {
        let named = named(said);
        let rungs = &mut self.rungs;
        let next = named.iter().find_map(|named| rungs.iter().position(|(record, _, granted)| !granted && fits(record, named)));
        if let Some(next) = next {
            self.company.acls.borrow_mut().call(&rungs[next].1);
            rungs[next].2 = true;
            return true;
        }
        // Whoever may read or write may describe: the error is right, and what is printed must be named next.
        let Some([_, resource, name]) = named.iter().find(|[operation, ..]| operation == "Describe") else { return false };
        let includes = |(record, _, granted): &&(Value, String, bool)| {
            !granted
                && (&record["resource"], &record["name"]) == (&json!(resource), &json!(name))
                && record["operation"] != "DescribeConfigs"
        };
        let Some((record, line, _)) = rungs.iter().find(includes) else { return false };
        let line = line.replace(record["operation"].as_str().unwrap(), "Describe");
        if self.lent.contains(&line) {
            return false;
        }
        self.company.acls.borrow_mut().call(&line);
        self.lent.push(line);
        true
    }

    /// Lets all topics be seen, so that only what is really done with them is refused.
    fn lend_topics(&mut self) {
        let is_printed =
            |name: &Value| self.rungs.iter().any(|(record, ..)| &record["name"] == name && record["operation"] == "Describe");
        let topics = self.rungs.iter().filter(|(record, ..)| record["resource"] == "topic" && !is_printed(&record["name"]));
        for (record, line, _) in topics {
            let line = line.replace(record["operation"].as_str().unwrap(), "Describe");
            if !self.lent.contains(&line) {
                self.company.acls.borrow_mut().call(&line);
                self.lent.push(line);
            }
        }
    }

    /// From now on it has what is printed and nothing else.
    fn give_back(&mut self) {
        for line in std::mem::take(&mut self.lent) {
            self.company.acls.borrow_mut().call(&line.replacen("--add", "--remove --force", 1));
        }
    }

    /// Until an attempt succeeds. Each that does not must name what it lacks.
    fn until(&mut self, mut attempt: impl FnMut() -> Result<(), String>) {
        let mut again = 0;
        loop {
            let began = Instant::now();
            let Err(said) = attempt() else { return };
            assert!(began.elapsed() < HANGS, "{:?}: {said}", began.elapsed());
            // What was granted takes a moment to reach the broker.
            again = if self.climb(&said) { 0 } else { again + 1 };
            assert!(again < 20, "names nothing that is printed and lacks:\n{said}\nlacks {:#?}", self.lacks());
        }
    }

    fn command(&mut self, role: &str, arguments: &[&str]) {
        let company = self.company;
        self.until(|| {
            let output = company.run(role, arguments);
            let said = format!("{arguments:?} {:?}: {}", output.status.code(), error_text(&output));
            // Something may be found, and a command that waits for what it has asked for may lack a right behind that.
            let found = output.status.code() == Some(1) && !said.contains("accrue: ");
            let done = output.status.success() || found || said.contains("is closed already");
            assert!(done || output.status.code() == Some(78), "{said}");
            if done { Ok(()) } else { Err(said) }
        });
    }

    fn lacks(&self) -> Vec<&str> {
        self.rungs.iter().filter(|(_, _, granted)| !granted).map(|(_, line, _)| line.as_str()).collect()
    }
}

/// What an error names: operation, kind of resource and name.
fn named(said: &str) -> Vec<[String; 3]> {
    let words: Vec<&str> = said.split_whitespace().map(|word| word.trim_end_matches([';', ',', ')', '"'])).collect();
    let four = words.windows(4).filter(|words| words[0] == "--operation" && words[2].starts_with("--"));
    four.map(|words| [words[1], &words[2][2..], words[3]].map(str::to_owned)).collect()
}

fn fits(record: &Value, [operation, resource, name]: &[String; 3]) -> bool {
    let of = |key: &str| record[key].as_str().unwrap();
    let begins = of("pattern") == "prefixed" && name.starts_with(of("name"));
    of("operation") == operation && of("resource") == resource && (of("name") == name || begins)
}

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

#[test]
fn what_is_printed_is_needed_and_named_and_enough() {
    let company = Company::new();
    let story = &company.story;
    let [mut worker, mut http, mut append, mut read, mut create] =
        ["worker", "http", "append", "read", "create"].map(|role| Ladder::new(&company, role));

    create.command("create", &["topics", "--create"]);
    create.command("create", &["topics", "--create"]);

    // Before there is a worker; the last deal is of nobody.
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
    appends.iter().for_each(|arguments| append.command("append", arguments));

    // The worker does everything that it ever does while it climbs: somebody who may do everything closes and releases.
    let (admin, steps) = (company.log("admin"), story.steps());
    let steps = std::thread::spawn(move || {
        for step in steps {
            succeeded(&[step.name()], &step.run(&admin.each_ref().map(String::as_str)));
        }
    });
    let first = company.start_worker(100);
    assert_eq!(named(&first.said())[0], ["Read", "topic", "acls.deal-closed"], "{}", first.said());
    assert_eq!(first.exit_code(), Some(78));
    worker.lend_topics();
    let mut deadline = Instant::now() + PATIENCE;
    let (mut process, mut starts) = (company.start_worker(0), 1);
    while !(steps.is_finished() && worker.lacks().is_empty()) {
        let ended = process.has_ended();
        let climbed = worker.climb(&process.said());
        if climbed {
            deadline = Instant::now() + PATIENCE;
        }
        assert!(Instant::now() < deadline, "lacks {:#?}\n{}", worker.lacks(), process.said());
        if ended {
            assert!(process.said().contains("lacks the ACL"), "{}", process.said());
            process = company.start_worker(starts);
            starts += 1;
        } else if !climbed {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    steps.join().unwrap();

    let deal = deals("early", 1);
    http.until(|| post(&process, deal.trim()));
    append.command("append", &["close", "2026-02", "--wait", "--yes", "--author", "ann"]);
    append.command("append", &["release", "2026-02", "--author", "lee"]);
    let looks: [&[&str]; 9] = [
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
    looks.iter().for_each(|look| read.command("read", look));

    // All of it was needed. Whoever has it, and nothing else, lacks nothing.
    process.stop();
    for (role, ladder) in [("worker", worker), ("http", http), ("append", append), ("read", read), ("create", create)] {
        assert_eq!(ladder.lacks(), Vec::<&str>::new(), "{role}");
        { ladder }.give_back();
    }
    let mut process = company.start_worker(starts);
    process.wait_until("it has partitions of both stages", |worker| worker.said().contains("crediting 0, 1; earning 0, 1"));
    post(&process, deal.trim()).unwrap();
    let steps: [&[&str]; 2] =
        [&["close", "2026-03", "--wait", "--yes", "--author", "ann"], &["release", "2026-03", "--author", "lee"]];
    let again = [("create", &["topics", "--create"][..])].into_iter();
    let again = again.chain(appends.iter().chain(&steps).map(|of| ("append", *of))).chain(looks.map(|look| ("read", look)));
    for (role, arguments) in again {
        let output = company.run(role, arguments);
        let said = error_text(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)) && !said.contains("accrue: "), "{role} {arguments:?}: {said}");
    }
    let verified = text(&company.run("read", &["verify"]));
    assert!(verified.ends_with(" totals, 0 differ\n"), "{verified}");
    assert!(!process.said().contains("lacks"), "{}", process.said());
    process.stop();
}
