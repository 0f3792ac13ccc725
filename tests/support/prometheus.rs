//! A real Prometheus (Debian's package).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server without anything to scrape; ends when dropped.
pub struct Server {
    program: Child,
    pub address: String,
}

impl Server {
    /// Starts on the blocks of a directory, with further flags, and waits until it answers.
    pub fn start(blocks: &Path, configuration: &str, arguments: &[&str]) -> Self {
        let config = blocks.with_extension("yml");
        std::fs::write(&config, configuration).expect("written");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let program = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", blocks.display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus (Debian's package)");
        let mut server = Self { program, address };
        let begin = slowburn::clock::instant();
        while !server.is_ready() {
            assert!(server.program.try_wait().expect("a child").is_none(), "prometheus ended");
            assert!(begin.elapsed() < PATIENCE, "prometheus is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(&self.address).is_ok() && self.get("/-/ready").split(' ').nth(1) == Some("200")
    }

    /// A whole answer over a connection of its own.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
