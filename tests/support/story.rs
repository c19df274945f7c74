//! A story that the binary plays: a company is published, deals come in, a manager changes, a period is closed and
//! released. Told once undisturbed and again with a process that dies, it must end the same.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Deals of the file that is ingested.
pub const DEALS: usize = 600;
/// More than a close works off at a time, in each of two partitions.
const PAYEES: usize = 700;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Story {
    scratch: tempfile::TempDir,
    payees: usize,
}

/// A step as the arguments of a command, and what a repetition may say instead of doing it again.
pub struct Step {
    arguments: Vec<String>,
    done_already: Option<&'static str>,
}

/// Of the payees, one after the other.
const PLANS: [&str; 7] = ["ae", "ae", "enterprise", "development", "channel", "success", "se"];

/// Every so many of the payees is in the south, and every deal of theirs is of there.
const SOUTH: usize = 35;

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// Name and text of the worked company's plans.
fn plans() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(config().join("plans")).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())).collect()
}

/// Every component of the worked company, as totals name it.
pub fn components() -> Vec<String> {
    let plans = plans();
    let of_plan = |(name, text): &(String, String)| {
        let plan = name.split('.').next().unwrap().to_owned();
        let ids = text.lines().filter_map(|line| line.strip_prefix("id = \"")?.split('"').next());
        ids.map(|id| format!("{plan}/{id}")).collect::<Vec<_>>()
    };
    plans.iter().flat_map(of_plan).collect()
}

impl Story {
    pub fn new() -> Story {
        Story::of(PAYEES)
    }

    pub fn of(payees: usize) -> Story {
        let story = Story { scratch: tempfile::tempdir().unwrap(), payees };
        story.company("company", "m1");
        story.company("moved", "m2");
        story.write("early.jsonl", &deals("early", 100));
        story.write("deals.jsonl", &deals("deal", DEALS));
        story.write("settlements.jsonl", &settlements("deal", DEALS));
        story
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // At once: another process may be reading the file that was there.
        let whole = path.with_extension("whole");
        std::fs::write(&whole, text).unwrap();
        std::fs::rename(&whole, &path).unwrap();
        path.display().to_string()
    }

    /// The worked company's rules, for other people; some of the payees report to `manager`.
    fn company(&self, directory: &str, manager: &str) {
        for file in ["company.toml", "calendar.toml", "measures.toml", "rates.csv"] {
            self.write(&format!("{directory}/{file}"), &std::fs::read_to_string(config().join(file)).unwrap());
        }
        for (name, text) in plans() {
            self.write(&format!("{directory}/plans/{name}"), &text);
        }
        let mut payees = String::from(
            "id,title,manager,pay_group,plans,from,to,employee_ref,target_incentive,pay_currency,team,parameter.deal_cap,parameter.draw,parameter.large_deal\n",
        );
        payees += "m0,Head,,default,director,2026-01-01,,E0,,,,,,\n";
        payees += "m1,Manager,m0,default,manager,2026-01-01,,E1,,,,,,\nm2,Manager,m0,default,manager,2026-01-01,,E2,,GBP,,,,\n";
        let mut quotas = String::from("payee,measure,calendar,interval,amount,applies_from\n");
        for number in 0..self.payees {
            let above = if number % 20 == 0 { manager } else { "m2" };
            let plan = if number.is_multiple_of(SOUTH) { "south" } else { PLANS[number % PLANS.len()] };
            let target = if plan == "enterprise" { format!("{}.00", 5_000 + number) } else { String::new() };
            let (cap, large) = if plan == "channel" { ("1500.00", "150.00") } else { ("", "") };
            let draw = if plan == "enterprise" { "2000.00" } else { "" };
            let currency = if number % 50 == 2 { "GBP" } else { "" };
            payees += &format!(
                "p{number:03},Seller,{above},default,{plan},2026-01-01,,X{number},{target},{currency},t{},{cap},{draw},{large}\n",
                number / 20
            );
            let measures: &[&str] = match plan {
                "enterprise" => &["new-arr", "renewals"],
                "success" => &["renewals", "churned-value"],
                "se" => &["supported-arr"],
                "south" => &["south-arr"],
                _ => &["new-arr"],
            };
            for measure in measures {
                let amount = if *measure == "renewals" { 40 + number / 10 } else { 200 + number };
                quotas += &format!("p{number:03},{measure},fiscal,2026-Q1,{amount}.00,\n");
            }
        }
        self.write(&format!("{directory}/payees.csv"), &payees);
        self.write(&format!("{directory}/quotas.csv"), &quotas);
        self.write(&format!("{directory}/adjustments.csv"), &adjustments(self.payees, directory == "moved"));
    }

