//! A real broker that takes TLS, client certificates, SCRAM, PLAIN and unsecured tokens of OAUTHBEARER, each on a listener of
//! its own, with certificates made for it.

use super::broker::{free_ports, launch, scratch};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::OnceLock;

pub const USER: &str = "accrue-worker";
pub const PASSWORD: &str = "canary-9b1e";

/// Ports by what the listener wants.
pub struct Secured {
    pub plain: String,
    pub tls: String,
    pub client_certificate: String,
    pub scram: String,
    pub password: String,
    pub token: String,
    /// SCRAM-SHA-256.
    pub shorter: String,
    /// TLS with a certificate of the CA for another host.
    pub elsewhere: String,
    /// Certificates and keys: `ca.pem`, `client.pem`, `client.key`, `client.locked.key`, `stranger.pem`.
    pub directory: PathBuf,
    _lifeline: ChildStdin,
}

pub fn secured() -> &'static Secured {
    static SECURED: OnceLock<Secured> = OnceLock::new();
    SECURED.get_or_init(|| started("secured", &[USER], ""))
}

/// One that allows these users nothing but what ACLs say. Whoever comes without TLS may do everything.
pub fn guarded(users: &[&str]) -> Secured {
    let authorizer =
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\nsuper.users=User:ANONYMOUS\n";
    started("guarded", users, authorizer)
}

fn started(name: &str, users: &[&str], settings: &str) -> Secured {
    start(name, users, settings).unwrap_or_else(|missing| panic!("tests of a secured broker cannot run: {missing}"))
}

fn start(name: &str, users: &[&str], settings: &str) -> Result<Secured, String> {
    let directory = scratch(name).map_err(|error| error.to_string())?;
    certificates(&directory)?;
    let ports: [u16; 9] = free_ports();
    let at = |place: usize| format!("127.0.0.1:{}", ports[place]);
    let of_user = |user| ["SCRAM-SHA-512", "SCRAM-SHA-256"].map(|hash| format!("{hash}=[name={user},password={PASSWORD}]"));
    let known = users.iter().flat_map(of_user);
    let scram: Vec<String> = known.flat_map(|user| ["--add-scram".into(), user]).collect();
    let scram: Vec<&str> = scram.iter().map(String::as_str).collect();
    let properties = properties(&directory, ports) + settings;
    let lifeline = launch(&directory, &properties, &scram, &at(0))?;
    Ok(Secured {
        plain: at(0),
        tls: at(1),
        client_certificate: at(2),
        scram: at(3),
        elsewhere: at(4),
        password: at(5),
        token: at(6),
        shorter: at(7),
        directory,
        _lifeline: lifeline,
    })
}

fn properties(directory: &Path, ports: [u16; 9]) -> String {
    let names = ["PLAINTEXT", "TLS", "CLIENT", "SCRAM", "ELSEWHERE", "PASSWORD", "TOKEN", "SHORTER"];
    let all: Vec<String> = names.iter().zip(ports).map(|(name, port)| format!("{name}://127.0.0.1:{port}")).collect();
    let (all, controller, place) = (all.join(","), ports[8], directory.display());
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={all},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={all}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,CLIENT:SSL,SCRAM:SASL_SSL,ELSEWHERE:SSL,PASSWORD:SASL_SSL,TOKEN:SASL_SSL,SHORTER:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={place}/broker.both.pem
ssl.truststore.type=PEM
ssl.truststore.location={place}/ca.pem
listener.name.client.ssl.client.auth=required
listener.name.elsewhere.ssl.keystore.type=PEM
listener.name.elsewhere.ssl.keystore.location={place}/elsewhere.both.pem
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.shorter.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.shorter.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.password.sasl.enabled.mechanisms=PLAIN
listener.name.password.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";
listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.token.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";
listener.name.token.oauthbearer.connections.max.reauth.ms=3000
log.dirs={place}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.num.partitions=2
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
auto.create.topics.enable=false
"
    )
}

/// Two CAs, and certificates of the first one for this host, for another host and for a client.
pub fn certificates(directory: &Path) -> Result<(), String> {
    let failed = |error: rcgen::Error| format!("certificates: {error}");
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).map_err(|error| error.to_string());
    let issuer = authority("accrue test CA").map_err(failed)?;
    write("ca.pem", &issuer.1)?;
    write("stranger.pem", &authority("another CA").map_err(failed)?.1)?;
    for (name, host) in [("broker", "127.0.0.1"), ("elsewhere", "elsewhere.example"), ("client", "client")] {
        let key = KeyPair::generate().map_err(failed)?;
        let parameters = CertificateParams::new([host.to_string()]).map_err(failed)?;
        let certificate = parameters.signed_by(&key, &issuer.0).map_err(failed)?;
        write(&format!("{name}.key"), &key.serialize_pem())?;
        write(&format!("{name}.locked.key"), &locked(&key).map_err(|error| error.to_string())?)?;
        write(&format!("{name}.pem"), &certificate.pem())?;
        write(&format!("{name}.both.pem"), &format!("{}{}", key.serialize_pem(), certificate.pem()))?;
    }
    Ok(())
}

/// The key, encrypted with the password.
fn locked(key: &KeyPair) -> Result<String, openssl::error::ErrorStack> {
    let key = openssl::pkey::PKey::private_key_from_pem(key.serialize_pem().as_bytes())?;
    let pem = key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), PASSWORD.as_bytes())?;
    Ok(String::from_utf8_lossy(&pem).into_owned())
}

/// A CA and its certificate as PEM.
fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut parameters = CertificateParams::new([])?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let pem = certificate.pem();
    Ok((Issuer::new(parameters, key), pem))
}
