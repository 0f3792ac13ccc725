//! One instance of a service: counters that grow with time, as the rhythm and the script have it.
//!
//! The same counters live through the past, which the engine sees as scrapes on a virtual clock, and then through the
//! present, in which it scrapes them over HTTP. So nothing begins anew between the two.

use super::chance::{binomial, log_normal_share, poisson};
use super::script::{Effect, Script, Weather};
use super::shop::{BUCKETS, Endpoint, SPREAD, Service};
use crate::domain::time::Timestamp;
use fastrand::Rng;
use std::sync::Arc;

/// Time that is drawn in one go at most; rates are taken from its middle.
const STEP: i64 = 300_000;

/// Counters, and the time up to which they have counted.
#[derive(Debug)]
pub struct Instance {
    pub service: &'static Service,
    /// From 0.
    pub number: usize,
    script: Arc<Script>,
    rng: Rng,
    pub at: Timestamp,
    /// When its counters began at 0.
    pub born: Timestamp,
    pub tallies: Vec<Tally>,
}

/// What one endpoint has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub good: u64,
    pub rejected: u64,
    pub bad: u64,
    /// Requests in each bucket alone; the last is above all bounds.
    pub buckets: [u64; BUCKETS.len() + 1],
    /// Time spent, in seconds.
    pub seconds: f64,
}

impl Instance {
    /// An instance whose counters begin at 0 at `born`.
    pub fn new(service: &'static Service, number: usize, script: Arc<Script>, born: Timestamp, seed: u64) -> Self {
        let tallies = vec![Tally::default(); service.endpoints.len()];
        Self { service, number, script, rng: Rng::with_seed(seed), at: born, born, tallies }
    }

    /// Follows another script from now on.
    pub fn follow(&mut self, script: Arc<Script>) {
        self.script = script;
    }

    /// `checkout-1`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.service.name, self.number + 1)
    }

    /// Whether it answers, as of the time up to which it has counted.
    pub fn is_down(&self) -> bool {
        self.script.weather(self.service, self.number, self.at).down
    }

    /// Counts up to `to`; a time before the last one changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        while self.at < to {
            let next = self.edge_before(Timestamp(to.0.min(self.at.0 + STEP)));
            let middle = Timestamp(self.at.0 + (next.0 - self.at.0) / 2);
            let weather = self.script.weather(self.service, self.number, middle);
            if !weather.down {
                self.count(middle, (next.0 - self.at.0) as f64 / 1000.0, &weather);
            }
            self.at = next;
            if self.begins_anew() {
                self.born = self.at;
                self.tallies.fill(Tally::default());
            }
        }
    }

    /// The first moment after `self.at`, up to `limit`, at which an incident begins or ends.
    fn edge_before(&self, limit: Timestamp) -> Timestamp {
        let incidents = self.script.of(self.service, self.number, self.at, limit);
        let edges = incidents.flat_map(|incident| [incident.from, incident.until]);
        edges.filter(|edge| *edge > self.at && *edge < limit).min().unwrap_or(limit)
    }

    /// Whether the process starts at this very moment.
    fn begins_anew(&self) -> bool {
        let mut incidents = self.script.of(self.service, self.number, self.at, self.at);
        incidents.any(|incident| match incident.effect {
            Effect::Restart => incident.from == self.at,
            Effect::Down => incident.until == self.at,
            _ => false,
        })
    }

    fn count(&mut self, at: Timestamp, seconds: f64, weather: &Weather) {
        let service = self.service;
        let events = service.peak * service.rhythm.at(at) * seconds / service.instances as f64;
        let rejected = service.counter.rejected.map_or(0.0, |(_, share)| share);
        for (endpoint, tally) in service.endpoints.iter().zip(&mut self.tallies) {
            let n = poisson(&mut self.rng, events * endpoint.share);
            let failing = service.failures + weather.errors * endpoint.fragility;
            let bad = binomial(&mut self.rng, n, failing);
            let refused = binomial(&mut self.rng, n - bad, rejected);
            tally.bad += bad;
            tally.rejected += refused;
            tally.good += n - bad - refused;
            if service.histogram.is_some() {
                tally.time(&mut self.rng, n, endpoint, weather.slowness);
            }
        }
    }
}

