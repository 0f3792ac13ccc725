//! The real mail server of the tests: aiosmtpd in a child process, with a certificate made for the test.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp_server.py");

/// Debian's packages live under the first name; elsewhere the one in the path may have aiosmtpd.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];

pub struct MailServer {
    pub port: u16,
    /// The certificate that clients have to trust.
    #[allow(dead_code, reason = "only the tests of TLS need it")]
    pub ca: String,
    mails: mpsc::UnboundedReceiver<Value>,
    _child: Child,
    _directory: TempDir,
}

impl MailServer {
    /// Starts with `settings` (see the script); certificate and key are added, for `name`.
    pub async fn start_for(name: &str, mut settings: Value) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let pair = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let ca = pair.cert.pem();
        settings["cert"] = json!(write(directory.path(), "cert.pem", &ca));
        settings["key"] = json!(write(directory.path(), "key.pem", &pair.signing_key.serialize_pem()));
        let mut child = Command::new(python().await)
            .arg(SCRIPT)
            .arg(settings.to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = next_json(&mut lines).await.expect("the mail server started; its error is above");
        let port = first["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { port, ca, mails: collect(lines), _child: child, _directory: directory }
    }

    pub async fn start(settings: Value) -> Self {
        Self::start_for("127.0.0.1", settings).await
    }

    /// The next mail that the server accepted.
    pub async fn mail(&mut self) -> Value {
        self.mails.recv().await.expect("the mail server ended; its error is above")
    }
}

/// The value of a header, `None` when there is none or more than one.
pub fn header<'a>(mail: &'a Value, name: &str) -> Option<&'a str> {
    let found: Vec<&str> = mail["headers"]
        .as_array()?
        .iter()
        .filter(|header| header[0].as_str().is_some_and(|found| found.eq_ignore_ascii_case(name)))
        .filter_map(|header| header[1].as_str())
        .collect();
    if found.len() == 1 { Some(found[0]) } else { None }
}

/// Reads all the time: a mail may be larger than the pipe, and the server waits until it is written.
fn collect(mut lines: Lines<BufReader<ChildStdout>>) -> mpsc::UnboundedReceiver<Value> {
    let (sender, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(mail) = next_json(&mut lines).await {
            if sender.send(mail).is_err() {
                return;
            }
        }
    });
    mails
}

async fn next_json(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Value> {
    let line = lines.next_line().await.expect("readable")?;
    Some(serde_json::from_str(&line).expect("JSON"))
}

async fn python() -> &'static str {
    for python in PYTHONS {
        let probe = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().await;
        if probe.is_ok_and(|status| status.success()) {
            return python;
        }
    }
    panic!("these tests need aiosmtpd: install Debian's python3-aiosmtpd, or aiosmtpd from PyPI")
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}
