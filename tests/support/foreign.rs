//! Programs that are not ours, for the tests `external_*`: what they need is fetched once into
//! `${XDG_CACHE_HOME:-~/.cache}/accrue`, named by what was asked for. What is missing fails the test and says what to install.

use super::story::{PATIENCE, accrue, succeeded, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A path of the repository.
pub fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

/// The output of a command that must succeed.
pub fn output(command: &mut Command, install: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install {install}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} fails; it needs {install}:\n{}{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

/// Two tests of one program do not fetch the same at once.
static FETCHING: Mutex<()> = Mutex::new(());

/// A directory that `fill` fills from `manifest` unless that was done before; several programs may do it at once.
fn fetched(kind: &str, manifest: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let home = |name, below| std::env::var_os(name).map(|home| PathBuf::from(home).join(below));
    let cache = home("XDG_CACHE_HOME", "").or_else(|| home("HOME", ".cache")).expect("XDG_CACHE_HOME or HOME");
    let digest = blake3::hash(&std::fs::read(repository(manifest)).unwrap()).to_hex();
    let directory = cache.join(format!("accrue/{kind}-{}", &digest[..16]));
    let _alone = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    if !directory.is_dir() {
        let partial = cache.join(format!("accrue/{kind}-{}.partial-{}", &digest[..16], std::process::id()));
        std::fs::create_dir_all(&partial).unwrap();
        fill(&partial);
        if std::fs::rename(&partial, &directory).is_err() {
            std::fs::remove_dir_all(&partial).unwrap();
        }
    }
    assert!(directory.is_dir(), "{} could not be made", directory.display());
    directory
}

/// Python with what the examples need.
pub fn python() -> Command {
    let requirements = "examples/clients/python/requirements.txt";
    let directory = fetched("python", requirements, |partial| {
        output(Command::new("python3").args(["-m", "venv"]).arg(partial), "python3 and python3-venv");
        let mut pip = Command::new(partial.join("bin/python"));
        output(pip.args(["-m", "pip", "-q", "install", "-r", &repository(requirements)]), "access to PyPI or a mirror");
    });
    let mut python = Command::new(directory.join("bin/python"));
    python.env("PYTHONPATH", repository("examples/clients/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

pub fn node() -> Command {
    let directory = fetched("node", "examples/clients/node/package-lock.json", |partial| {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(repository(&format!("examples/clients/node/{file}")), partial.join(file)).unwrap();
        }
        output(Command::new("npm").args(["ci", "--silent", "--prefix"]).arg(partial), "nodejs, npm and access to npm's registry");
    });
    let mut node = Command::new("node");
    node.env("NODE_PATH", directory.join("node_modules"));
    node
}

pub fn java() -> Command {
    let manifest = "examples/clients/java/pom.xml";
    let directory = fetched("java", manifest, |partial| {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f", &repository(manifest), "dependency:copy-dependencies"]);
        output(maven.arg(format!("-DoutputDirectory={}", partial.display())), "maven and access to Maven Central");
    });
    let mut java = Command::new("java");
    java.arg("-cp").arg(directory.join("*"));
    java
}

/// The directory of a schema registry, unpacked.
pub fn registry() -> PathBuf {
    fetched("apicurio", "tests/support/registry/pom.xml", |partial| {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f", &repository("tests/support/registry/pom.xml"), "dependency:copy-dependencies"]);
        output(maven.arg(format!("-DoutputDirectory={}", partial.display())), "maven and access to Maven Central");
        let archive = std::fs::read_dir(partial).unwrap().next().expect("an archive").unwrap().path();
        output(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(partial), "tar");
        std::fs::remove_file(archive).unwrap();
    })
}

/// A program that follows a topic until it is told to end, at the latest when the test is over.
pub struct Follower {
    child: Child,
    says: PathBuf,
    errors: PathBuf,
}

impl Follower {
    pub fn start(mut command: Command, says: PathBuf, install: &str) -> Follower {
        let errors = says.with_extension("err");
        let (out, err) = (std::fs::File::create(&says).unwrap(), std::fs::File::create(&errors).unwrap());
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}; install {install}"));
        Follower { child, says, errors }
    }

    /// Whole lines that it has printed.
    pub fn lines(&self) -> Vec<Value> {
        let said = std::fs::read_to_string(&self.says).unwrap();
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    pub fn must_live(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", self.errors());
    }

    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rows by their key; of two with one key the later stands.
pub type Rows = BTreeMap<String, Value>;

/// Rows as they compare: a decimal is what it is worth, however many zeros follow it.
pub fn rows(lines: impl IntoIterator<Item = Value>, key: &[&str]) -> Rows {
    let row = |mut line: Value| {
        let fields = line.as_object_mut().expect("an object");
        fields.values_mut().for_each(|value| *value = worth(value));
        (key.iter().map(|name| line[name].to_string()).collect(), line)
    };
    lines.into_iter().map(row).collect()
}

fn worth(value: &Value) -> Value {
    if let Some(items) = value.as_array() {
        return items.iter().map(worth).collect();
    }
    if let Some(fields) = value.as_object() {
        return fields.iter().map(|(name, value)| (name.clone(), worth(value))).collect();
    }
    let Some(text) = value.as_str() else { return value.clone() };
    let is_decimal = text.contains('.') && text.chars().all(|letter| letter.is_ascii_digit() || ".-".contains(letter));
    if is_decimal { text.trim_end_matches('0').trim_end_matches('.').into() } else { value.clone() }
}

/// What a command of ours prints with `--json`.
pub fn ours(arguments: &[&str], key: &[&str]) -> Rows {
    rows(printed(arguments), key)
}

/// The records of a topic as `accrue tap` prints them; what is compacted later counts.
pub fn tapped(topic: &str, config: &str, key: &[&str]) -> Rows {
    let records = printed(&["tap", topic, "--config", config]).into_iter().map(|mut shown| shown["value"].take());
    rows(records.filter(|value| !value.is_null()), key)
}

fn printed(arguments: &[&str]) -> Vec<Value> {
    let arguments = [arguments, &["--json"]].concat();
    let output = accrue(&arguments);
    succeeded(&arguments, &output);
    let lines: Vec<Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{arguments:?} prints nothing");
    lines
}

/// The id of a topic's schema, as `schemas/ids.toml` has it.
pub fn schema_id(topic: &str) -> String {
    let ids: toml::Table = std::fs::read_to_string(repository("schemas/ids.toml")).unwrap().parse().unwrap();
    ids[topic].to_string()
}

/// Waits until two sides are equal; tells the first rows that are not.
pub fn become_equal(mut theirs: impl FnMut() -> Rows, mut ours: impl FnMut() -> Rows) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (theirs, ours) = (theirs(), ours());
        if theirs == ours {
            return;
        }
        let counts = (theirs.len(), ours.len());
        let different = ours.iter().find(|(key, row)| theirs.get(*key) != Some(row));
        assert!(
            Instant::now() < deadline,
            "{counts:?} rows; {different:?} is there {:?}",
            different.map(|(key, _)| theirs.get(key))
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}