    /// What comes before the process that may die: the company and a first file.
    pub fn begin(&self, log: &[&str]) {
        let (company, early) = (self.text("company"), self.text("early.jsonl"));
        // A config says how many partitions there are.
        let create: &[&str] =
            if log[0] == "--config" { &["topics", "--create"] } else { &["topics", "--create", "--partitions", "2"] };
        let commands: [&[&str]; 3] = [create, &["publish", &company, "--yes", "--author", "hr"], &["ingest", &early]];
        for arguments in commands {
            succeeded(arguments, &accrue(&[arguments, log].concat()));
        }
    }

    /// Totals of the story on one machine: what it must always end with.
    pub fn undisturbed(&self) -> String {
        let data = self.text("test-base");
        let log = ["--data", data.as_str()];
        self.begin(&log);
        for step in self.steps() {
            succeeded(&[step.name()], &step.run(&log));
        }
        totals(&log)
    }

    /// What comes then.
    pub fn steps(&self) -> Vec<Step> {
        let step = |arguments: &[&str], done_already| Step {
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            done_already,
        };
        vec![
            step(&["ingest", &self.text("deals.jsonl")], None),
            step(&["ingest", &self.text("settlements.jsonl"), "--topic", "deal-settled"], None),
            step(&["publish", &self.text("moved"), "--yes", "--author", "hr"], None),
            step(&["close", "2026-01", "--wait", "--yes", "--author", "ann"], Some("is closed already")),
            step(&["release", "2026-01", "--author", "lee"], Some("is released already")),
        ]
    }
}

impl Step {
    pub fn name(&self) -> &str {
        &self.arguments[0]
    }

    pub fn run(&self, log: &[&str]) -> Output {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        accrue(&[&arguments, log].concat())
    }

    /// After a crash in the middle of it.
    pub fn repeat(&self, log: &[&str]) {
        let output = self.run(log);
        let said = error_text(&output);
        assert!(
            output.status.success() || self.done_already.is_some_and(|already| said.contains(already)),
            "{} again: {said}",
            self.name()
        );
    }
}

/// What people add to credit and pay of some payees, and what of it they take back later.
fn adjustments(payees: usize, taken_back: bool) -> String {
    let mut rows =
        String::from("adjustment,payee,calendar,period,amount,measure,credit_kind,earning_code,reverses,reason,author\n");
    for number in (0..payees).step_by(5) {
        rows += &format!("line,p{number:03},fiscal,2026-01,{number}.25,,,CONTEST,,contest,hr\n");
        rows += &format!("credit,p{number:03},fiscal,2026-02,{}.5,new-arr,REVENUE,,,moved,hr\n", number + 1);
        if taken_back && number % 10 == 0 {
            rows += &format!("back,p{number:03},fiscal,2026-01,-{number}.25,,,CONTEST,line,lost,hr\n");
        }
    }
    rows
}

