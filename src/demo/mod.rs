//! `slowburn demo`: a simulated shop over real HTTP on loopback, watched by the real engine with a real configuration.
//!
//! The shop's counters live through a past of two months on a virtual clock, then the same counters go on live behind
//! their ports; so charts, budgets and alerts have a history, and nothing begins anew when the watching starts.
//! In the order of use: [`shop`] and [`script`] say what there is and what goes wrong, [`instance`] counts, [`metrics`]
//! and [`server`] show it, [`past`] lets the engine live through it, [`files`] are the configuration, [`inbox`] takes
//! the messages.

mod chance;
pub mod files;
pub mod inbox;
mod instance;
mod metrics;
mod past;
pub mod script;
mod server;
mod shop;

use crate::clock;
use crate::config::Config;
use crate::domain::state::State;
use crate::domain::time::Timestamp;
use files::Blanks;
use instance::Instance;
use past::Member;
pub use past::NoTarget;
use script::Script;
use shop::SHOP;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The same past in every run, counted from its beginning.
const SEED: u64 = 0x510_b012;

/// The shop with its ports taken, before anybody visits.
pub struct Shop {
    script: Script,
    now: Timestamp,
    doors: Vec<(TcpListener, Instance)>,
}

impl Shop {
    /// Takes a free loopback port for each instance.
    pub async fn build() -> io::Result<Self> {
        let now = clock::now();
        let script = Script::before(now);
        let (shared, born) = (Arc::new(script.clone()), now - past::LENGTH - past::LENGTH);
        let mut doors = Vec::new();
        for service in SHOP {
            for number in 0..service.instances {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let seed = SEED + doors.len() as u64;
                doors.push((listener, Instance::new(service, number, shared.clone(), born, seed)));
            }
        }
        Ok(Self { script, now, doors })
    }

    /// What the configuration has to know of it.
    pub fn blanks(&self) -> io::Result<Blanks> {
        let mut blanks = Blanks::new(&self.script);
        for (listener, instance) in &self.doors {
            blanks.fill(&instance.name(), listener.local_addr()?);
        }
        Ok(blanks)
    }

    /// Lives through the past; what the engine remembers of it, and the shop ready to open. Takes seconds of computing;
    /// when it is cancelled, the past ends early.
    pub fn live_through(self, config: &Config, cancelled: &CancellationToken) -> Result<(State, Ready), NoTarget> {
        let (mut listeners, mut fleet) = (Vec::new(), Vec::new());
        for (listener, instance) in self.doors {
            let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
            fleet.push(Member::new(instance, &address, config)?);
            listeners.push(listener);
        }
        let setup = Arc::new(config.setup.clone());
        let state = past::live_through(setup, &mut fleet, self.now, || cancelled.is_cancelled());
        let instances = fleet.into_iter().map(|member| member.instance);
        let doors = listeners.into_iter().zip(instances).collect();
        Ok((state, Ready { script: self.script, doors }))
    }
}

/// A shop with a past.
pub struct Ready {
    script: Script,
    doors: Vec<(TcpListener, Instance)>,
}

impl Ready {
    /// Serves every instance until `shutdown`, with the timetable beginning at `opening`.
    pub fn open(self, opening: Timestamp, shutdown: &CancellationToken) -> TaskTracker {
        let script = Arc::new(self.script.opened(opening));
        let servers = TaskTracker::new();
        for (listener, mut instance) in self.doors {
            instance.follow(script.clone());
            servers.spawn(server::serve(listener, instance, shutdown.clone()));
        }
        servers.close();
        servers
    }
}
