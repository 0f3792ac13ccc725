//! The store on its own thread: callers wait for the disk without blocking their runtime.
//!
//! Requests are carried out one by one in the order in which they were made. A request whose caller stopped waiting
//! is carried out all the same.

use super::{Checkpoint, Store, StoreError};
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait; the engine has one or two under way.
const QUEUE: usize = 8;

type Answer = oneshot::Sender<Result<(), StoreError>>;

enum Request {
    Append(Vec<u8>, Answer),
    Checkpoint(Checkpoint, Answer),
}

/// Owns the store through one thread, which ends after [`Writer::shutdown`] or when the writer is dropped.
#[derive(Debug)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    thread: JoinHandle<()>,
    path: PathBuf,
}

impl Writer {
    /// Fails when the system gives no thread.
    pub fn spawn(store: Store) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let path = store.path.clone();
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || serve(store, queue))?;
        Ok(Self { requests, thread, path })
    }

    /// [`Store::append`].
    pub async fn append(&self, block: Vec<u8>) -> Result<(), StoreError> {
        self.request("write the journal", |answer| Request::Append(block, answer)).await
    }

    /// [`Store::checkpoint`].
    pub async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.request("write a checkpoint", |answer| Request::Checkpoint(checkpoint, answer)).await
    }

    async fn request(&self, doing: &'static str, make: impl FnOnce(Answer) -> Request) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(make(answer)).await.map_err(|_| StoreError::closed(doing))?;
        answered.await.map_err(|_| StoreError::closed(doing))?
    }

    /// [`Store::size`].
    pub fn size(&self) -> u64 {
        super::size(&self.path)
    }

    /// Carries out what was requested, closes the store and gives the directory free.
    pub async fn shutdown(self) {
        drop(self.requests);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the store's writer thread ended by a panic");
        }
    }
}

fn serve(mut store: Store, mut queue: mpsc::Receiver<Request>) {
    while let Some(request) = queue.blocking_recv() {
        let (result, answer) = match request {
            Request::Append(block, answer) => (store.append(&block), answer),
            Request::Checkpoint(checkpoint, answer) => (store.checkpoint(checkpoint), answer),
        };
        // Nobody waits any more: nothing to tell.
        let _ = answer.send(result);
    }
}