impl Tally {
    /// Spreads `n` requests over the buckets.
    fn time(&mut self, rng: &mut Rng, n: u64, endpoint: &Endpoint, slowness: f64) {
        let median = endpoint.median * slowness;
        let (mut left, mut below) = (n, 0.0);
        for (bound, bucket) in BUCKETS.iter().zip(&mut self.buckets) {
            let share = log_normal_share(*bound, median, SPREAD);
            let inside = if below < 1.0 { (share - below) / (1.0 - below) } else { 1.0 };
            let drawn = binomial(rng, left, inside);
            *bucket += drawn;
            left -= drawn;
            below = share;
        }
        self.buckets[BUCKETS.len()] += left;
        self.seconds += n as f64 * median * (SPREAD * SPREAD / 2.0).exp();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::CYCLE;
    use crate::demo::shop::SHOP;
    use std::time::Duration;

    fn requests(tally: &Tally) -> u64 {
        tally.good + tally.rejected + tally.bad
    }

    fn all(opening: Timestamp, born: Timestamp) -> Vec<Instance> {
        let script = Arc::new(Script::before(opening).opened(opening));
        let each = SHOP.iter().flat_map(|service| (0..service.instances).map(move |number| (service, number)));
        each.map(|(service, number)| Instance::new(service, number, script.clone(), born, 7)).collect()
    }

    #[test]
    fn counters_never_fall_but_when_the_process_starts() {
        let opening = Timestamp::from_secs(1_767_268_800);
        for mut instance in all(opening, opening - Duration::from_secs(900)) {
            let end = opening + CYCLE * 2;
            let (mut before, mut born, mut starts) = (instance.tallies.clone(), instance.born, 0);
            while instance.at < end {
                instance.advance(instance.at + Duration::from_millis(1700));
                let grew = before.iter().zip(&instance.tallies).all(|(old, new)| {
                    new.good >= old.good
                        && new.bad >= old.bad
                        && new.buckets.iter().zip(old.buckets).all(|(n, o)| *n >= o)
                });
                assert!(grew || instance.born > born, "{}", instance.name());
                starts += u32::from(instance.born > born);
                (before, born) = (instance.tallies.clone(), instance.born);
            }
            let expected = match instance.name().as_str() {
                "login-2" | "catalog-1" => 2,
                _ => 0,
            };
            assert_eq!(starts, expected, "{}", instance.name());
        }
    }

    #[test]
    fn requests_and_latencies_are_the_same_requests_however_time_is_cut() {
        let opening = Timestamp::from_secs(1_767_268_800);
        for mut instance in all(opening, opening - Duration::from_secs(86_400)) {
            instance.advance(opening - Duration::from_secs(1));
            for tally in instance.tallies.iter().filter(|_| instance.service.histogram.is_some()) {
                assert_eq!(tally.buckets.iter().sum::<u64>(), requests(tally), "{}", instance.name());
            }
            let before = instance.tallies.clone();
            instance.advance(opening - Duration::from_secs(3600));
            assert_eq!(instance.tallies, before, "{}: time does not go back", instance.name());
        }
    }

    #[test]
    fn an_incident_is_seen_in_the_counters() {
        let opening = Timestamp::from_secs(1_767_268_800);
        let mut checkout = all(opening, opening - Duration::from_secs(60)).remove(0);
        checkout.advance(opening);
        let calm: u64 = checkout.tallies.iter().map(|tally| tally.bad).sum();
        checkout.advance(opening + Duration::from_secs(90));
        let (bad, all): (u64, u64) =
            checkout.tallies.iter().fold((0, 0), |(bad, all), tally| (bad + tally.bad, all + requests(tally)));
        assert!(calm < 3 && bad * 20 > all, "{calm} before, {bad} of {all} with the burst");
    }
}
