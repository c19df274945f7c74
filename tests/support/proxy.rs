//! A TCP proxy before the broker that loses the answer to a commit (Kafka's EndTxn), once or with the whole connection, or
//! keeps all answers back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const END_TXN: [u8; 2] = [0, 26];

/// What happens to the answer of the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    None,
    /// The commit reaches the broker, its answer is lost with the connection; new connections work.
    LoseAnswer,
    /// The same, and nothing gets through until the fault is lifted.
    LoseAnswerAndCut,
    Cut,
    /// Requests reach the broker, and no answer comes back before the fault is lifted.
    Silent,
}

#[derive(Clone)]
pub struct Proxy {
    port: u16,
    fault: Arc<AtomicU8>,
}

impl Proxy {
    pub fn start(broker_port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let proxy = Proxy { port, fault: Arc::default() };
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.connect(client, broker_port));
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn set(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    pub fn is(&self, fault: Fault) -> bool {
        self.fault.load(Ordering::SeqCst) == fault as u8
    }

    fn connect(&self, client: TcpStream, broker_port: u16) {
        if self.is(Fault::Cut) {
            return;
        }
        let Ok(broker) = TcpStream::connect(("127.0.0.1", broker_port)) else { return };
        let (Ok(to_client), Ok(to_broker)) = (client.try_clone(), broker.try_clone()) else { return };
        let answers = self.clone();
        let doomed = Arc::new(AtomicU8::new(0));
        let answers_doomed = doomed.clone();
        std::thread::spawn(move || answers.answers(broker, to_client, &answers_doomed));
        self.requests(client, to_broker, &doomed);
    }

    fn requests(&self, mut client: TcpStream, mut broker: TcpStream, doomed: &AtomicU8) {
        while let Some(frame) = frame(&mut client) {
            let faulty = self.is(Fault::LoseAnswer) || self.is(Fault::LoseAnswerAndCut);
            if frame[4..6] == END_TXN && faulty {
                doomed.store(1, Ordering::SeqCst);
            }
            if self.is(Fault::Cut) || broker.write_all(&frame).is_err() {
                break;
            }
        }
        let _ = (client.shutdown(Shutdown::Both), broker.shutdown(Shutdown::Both));
    }

    fn answers(&self, mut broker: TcpStream, mut client: TcpStream, doomed: &AtomicU8) {
        while let Some(frame) = frame(&mut broker) {
            while self.is(Fault::Silent) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if doomed.load(Ordering::SeqCst) == 1 {
                self.set(if self.is(Fault::LoseAnswerAndCut) { Fault::Cut } else { Fault::None });
                break;
            }
            if self.is(Fault::Cut) || client.write_all(&frame).is_err() {
                break;
            }
        }
        let _ = (client.shutdown(Shutdown::Both), broker.shutdown(Shutdown::Both));
    }
}

/// A request or an answer: its length and as many bytes.
fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = length.to_vec();
    frame.resize(4 + u32::from_be_bytes(length) as usize, 0);
    stream.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}