/// Deals of one or two payees each, half of them with an overlay, in the first quarter.
pub fn deals(prefix: &str, count: usize) -> String {
    let deal = |number: usize| {
        // One of sales development brings several deals of a quarter.
        let third = if number.is_multiple_of(60) { 3 } else { number * 11 + 5 };
        let [first, second, third] = [number, number * 7 + 3, third].map(|payee| payee % PAYEES);
        let kind = ["NEW", "EXPANSION", "RENEWAL"][number % 3];
        let product = ["analytics", "services", "core", "analytics"][number % 4];
        let geography = if number.is_multiple_of(SOUTH) { r#""geography":"IT","# } else { "" };
        let split = |payee: usize, counts: &str, share: &str| {
            let role = if counts == "OVERLAY" { "technical lead" } else { "owner" };
            format!(r#"{{"payee_id":"p{payee:03}","role":"{role}","counts":"{counts}","share":"{share}"}}"#)
        };
        let mut splits = match first == second {
            true => vec![split(first, "REVENUE", "1")],
            false => vec![split(first, "REVENUE", "0.6"), split(second, "REVENUE", "0.4")],
        };
        if number.is_multiple_of(2) {
            splits.push(split(third, "OVERLAY", "1"));
        }
        format!(
            r#"{{"deal_id":"{prefix}-{number}","revision":1,"status":"CLOSED","change":"CORRECTION","closed_on":"2026-0{}-{:02}","currency":"USD","kind":"{kind}","lines":[{{"line_id":"1",{geography}"product":"{product}","amount":"{}.37","quantity":"{}","cost":"50.00"}}],"attributes":{{"contract_value":1200.50,"industry":"bank","term_months":36}},"splits":[{}],"occurred_at":"2026-01-15T10:00:00Z"}}
"#,
            number % 3 + 1,
            number % 28 + 1,
            100 + number,
            number % 30 + 1,
            splits.join(",")
        )
    };
    (0..count).map(deal).collect()
}

/// The half of what every deal's customer owes, in January or February.
fn settlements(prefix: &str, count: usize) -> String {
    let settlement = |number: usize| {
        format!(
            r#"{{"settlement_id":"s","deal_id":"{prefix}-{number}","kind":"COLLECTED","amount":"{}.17","currency":"USD","on":"2026-0{}-20"}}
"#,
            (100 + number) / 2,
            number % 2 + 1
        )
    };
    (0..count).map(settlement).collect()
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
    command.args(arguments).env("USER", "hr").env_remove("ACCRUE_LOG").env_remove("ACCRUE_CRASH_AT");
    command
}

pub fn accrue(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub fn succeeded(arguments: &[&str], output: &Output) {
    assert!(output.status.success(), "{arguments:?}: {}{}", text(output), error_text(output));
}

pub fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn error_text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exported totals.
pub fn totals(log: &[&str]) -> String {
    let arguments = [&["export", "totals"], log].concat();
    let output = accrue(&arguments);
    succeeded(&arguments, &output);
    text(&output)
}

/// A process of the engine, `up` or `run`, that is killed at the latest when the test is over.
pub struct Worker {
    child: Child,
    says: PathBuf,
}

impl Worker {
    /// Returns once it is at work, or has ended. What it says goes to the file `says`.
    pub fn start(arguments: &[&str], crash_at: Option<&str>, says: PathBuf) -> Worker {
        let mut command = command(arguments);
        if let Some(point) = crash_at {
            command.env("ACCRUE_CRASH_AT", point);
        }
        let file = std::fs::File::create(&says).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        let mut worker = Worker { child, says };
        let ready = format!("{}: ", arguments[0]);
        worker.wait_until("it is at work", |worker| {
            worker.has_ended() || worker.said().lines().any(|line| line.starts_with(&ready))
        });
        worker
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.says).unwrap()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn wait_until(&mut self, what: &str, mut done: impl FnMut(&mut Worker) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited too long until {what}: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// It must have ended by kill -9, as a crash point does it.
    pub fn was_killed(&mut self) {
        use std::os::unix::process::ExitStatusExt;
        self.wait_until("it has ended", Worker::has_ended);
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{status}: {}", self.said());
    }

    /// As `kill -9` does it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.was_killed();
    }

    /// The code that it ended with.
    pub fn exit_code(mut self) -> Option<i32> {
        self.wait_until("it has ended", Worker::has_ended);
        self.child.wait().unwrap().code()
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: kill takes no memory of ours, and the child was not waited for, so that its id is its own.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    /// Ends it as a service manager does; it must say that all is well.
    pub fn stop(mut self) {
        self.signal(libc::SIGTERM);
        self.wait_until("it has ended", Worker::has_ended);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
