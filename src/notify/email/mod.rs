//! `email_configs`: one mail for each message, through an SMTP server.
//!
//! A mail may have several recipients, and a server may take some and put off others. Who has it already is remembered
//! until all have it, so that one full mailbox neither keeps the others from being paged nor floods them; the memory
//! ends with the process, so that a restart repeats at most one mail. A recipient that is refused for good does not
//! count while another one accepts: the mail has reached somebody, and the log names the refused one.

mod compose;
mod dialog;
mod starttls;
mod stream;

pub use compose::{Letter, compose};

use super::channel::{Failure, Transport};
use crate::clock;
use crate::config::receiver::EmailConfig;
use crate::domain::message::Message;
use dialog::Outcome;
use futures_util::future::BoxFuture;
use lettre::Address;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The time for all that comes before the mail itself. Servers delay their greeting on purpose, so it is generous.
pub const DIALOG_TIMEOUT: Duration = Duration::from_secs(20);

/// The time for the whole attempt. Servers scan a mail before they accept it; whoever hangs up on them too early sends
/// it twice.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Messages whose recipients are remembered at most; older ones have been dropped from the outbox long ago.
const REMEMBERED: usize = 100;

/// An e-mail receiver.
pub struct Email {
    config: EmailConfig,
    external_url: String,
    dialog_timeout: Duration,
    /// By message: the recipients that have it, while others do not.
    partly_sent: Mutex<BTreeMap<u64, BTreeSet<Address>>>,
}

impl Email {
    pub fn new(config: &EmailConfig, external_url: &str, dialog_timeout: Duration) -> Self {
        Self {
            config: config.clone(),
            external_url: external_url.to_owned(),
            dialog_timeout,
            partly_sent: Mutex::default(),
        }
    }

    /// Takes away the recipients that have the message already.
    fn only_missing(&self, message: &Message, letter: &mut Letter) {
        let partly_sent = self.partly_sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = partly_sent.get(&message.id) {
            letter.recipients.retain(|recipient| !done.contains(recipient));
        }
    }

    /// Whether the message is done, given what became of its recipients.
    fn settle(&self, message: &Message, outcome: Outcome) -> Result<(), Failure> {
        let mut partly_sent = self.partly_sent.lock().unwrap_or_else(PoisonError::into_inner);
        for (recipient, error) in &outcome.refused {
            tracing::warn!(id = message.id, %recipient, error, "the mail server refused one of the recipients");
        }
        if outcome.deferred.is_empty() {
            partly_sent.remove(&message.id);
            return Ok(());
        }
        let error = format!("accepted for some recipients, put off for {}", dialog::listed(&outcome.deferred));
        partly_sent.entry(message.id).or_default().extend(outcome.accepted);
        while partly_sent.len() > REMEMBERED {
            partly_sent.pop_first();
        }
        Err(Failure::retry(error))
    }
}

impl Transport for Email {
    fn timeout(&self) -> Duration {
        TIMEOUT.max(self.dialog_timeout)
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            // What can't be composed is a matter of configuration: it is tried again, because that can be mended.
            let mut letter =
                compose(message, &self.config, &self.external_url, clock::now()).map_err(Failure::retry)?;
            self.only_missing(message, &mut letter);
            let outcome = dialog::deliver(&letter, &self.config, self.dialog_timeout).await?;
            self.settle(message, outcome)
        })
    }
}
