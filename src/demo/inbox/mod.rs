//! Where the demo's messages end: a stand-in for Slack, for a pager's webhook and for a mail server.
//!
//! Each message is told to the terminal in one line when it comes, and the last ones are shown on a page.

mod http;
mod letter;
mod smtp;

use crate::clock;
use crate::domain::time::Timestamp;
use crate::notify::render::one_line;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Messages kept for the page.
const KEPT: usize = 200;
/// Bytes of one message at most.
const MAX_MESSAGE: usize = 1 << 20;

/// One message as a person sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub at: Timestamp,
    /// Where it would have gone: `Slack #shop`, `pager webhook`, `mail to …`.
    pub channel: String,
    /// One line.
    pub headline: String,
    pub text: String,
    /// As it travelled.
    pub raw: String,
}

/// Told of each message as it comes.
pub type Announce = Arc<dyn Fn(&Received) + Send + Sync>;

/// The messages so far, newest first.
#[derive(Clone)]
pub struct Inbox {
    received: Arc<Mutex<VecDeque<Received>>>,
    announce: Announce,
}

/// Where the inbox listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// `/` shows the messages; `/slack` and `/webhook` take them.
    pub http: SocketAddr,
    pub smtp: SocketAddr,
}

impl Inbox {
    pub fn new(announce: Announce) -> Self {
        Self { received: Arc::default(), announce }
    }

    /// Takes messages on two free loopback ports until `shutdown`.
    pub async fn open(&self, shutdown: &CancellationToken) -> io::Result<Addresses> {
        let web = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mail = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addresses = Addresses { http: web.local_addr()?, smtp: mail.local_addr()? };
        tokio::spawn(http::serve(web, self.clone(), shutdown.clone()));
        tokio::spawn(smtp::serve(mail, self.clone(), shutdown.clone()));
        Ok(addresses)
    }

    fn take(&self, channel: String, headline: &str, text: String, raw: String) {
        let received = Received { at: clock::now(), channel, headline: one_line(headline), text, raw };
        (self.announce)(&received);
        let mut all = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_front(received);
        all.truncate(KEPT);
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
