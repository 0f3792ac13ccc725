//! A real HTTP/1.1 server on loopback that answers by a script and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// Status line without version, headers (each with its line end), body.
    Full { status: String, headers: String, body: String },
    /// Takes the request and says nothing.
    Hang,
    /// Closes the connection without a word.
    Reset,
    /// A status, then a body that never ends.
    Endless { status: String },
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::body(status, "")
    }

    pub fn body(status: u16, body: &str) -> Self {
        Self::Full { status: format!("{status} Status"), headers: String::new(), body: body.into() }
    }

    pub fn header(status: u16, header: &str, body: &str) -> Self {
        Self::Full { status: format!("{status} Status"), headers: format!("{header}\r\n"), body: body.into() }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST /hook HTTP/1.1`.
    pub line: String,
    /// Header lines in lower case.
    pub headers: Vec<String>,
    pub body: String,
}

impl Received {
    pub fn has_header(&self, line: &str) -> bool {
        self.headers.iter().any(|header| header == line)
    }
}

pub struct Server {
    pub address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Log {
    received: Mutex<Vec<Received>>,
    /// Bytes of endless bodies that went out.
    written: AtomicUsize,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers each request in turn by `script`; the last answer is repeated.
    pub async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let log = Arc::new(Log::default());
        let kept = log.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), kept.clone()));
            }
        });
        Self { address, log, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn written(&self) -> usize {
        self.log.written.load(Ordering::Relaxed)
    }

    pub fn received(&self) -> Vec<Received> {
        self.log.received.lock().expect("no panic while held").clone()
    }
}

async fn serve(stream: TcpStream, script: Vec<Answer>, log: Arc<Log>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        let turn = {
            let mut received = log.received.lock().expect("no panic while held");
            received.push(request);
            received.len() - 1
        };
        match &script[turn.min(script.len() - 1)] {
            Answer::Full { status, headers, body } => {
                let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Hang => return tokio::time::sleep(Duration::from_secs(600)).await,
            Answer::Reset => return,
            Answer::Endless { status } => {
                let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: 99999999999\r\n\r\n");
                let mut written = stream.write_all(head.as_bytes()).await;
                while written.is_ok() {
                    log.written.fetch_add(16 * 1024, Ordering::Relaxed);
                    written = stream.write_all(&[b'x'; 16 * 1024]).await;
                }
                return;
            }
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok().filter(|read| *read > 0)?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        headers.push(format!("{name}: {}", value.trim()));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Received { line: line.trim_end().to_owned(), headers, body })
}
