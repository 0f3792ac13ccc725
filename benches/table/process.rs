//! The real binary under measurement, and what the system tells of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use slowburn::clock;

/// Time after which the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// The kernel's tick in `/proc/PID/stat`, 100 Hz on every Linux that Rust runs on.
const TICK: f64 = 0.01;

/// A running engine, killed when dropped.
pub struct Process {
    child: Child,
    address: String,
    /// From its start until it was ready.
    pub ready: Duration,
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
        let mut process = Self { child, address, ready: Duration::ZERO };
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

    /// CPU time of all its threads so far.
    pub fn cpu(&self) -> f64 {
        cpu(&self.proc("stat"))
    }

    /// Resident bytes.
    pub fn resident(&self) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }

    /// Bytes that it caused to be written to the disk.
    pub fn written(&self) -> f64 {
        written(&self.proc("io"))
    }

    fn proc(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).expect("it runs")
    }
}

/// CPU seconds in the text of `/proc/PID/stat`.
pub fn cpu(stat: &str) -> f64 {
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * TICK
}

/// Bytes written in the text of `/proc/PID/io`.
pub fn written(io: &str) -> f64 {
    io.lines().find_map(|line| line.strip_prefix("write_bytes:")?.trim().parse().ok()).unwrap_or(0.0)
}
