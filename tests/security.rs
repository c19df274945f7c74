//! Kafka behind TLS, client certificates, SCRAM, PLAIN and OAUTHBEARER: the whole application through each of them, and what is
//! said where one of them is not as the broker wants it.

mod support;

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::secured::{PASSWORD, Secured, USER, secured};
use support::story::{PATIENCE, Story, Worker, command, error_text, text, totals};
use support::tokens::{self, TokenEndpoint};

/// A file that this user alone may read.
fn secret(story: &Story, name: &str, content: &str) -> String {
    let path = story.write(name, content);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn config(story: &Story, name: &str, brokers: &str, security: &str) -> String {
    let state = story.text(&format!("{name}-state"));
    let text = format!(
        "partitions = 2\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{name}-\"\napplication_id = \"test-{name}\"\n\
         session_timeout_ms = 6000\nreplication = 1\nstate_directory = \"{state}\"\n[kafka.security]\n{security}\n"
    );
    story.write(&format!("{name}.toml"), &text)
}

fn file(secured: &Secured, name: &str) -> PathBuf {
    let path = secured.directory.join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn ca(secured: &Secured) -> String {
    format!("ca_file = {:?}", file(secured, "ca.pem"))
}

fn tls(secured: &Secured) -> String {
    format!("protocol = \"ssl\"\n{}", ca(secured))
}

fn with_certificate(secured: &Secured) -> String {
    let [certificate, key] = ["client.pem", "client.key"].map(|name| file(secured, name));
    format!("{}\ncertificate_file = {certificate:?}\nkey_file = {key:?}", tls(secured))
}

fn scram(secured: &Secured, user: &str, password_file: &str) -> String {
    let ca = ca(secured);
    format!(
        "protocol = \"sasl_ssl\"\nmechanism = \"SCRAM-SHA-512\"\n{ca}\nuser_name = \"{user}\"\npassword_file = {password_file:?}"
    )
}

fn plain(secured: &Secured, password_file: &str) -> String {
    scram(secured, USER, password_file).replace("SCRAM-SHA-512", "PLAIN")
}

fn token(secured: &Secured, endpoint: &TokenEndpoint, secret_file: &str) -> String {
    let (ca, url) = (ca(secured), &endpoint.url);
    let way = match url.starts_with("https") {
        true => format!("token_{ca}"),
        false => "dangerous_plain_token_url = true".into(),
    };
    format!(
        "protocol = \"sasl_ssl\"\nmechanism = \"OAUTHBEARER\"\n{ca}\ntoken_url = \"{url}\"\n{way}\n\
         client_id = \"accrue worker\"\nclient_secret_file = {secret_file:?}\nscope = \"kafka write\""
    )
}

/// Has the password where a config names it.
const VARIABLE: &str = "ACCRUE_TEST_SECRET";
/// What is printed of topics where all is well.
const FIRST: &str = "deal-closed";

/// Tokens last so long: one is asked for 4 s before the last one ends, and again 2 s later. The broker lets clients log in again on each connection at the latest after 3 s.
const TOKEN_SECONDS: u64 = 16;

#[test]
fn the_application_works_through_each_of_them() {
    let (secured, story) = (secured(), Story::new());
    let password = secret(&story, "password", &format!("{PASSWORD}\n"));
    let table = [
        ("tls", &secured.tls, tls(secured)),
        ("certificate", &secured.client_certificate, with_certificate(secured)),
        ("scram", &secured.scram, scram(secured, USER, &password)),
        ("plain", &secured.password, plain(secured, &password)),
    ];
    let expected = story.undisturbed();
    for (name, brokers, security) in table {
        let config = config(&story, name, brokers, &security);
        let log = ["--config", config.as_str()];
        story.begin(&log);
        let worker = Worker::start(&["run", "--config", &config], None, story.path(&format!("{name}.log")));
        for step in story.steps() {
            let output = step.run(&log);
            assert!(output.status.success(), "{name} {}: {}\n{}", step.name(), error_text(&output), worker.said());
        }
        becomes(&log, &expected, &worker);
        assert!(!worker.said().contains(PASSWORD), "{name}");
    }
}

fn becomes(log: &[&str], expected: &str, worker: &Worker) {
    let deadline = Instant::now() + PATIENCE;
    while totals(log) != expected {
        assert!(Instant::now() < deadline, "{log:?}: {}", worker.said());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Nobody but the worker asks for tokens while one of these lasts.
enum Lull {
    /// Nothing is there to do for longer than two tokens last, and clients log in again all the time, polled or not.
    Idle,
    /// The endpoint is away when the token is to be renewed, and back before it ends.
    ShortlyAway,
    /// The endpoint is away for longer than the token lasts.
    LongAway,
}

impl Lull {
    fn pass(&self, worker: &mut Worker, endpoint: &TokenEndpoint) {
        let (given, missed, said) = (endpoint.given(), endpoint.missed(), worker.said());
        let token = Duration::from_secs(TOKEN_SECONDS);
        match self {
            Lull::Idle => {
                std::thread::sleep(token * 2 + token / 4);
                assert!(endpoint.given() >= given + 2, "{}", worker.said());
                let new = worker.said().replacen(&said, "", 1);
                assert!(!new.contains("token") && !new.contains("log in"), "{new}");
            }
            Lull::ShortlyAway => {
                endpoint.set_away(true);
                worker.wait_until("it asks for a token", |_| endpoint.missed() > missed);
                endpoint.set_away(false);
                worker.wait_until("it is given one", |_| endpoint.given() > given);
                // Whatever the old token was good for is over.
                std::thread::sleep(token / 2);
                let new = worker.said().replacen(&said, "", 1);
                assert!(new.contains("/token is not to be had") && new.contains("is used until it ends"), "{new}");
                assert!(!new.contains("nobody can log in"), "{new}");
            }
            Lull::LongAway => {
                endpoint.set_away(true);
                worker.wait_until("nobody can log in", |worker| worker.said().contains("nobody can log in at the Kafka brokers"));
                std::thread::sleep(token);
                endpoint.set_away(false);
                worker.wait_until("it is given one", |_| endpoint.given() > given);
            }
        }
        assert!(!worker.has_ended(), "{}", worker.said());
    }
}

#[test]
fn a_worker_outlives_its_tokens_and_waits_for_their_endpoint() {
    let (secured, story) = (secured(), Story::new());
    let mut tls = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    tls.set_private_key_file(file(secured, "broker.key"), SslFiletype::PEM).unwrap();
    tls.set_certificate_chain_file(file(secured, "broker.pem")).unwrap();
    let endpoint = tokens::serve(PASSWORD, TOKEN_SECONDS, Some(tls.build()));
    let password = secret(&story, "password", &format!("{PASSWORD}\n"));
    let config = config(&story, "token", &secured.token, &token(secured, &endpoint, &password));
    let log = ["--config", config.as_str()];
    let expected = story.undisturbed();
    story.begin(&log);
    let mut worker = Worker::start(&["run", "--config", &config, "--listen", "none"], None, story.path("token.log"));
    for (place, step) in story.steps().into_iter().enumerate() {
        let output = step.run(&log);
        assert!(output.status.success(), "{}: {}\n{}", step.name(), error_text(&output), worker.said());
        if let Some(lull) = [Lull::Idle, Lull::ShortlyAway, Lull::LongAway].get(place) {
            lull.pass(&mut worker, &endpoint);
        }
    }
    becomes(&log, &expected, &worker);
    let said = worker.said();
    assert!(![PASSWORD, tokens::BEGINS, "DANGER"].iter().any(|text| said.contains(text)), "{said}");
    worker.stop();
}

#[test]
fn what_is_wrong_is_said_with_the_setting_to_look_at() {
    let (secured, story) = (secured(), Story::of(1));
    let password = secret(&story, "password", PASSWORD);
    let wrong = secret(&story, "wrong", "canary-wrong");
    let open = story.write("open", PASSWORD);
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o604)).unwrap();
    let stranger = format!("protocol = \"ssl\"\nca_file = {:?}", file(secured, "stranger.pem"));
    let unsafe_host = format!("{}\ndangerous_skip_hostname_check = true", tls(secured));
    let unsafe_all = format!("{stranger}\ndangerous_skip_certificate_check = true");
    let log_in = "refuse the log-in; look at mechanism, user_name and the password in [kafka.security]";
    let no_tls = "no TLS with the Kafka brokers at 127.0.0.1:";
    let [nowhere] = support::broker::free_ports();
    let nowhere = format!("127.0.0.1:{nowhere}");
    let endpoint = tokens::serve(PASSWORD, TOKEN_SECONDS, None);
    let away = TokenEndpoint::nowhere(&nowhere);
    let no_token = "gives no token: 401 invalid_client; look at token_url, client_id, its secret and scope";
    // Secrets may be in variables, and a key may be locked with one.
    let of_environment = |security: String, key: &str, file: &str| {
        security.replace(&format!("{key}_file = {file:?}"), &format!("{key}_environment = \"{VARIABLE}\""))
    };
    file(secured, "client.locked.key");
    let locked = |password: &str| with_certificate(secured).replace("client.key", "client.locked.key") + "\n" + password;
    let shorter = scram(secured, USER, &password).replace("SHA-512", "SHA-256");
    let token_of_environment = of_environment(token(secured, &endpoint, &password), "client_secret", &password);
    let table: [(&str, &str, String, i32, &str); 25] = [
        ("SCRAM-SHA-256", &secured.shorter, shorter.clone(), 0, FIRST),
        (
            "a password in a variable",
            &secured.scram,
            of_environment(scram(secured, USER, &password), "password", &password),
            0,
            FIRST,
        ),
        ("a client secret in a variable", &secured.token, token_of_environment, 0, FIRST),
        ("a locked key", &secured.client_certificate, locked(&format!("key_password_file = {password:?}")), 0, FIRST),
        (
            "the same by a variable",
            &secured.client_certificate,
            locked(&format!("key_password_environment = \"{VARIABLE}\"")),
            0,
            FIRST,
        ),
        (
            "a locked key, another password",
            &secured.client_certificate,
            locked(&format!("key_password_file = {wrong:?}")),
            78,
            "ssl.key.location failed",
        ),
        ("a locked key without one", &secured.client_certificate, locked(""), 78, "ssl.key.location failed"),
        ("unknown CA", &secured.tls, stranger.clone(), 78, no_tls),
        ("another host's certificate", &secured.elsewhere, tls(secured), 78, no_tls),
        ("the same, not looked at", &secured.elsewhere, unsafe_host, 0, "DANGER: dangerous_skip_hostname_check is on"),
        ("no certificate is looked at", &secured.tls, unsafe_all, 0, "DANGER: dangerous_skip_certificate_check is on"),
        ("TLS where there is none", &secured.plain, tls(secured), 69, "correct brokers, or protocol and"),
        ("no TLS where there is some", &secured.tls, "protocol = \"plaintext\"".into(), 69, "correct brokers, or protocol and"),
        ("no client certificate", &secured.client_certificate, tls(secured), 69, "certificate_file in [kafka.security]"),
        ("wrong password", &secured.scram, scram(secured, USER, &wrong), 78, log_in),
        ("unknown user", &secured.scram, scram(secured, "nobody", &password), 78, log_in),
        ("nobody there", &nowhere, tls(secured), 69, "no Kafka broker answers at"),
        ("password open to everybody", &secured.scram, scram(secured, USER, &open), 78, "chmod 0600"),
        ("no such file", &secured.scram, scram(secured, USER, "/nowhere/password"), 78, "password_file: /nowhere/password"),
        ("wrong password of PLAIN", &secured.password, plain(secured, &wrong), 78, log_in),
        ("wrong secret", &secured.token, token(secured, &endpoint, &wrong), 78, no_token),
        ("no token endpoint", &secured.token, token(secured, &away, &password), 69, "/token is not to be had"),
        ("token where there is SCRAM", &secured.scram, token(secured, &endpoint, &password), 78, "look at mechanism, client_id"),
        ("token to anybody", &secured.token, token(secured, &endpoint, &password), 0, "DANGER: dangerous_plain_token_url is on"),
        ("another mechanism", &secured.scram, shorter, 78, log_in),
    ];
    for (name, brokers, security, code, wanted) in table {
        let path = config(&story, &name.replace([' ', ',', '\''], "-"), brokers, &security);
        let output = command(&["topics", "--create", "--config", &path]).env(VARIABLE, PASSWORD).output().unwrap();
        let said = format!("{}{}", text(&output), error_text(&output));
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        assert!(said.replace('\n', " ").contains(wanted), "{name}: {said}");
        assert!(!["canary", PASSWORD, tokens::BEGINS].iter().any(|secret| said.contains(secret)), "{name}: {said}");
    }
}
