//! A peer's process.

use crate::client::get;
use crate::system::Usage;
use slowburn::clock;
use std::ffi::OsStr;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Time in which it must be ready, or end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running peer, asked to end when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    pub usage: Usage,
}

impl Server {
    /// Starts a command, whose log goes to a file in `dir`, and waits until `ready` is answered at its address.
    pub fn start<S: AsRef<OsStr>>(dir: &Path, command: &str, address: String, ready: &str, options: &[S]) -> Self {
        let log = dir.join(format!("{command}.log"));
        let file = File::create(&log).expect("room for a log");
        let mut child = Command::new(command)
            .args(options)
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let begun = clock::instant();
        while get(&address, ready).is_err() {
            let ended = child.try_wait().expect("our own child").is_some();
            if ended || begun.elapsed() > PATIENCE {
                panic!("{command} does not become ready:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let usage = Usage::of(child.id());
        Self { child, address, usage }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = clock::instant();
        while asked.is_ok() && begun.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody uses at this moment.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
