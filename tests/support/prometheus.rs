//! A real Prometheus (Debian's package) with given samples.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends when dropped.
pub struct Server {
    program: Child,
    port: u16,
    _data: TempDir,
}

impl Server {
    /// With the samples of these OpenMetrics files.
    pub fn start(samples: &[&Path], arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let blocks = data.path().join("data");
        for samples in samples {
            let made = Command::new("promtool")
                .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
                .args([samples, blocks.as_path()])
                .output()
                .expect("promtool (Debian's prometheus)");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        std::fs::write(data.path().join("prometheus.yml"), "global: {scrape_interval: 1h}\n").expect("written");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let program = Command::new("prometheus")
            .arg(format!("--config.file={}", data.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", blocks.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus (Debian's package)");
        let mut server = Self { program, port, _data: data };
        let begin = slowburn::clock::instant();
        while !server.is_ready() {
            assert!(server.program.try_wait().expect("a child").is_none(), "prometheus ended");
            assert!(begin.elapsed() < PATIENCE, "prometheus is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok() && self.get("/-/ready").split(' ').nth(1) == Some("200")
    }

    /// A whole answer over a connection of its own.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
