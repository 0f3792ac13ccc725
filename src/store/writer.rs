//! The store on its own thread: callers wait for the disk without blocking their runtime.
//!
//! Requests are carried out one by one in the order in which they were made. A request whose caller stopped waiting
//! is carried out all the same. A checkpoint is begun in the order of the appends; its pieces come through a [`Handle`] on another thread, one after the other,
//! so that an append waits for one piece at most.

use super::piece::{Packer, Sealed};
use super::{Cover, Store, StoreError};
use std::io;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait; the engine has one or two under way.
const QUEUE: usize = 8;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

enum Request {
    Append(Vec<u8>, Answer<()>),
    Begin(Cover, Answer<Packer>),
    Stage(Sealed, Answer<()>),
    Switch(Answer<()>),
    Sweep(Option<i32>, Answer<bool>),
}

/// Owns the store through one thread, which ends after [`Writer::shutdown`] or when the writer and all of its handles
/// are dropped.
#[derive(Debug)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    thread: JoinHandle<()>,
}

/// An append that was asked for.
#[derive(Debug)]
pub struct Appending(oneshot::Receiver<Result<(), StoreError>>);

/// A checkpoint that was begun.
#[derive(Debug)]
pub struct Begun {
    handle: Handle,
    packer: oneshot::Receiver<Result<Packer, StoreError>>,
}

/// Writes a checkpoint from a thread that may block. The calls are those of [`Store`].
#[derive(Debug)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
}

impl Writer {
    /// Fails when the system gives no thread.
    pub fn spawn(store: Store) -> io::Result<Self> {
        Self::spawn_after(store, || ())
    }

    /// A writer whose disk gives no answer until `ready` returns.
    pub(crate) fn spawn_after(store: Store, ready: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let serve = move || {
            ready();
            serve(store, queue);
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(serve)?;
        Ok(Self { requests, thread })
    }

    /// [`Store::append`].
    pub async fn append(&self, block: Vec<u8>) -> Result<(), StoreError> {
        self.begin_append(block).await?.answer().await
    }

    /// The same, without waiting for the answer.
    pub async fn begin_append(&self, block: Vec<u8>) -> Result<Appending, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Append(block, answer)).await.map_err(|_| Appending::closed())?;
        Ok(Appending(answered))
    }

    /// [`Store::begin`]. What is appended later is not covered, however late the answer is looked at: it is asked for
    /// here, in the order of the appends.
    pub async fn begin(&self, cover: Cover) -> Begun {
        let (answer, packer) = oneshot::channel();
        // A writer that has ended drops the question, which is an answer too.
        let _ended = self.requests.send(Request::Begin(cover, answer)).await;
        Begun { handle: Handle { requests: self.requests.clone() }, packer }
    }

    /// Carries out what was requested, closes the store and gives the directory free. Waits for all handles.
    pub async fn shutdown(self) {
        drop(self.requests);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the store's writer thread ended by a panic");
        }
    }
}

impl Appending {
    fn closed() -> StoreError {
        StoreError::closed("write the journal")
    }

    /// Waits for the answer, which is given once. Whoever stops waiting may go on later.
    pub async fn answer(&mut self) -> Result<(), StoreError> {
        (&mut self.0).await.map_err(|_| Self::closed())?
    }

    /// Whether there is no answer yet. One that there is is taken.
    pub fn is_pending(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }
}

impl Begun {
    /// Waits for the answer. Blocks.
    pub fn wait(self) -> Result<(Handle, Packer), StoreError> {
        let packer = self.packer.blocking_recv().map_err(|_| StoreError::closed("begin a checkpoint"))??;
        Ok((self.handle, packer))
    }
}

impl Handle {
    /// [`Store::stage`].
    pub fn stage(&mut self, piece: Sealed) -> Result<(), StoreError> {
        self.request(|answer| Request::Stage(piece, answer))
    }

    /// [`Store::switch`].
    pub fn switch(&mut self) -> Result<(), StoreError> {
        self.request(Request::Switch)
    }

    /// [`Store::sweep`].
    pub fn sweep(&mut self, drop_archive_before: Option<i32>) -> Result<bool, StoreError> {
        self.request(|answer| Request::Sweep(drop_archive_before, answer))
    }

    fn request<T>(&self, make: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let closed = || StoreError::closed("write a checkpoint");
        let (answer, answered) = oneshot::channel();
        self.requests.blocking_send(make(answer)).map_err(|_| closed())?;
        answered.blocking_recv().map_err(|_| closed())?
    }
}

fn serve(mut store: Store, mut queue: mpsc::Receiver<Request>) {
    while let Some(request) = queue.blocking_recv() {
        // Where nobody waits any more there is nothing to tell.
        match request {
            Request::Append(block, answer) => drop(answer.send(store.append(&block))),
            Request::Begin(cover, answer) => drop(answer.send(store.begin(cover))),
            Request::Stage(piece, answer) => drop(answer.send(store.stage(piece))),
            Request::Switch(answer) => drop(answer.send(store.switch())),
            Request::Sweep(before, answer) => drop(answer.send(store.sweep(before))),
        }
    }
}
