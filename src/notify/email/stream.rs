//! A connection that gives up on a server that talks too much.
//!
//! The SMTP client reads whole lines; without a bound, a line without end would fill the memory.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that a server may say in one connection; a dialog takes a few thousand.
const LIMIT: usize = 256 * 1024;

/// Anything that carries an SMTP dialog.
pub trait Carrier: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug> Carrier for T {}

/// A stream whose incoming bytes are counted.
#[derive(Debug)]
pub struct Bounded<S> {
    inner: S,
    peer: SocketAddr,
    /// Served before anything that the peer says.
    prologue: &'static [u8],
    left: usize,
}

impl<S> Bounded<S> {
    /// `prologue` is read first, as if the peer had said it.
    pub fn new(inner: S, peer: SocketAddr, prologue: &'static [u8]) -> Self {
        Self { inner, peer, prologue, left: LIMIT }
    }

    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Carrier> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.prologue.is_empty() {
            let (now, later) = self.prologue.split_at(buf.remaining().min(self.prologue.len()));
            buf.put_slice(now);
            self.prologue = later;
            return Poll::Ready(Ok(()));
        }
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the server's answers are too long")));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: Carrier> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: Carrier> AsyncTokioStream for Bounded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
