//! Runs the program, real ones beside it, and small servers for it to talk to.

use axum::Router;
use axum::http::{StatusCode, header};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub const TEXT: &str = "text/plain; version=0.0.4";

/// What a command printed and how it ended.
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

/// Runs slowburn in a directory.
pub fn run(dir: &Path, args: &[&str]) -> Ran {
    ran(program().args(args).current_dir(dir).output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { out: text(output.stdout), err: text(output.stderr), code: output.status.code().expect("no signal") }
}

/// A server with one answer to `path`, and 404 for all others; it ends with the test's process.
pub fn serve(path: &str, status: u16, content_type: &'static str, body: impl Into<String>) -> SocketAddr {
    let body: String = body.into();
    let status = StatusCode::from_u16(status).unwrap();
    let answer = move || async move { (status, [(header::CONTENT_TYPE, content_type)], body) };
    let app = Router::new().route(path, axum::routing::get(answer));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    address
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program that ends with its owner.
pub struct Running {
    child: Child,
    pub port: u16,
}

impl Running {
    /// Starts a program that listens on `port`, and waits until it does.
    pub fn start(command: &mut Command, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut running = Self { child, port };
        let begin = slowburn::clock::instant();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(running.child.try_wait().unwrap().is_none(), "{command:?} ended");
            assert!(begin.elapsed() < PATIENCE, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls until the answer is there.
pub fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begin = slowburn::clock::instant();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "it did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}
