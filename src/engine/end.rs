//! How the engine ends: what is under way is waited for, and everything is written down.

use super::Engine;
use crate::domain::event::Event;
use crate::domain::message::DeliveryReport;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Time in which the pool and the worker may end what they have begun.
const DRAIN: Duration = Duration::from_secs(12);

impl Engine {
    /// Ends in order: no more scrapes, what was read is counted, what is being sent is reported, all is written down;
    /// `false` where that failed.
    pub(super) async fn finish(mut self) -> bool {
        // Whoever asks from now on is told at once that there will be no answer.
        self.links.requests.close();
        while self.links.requests.try_recv().is_ok() {}
        self.links.attempts.close();
        let mut rest = Vec::new();
        while let Ok(attempt) = self.links.attempts.try_recv() {
            rest.push(Event::Scraped(attempt.scrape));
        }
        self.links.worker_shutdown.cancel();
        let worker = &mut self.links.worker;
        let drained = tokio::time::timeout(DRAIN, drain(&mut self.links.reports, worker, &mut rest));
        if drained.await.is_err() {
            tracing::warn!("messages in flight did not end in time; they are sent again at the next start");
        }
        for event in rest {
            self.take(event);
        }
        let written = self.saver.finish(&mut self.state, &self.links.metrics).await;
        self.links.pool.shutdown().await;
        written
    }
}

/// Collects reports until the worker has ended.
async fn drain(reports: &mut mpsc::Receiver<DeliveryReport>, worker: &mut JoinHandle<()>, rest: &mut Vec<Event>) {
    loop {
        tokio::select! {
            Some(report) = reports.recv() => rest.push(Event::Delivered(report)),
            ended = &mut *worker => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the notifier ended by a panic");
                }
                break;
            }
        }
    }
    while let Ok(report) = reports.try_recv() {
        rest.push(Event::Delivered(report));
    }
}
