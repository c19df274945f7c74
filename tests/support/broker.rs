//! A real Kafka broker for tests, one a test program, which ends with it however it ends.
//!
//! `KAFKA_BROKERS` names another one to use. Otherwise Java 17 runs Kafka's jars, which Maven fetches once into
//! `${XDG_CACHE_HOME:-~/.cache}/accrue/kafka-4.3.1`. What is missing fails the test; nothing is skipped.

use super::proxy::Proxy;
use accrue::log::kafka::{Kafka, KafkaSettings};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A broker of this test program's own.
pub struct Broker {
    pub address: String,
    /// Reaches the same broker through a proxy that can be told to fail.
    pub proxy: Proxy,
    directory: PathBuf,
    /// The shell that holds the broker does what it is told here, and ends it when this closes.
    lifeline: Mutex<ChildStdin>,
}

impl Broker {
    /// As `kill -9` does it; its data stays.
    pub fn kill(&self) {
        self.tell("kill");
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(&self.address).is_ok() {
            assert!(Instant::now() < deadline, "the broker at {} does not die", self.address);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Again, on the same ports and data, until it answers.
    pub fn start(&self) {
        self.tell("start");
        wait(&self.address, &self.directory).unwrap_or_else(|failed| panic!("{failed}"));
    }

    fn tell(&self, word: &str) {
        writeln!(self.lifeline.lock().unwrap(), "{word}").expect("the broker's shell");
    }
}

/// `host:port` of the broker that tests use.
pub fn brokers() -> String {
    std::env::var("KAFKA_BROKERS").unwrap_or_else(|_| own().address.clone())
}

/// The broker of this program, whatever `KAFKA_BROKERS` says: for tests that fail its connections.
pub fn own() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(|| start().unwrap_or_else(|missing| panic!("tests against Kafka cannot run: {missing}")))
}

/// A prefix that no other test has.
pub fn unique(name: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}-", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// Settings for one broker, quick to notice a dead worker, with topics that no other test has.
pub fn settings(name: &str) -> KafkaSettings {
    KafkaSettings {
        topic_prefix: unique(name),
        replication: 1,
        minimum_in_sync: 1,
        session_timeout_ms: 6_000,
        ..KafkaSettings::new(brokers())
    }
}

/// A new directory, which the broker's shell removes.
pub fn scratch(name: &str) -> std::io::Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix(&format!("accrue-{name}-")).tempdir()?.keep())
}

fn start() -> Result<Broker, String> {
    let directory = scratch("kafka").map_err(|error| error.to_string())?;
    let [plain, proxied, controller] = free_ports();
    let proxy = Proxy::start(proxied);
    let properties = properties(&directory, plain, proxied, proxy.port(), controller);
    let address = format!("127.0.0.1:{plain}");
    let lifeline = launch(&directory, &properties, &[], &address)?;
    Ok(Broker { address, proxy, directory, lifeline: Mutex::new(lifeline) })
}

/// Starts a broker in a directory that is removed after it, and waits until it answers at `plain`. `format` is said to the
/// formatting of its storage, too. The broker ends when what is returned closes.
pub fn launch(directory: &Path, properties: &str, format: &[&str], plain: &str) -> Result<ChildStdin, String> {
    let libraries = libraries()?;
    std::fs::write(directory.join("server.properties"), properties).map_err(|error| error.to_string())?;
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT, "broker"])
        .arg(directory)
        .arg(&libraries)
        .args(format)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("sh: {error}"))?;
    let lifeline = shell.stdin.take().ok_or("the shell has no input")?;
    wait(plain, directory)?;
    Ok(lifeline)
}

/// Runs the broker until the input closes, which it does when the test program ends, then removes its data. A line of the
/// input kills it, or starts it again.
const SCRIPT: &str = r#"
cd "$1" || exit 1
directory=$1 libraries=$2
shift 2
java -cp "$libraries/*" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c server.properties "$@" >broker.log 2>&1
start() {
    java -Xmx512m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -cp "$libraries/*" kafka.Kafka server.properties >>broker.log 2>&1 &
}
start
while read -r word; do
    case $word in
    kill) kill -9 $!; wait ;;
    start) start ;;
    esac
done
kill -9 $!
wait
cd / && rm -rf "$directory"
"#;

fn properties(directory: &Path, plain: u16, proxied: u16, proxy: u16, controller: u16) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxy}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs={}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
auto.create.topics.enable=false
log.cleaner.backoff.ms=200
",
        directory.join("data").display()
    )
}

/// All of them different.
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners: [TcpListener; COUNT] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}

fn wait(address: &str, directory: &Path) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(180);
    let settings = KafkaSettings { request_timeout_ms: 1_000, ..KafkaSettings::new(address) };
    loop {
        match Kafka::connect(settings.clone()) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                let log = std::fs::read_to_string(directory.join("broker.log")).unwrap_or_default();
                return Err(format!("the broker does not start ({error}); Java 17 is needed; it says:\n{log}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// The directory with Kafka's jars; several programs may fetch them at once, and one of them wins.
pub fn libraries() -> Result<PathBuf, String> {
    let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => return Err("neither XDG_CACHE_HOME nor HOME is set".into()),
    };
    let libraries = cache.join("accrue/kafka-4.3.1");
    if libraries.is_dir() {
        return Ok(libraries);
    }
    let partial = cache.join(format!("accrue/kafka-4.3.1.{}", std::process::id()));
    std::fs::create_dir_all(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
    let _ = writeln!(std::io::stderr(), "fetching Kafka into {}", libraries.display());
    let fetched = Command::new("mvn")
        .args(["-q", "-B", "-f", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/broker/pom.xml")])
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", partial.display()))
        .output()
        .map_err(|error| format!("Maven is needed to fetch Kafka: mvn: {error}"))?;
    if !fetched.status.success() {
        let said = String::from_utf8_lossy(&fetched.stdout);
        return Err(format!("Maven could not fetch Kafka, which needs the network or a mirror:\n{said}"));
    }
    let renamed = std::fs::rename(&partial, &libraries);
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    if libraries.is_dir() { Ok(libraries) } else { Err(format!("{} could not be made", libraries.display())) }
}

/// Creates a topic as somebody else would.
pub fn create_topic(brokers: &str, name: &str, partitions: i32, config: &[(&str, &str)]) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<_> =
        rdkafka::ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an administrator");
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let topic = config.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let created = runtime.block_on(admin.create_topics([&topic], &AdminOptions::new())).expect("an answer");
    assert!(created[0].is_ok(), "{created:?}");
}

/// A member of a group that is not ours, and a moment of its life.
pub fn member(brokers: &str, group: &str, topic: &str) -> rdkafka::consumer::BaseConsumer {
    use rdkafka::consumer::Consumer;
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", group).set("client.id", "the-other");
    config.set("partition.assignment.strategy", "cooperative-sticky");
    let consumer: rdkafka::consumer::BaseConsumer = config.create().expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    consumer
}

pub fn serve(member: &rdkafka::consumer::BaseConsumer) {
    drop(member.poll(Duration::from_millis(20)));
}
