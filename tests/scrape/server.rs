//! An HTTP server under full control of the test: it can answer, hang, and never end, and it keeps what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// What a server does with a request.
pub enum Reply {
    /// Sends the bytes and waits for the next request.
    Send(Vec<u8>),
    /// Sends the bytes, and then nothing.
    Hang(Vec<u8>),
    /// Sends the first bytes, then the others again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends the bytes and closes.
    Close(Vec<u8>),
}

pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

type Handler = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

impl Server {
    /// Starts a server on a free port; `handler` gets the head of each request.
    pub async fn start(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (requests, connections, sent) = (Arc::default(), Arc::default(), Arc::default());
        let server = (Arc::clone(&requests), Arc::clone(&connections), Arc::clone(&sent));
        let task = tokio::spawn(accept(listener, Arc::new(handler), server));
        Self { address, requests, connections, sent, _task: AbortOnDropHandle::new(task) }
    }

    /// A server that answers every request with the same text.
    pub async fn with_text(text: &str) -> Self {
        let reply = ok("text/plain; version=0.0.4", text);
        Self::start(move |_| Reply::Send(reply.clone())).await
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Body bytes of endless answers that the client's side has taken.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

type Counters = (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>, Arc<AtomicUsize>);

async fn accept(listener: TcpListener, handler: Handler, counters: Counters) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        counters.1.fetch_add(1, Ordering::SeqCst);
        connections.spawn(serve(stream, handler.clone(), counters.clone()));
    }
}

async fn serve(stream: TcpStream, handler: Handler, (requests, _, sent): Counters) -> Option<()> {
    let mut stream = BufStream::new(stream);
    loop {
        let head = read_head(&mut stream).await?;
        let reply = handler(&head);
        requests.lock().expect("no panic").push(head);
        match reply {
            Reply::Send(bytes) => send(&mut stream, &bytes).await?,
            Reply::Close(bytes) => return send(&mut stream, &bytes).await,
            Reply::Hang(bytes) => {
                send(&mut stream, &bytes).await?;
                std::future::pending::<()>().await;
            }
            Reply::Endless(first, again) => {
                send(&mut stream, &first).await?;
                loop {
                    send(&mut stream, &again).await?;
                    sent.fetch_add(again.len(), Ordering::SeqCst);
                }
            }
        }
    }
}

async fn send(stream: &mut BufStream<TcpStream>, bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

async fn read_head(stream: &mut BufStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A whole answer with status 200.
pub fn ok(content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", &format!("Content-Type: {content_type}\r\n"), body)
}

/// A whole answer; `headers` end with a line break each.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The value of a header in a request's head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
