//! The real binary under measurement.

use super::system::Usage;
use slowburn::clock;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Time after which the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running engine, killed when dropped.
pub struct Process {
    child: Child,
    pub address: String,
    /// From its start until it was ready.
    pub ready: Duration,
    pub usage: Usage,
}

impl Drop for Process {
    fn drop(&mut self) {
        // `kill -9`; one that has ended already needs none.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer as it came over the wire.
pub struct Answer {
    pub first_byte: Duration,
    /// Bytes of the body.
    pub bytes: usize,
    pub ok: bool,
}

impl Process {
    /// Starts the engine and waits for its first publication.
    pub fn start(config: &Path) -> Self {
        let begun = clock::instant();
        let mut child = Command::new(env!("CARGO_BIN_EXE_slowburn"))
            .args(["run", "--log.level", "info", "--web.listen", "127.0.0.1:0", "--config"])
            .arg(config)
            // As the image and the systemd unit set it.
            .env("MALLOC_ARENA_MAX", "2")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut seen = Vec::new();
        let address = loop {
            let Some(Ok(line)) = log.next() else { panic!("slowburn ended:\n{}", seen.join("\n")) };
            if let Some((_, rest)) = line.split_once("url=http://") {
                break rest.split('/').next().unwrap_or_default().to_owned();
            }
            seen.push(line);
        };
        // Read to the end, so that the process never waits for room in the pipe.
        std::thread::spawn(move || log.for_each(drop));
        let usage = Usage::of(child.id());
        let mut process = Self { child, address, ready: Duration::ZERO, usage };
        while !process.get("/-/ready").ok {
            assert!(begun.elapsed() < PATIENCE, "slowburn does not become ready");
            std::thread::sleep(Duration::from_millis(2));
        }
        process.ready = begun.elapsed();
        process
    }

    /// Asks for a page over a connection of its own.
    pub fn get(&self, path: &str) -> Answer {
        let begun = clock::instant();
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let request = format!("{head}Accept-Encoding: gzip\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = vec![0];
        stream.read_exact(&mut answer).expect("it answers");
        let first_byte = begun.elapsed();
        stream.read_to_end(&mut answer).expect("it answers to the end");
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        Answer { first_byte, bytes: answer.len() - head, ok: answer.starts_with(b"HTTP/1.1 200") }
    }
}
