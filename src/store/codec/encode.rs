//! Writes blocks.

use super::memory::{SeriesMemory, TargetMemory, step_between};
use super::{CodecError, VERSION, WITHOUT_RESUMED, code, fate, flag, tag};
use crate::domain::event::Event;
use crate::domain::labels::{Labels, Series};
use crate::domain::message::{Delivery, DeliveryReport};
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::setup::Setup;
use crate::domain::time::Timestamp;
use crate::domain::varint::{fold, put_bytes, put_f64, put_i64, put_str, put_u64};
use foldhash::HashMap;
use std::sync::Arc;

/// Writes a chain of blocks; see the module.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Place of the next block in its chain.
    place: u64,
    last_at: i64,
    targets: Vec<Known>,
    /// The newest number of each target; one whose labels change gets a new number.
    numbers: HashMap<TargetId, usize>,
}

/// A target with the way from its series to their numbers.
#[derive(Debug)]
struct Known {
    memory: TargetMemory,
    numbers: HashMap<Arc<Series>, u32>,
}

impl Encoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new chain: the next block is readable by itself.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Writes one block, which belongs behind all that were written since the last reset. One that could not be
    /// stored must be tried again before the next one, or the encoder be reset.
    ///
    /// Fails, with nothing changed, when a configuration would not read back as the same.
    pub fn encode(&mut self, events: &[Event]) -> Result<Vec<u8>, CodecError> {
        let mut setups = events.iter().filter_map(setup_of).map(setup_text).collect::<Result<Vec<_>, _>>()?.into_iter();
        let resumed = events.iter().any(|event| matches!(event, Event::Resumed { .. }));
        let mut out = vec![if resumed { VERSION } else { WITHOUT_RESUMED }];
        put_u64(&mut out, self.place);
        put_u64(&mut out, events.len() as u64);
        self.place += 1;
        for event in events {
            match event {
                Event::Tick { at } => self.head(&mut out, tag::TICK, *at),
                Event::Scraped(scrape) => self.scrape(&mut out, scrape),
                Event::Delivered(report) => self.report(&mut out, report),
                Event::Trouble { at, error } => {
                    self.head(&mut out, tag::TROUBLE, *at);
                    out.push(u8::from(error.is_some()));
                    put_str(&mut out, error.as_deref().unwrap_or_default());
                }
                Event::Configured { at, .. } => {
                    self.head(&mut out, tag::CONFIGURED, *at);
                    put_bytes(&mut out, &setups.next().unwrap_or_default());
                }
                Event::Resumed { at, .. } => {
                    self.head(&mut out, tag::RESUMED, *at);
                    put_bytes(&mut out, &setups.next().unwrap_or_default());
                }
            }
        }
        Ok(out)
    }

    fn head(&mut self, out: &mut Vec<u8>, tag: u8, at: Timestamp) {
        out.push(tag);
        put_i64(out, at.0.wrapping_sub(self.last_at));
        self.last_at = at.0;
    }

    fn report(&mut self, out: &mut Vec<u8>, report: &DeliveryReport) {
        self.head(out, tag::DELIVERED, report.at);
        put_u64(out, report.message_id);
        match &report.delivery {
            Delivery::Accepted => out.push(fate::ACCEPTED),
            Delivery::Failed { error, retry_at } => {
                out.push(fate::FAILED);
                put_str(out, error);
                put_time(out, *retry_at, report.at);
            }
            Delivery::GivenUp { error } => {
                out.push(fate::GIVEN_UP);
                put_str(out, error);
            }
        }
    }

    fn scrape(&mut self, out: &mut Vec<u8>, scrape: &Scrape) {
        self.head(out, tag::SCRAPED, scrape.at);
        let number = self.target(out, &scrape.target);
        match &scrape.outcome {
            Outcome::Failed(reason) => {
                out.push(flag::FAILED);
                put_str(out, reason);
            }
            Outcome::Read(reading) => self.targets[number].reading(out, reading, scrape.at),
        }
    }

    /// Writes a target's number, and the target itself where it is new.
    fn target(&mut self, out: &mut Vec<u8>, target: &Arc<Target>) -> usize {
        let same = |number: &&usize| {
            let known = &self.targets[**number].memory.target;
            Arc::ptr_eq(known, target) || known == target
        };
        if let Some(number) = self.numbers.get(&target.id).filter(same) {
            put_u64(out, *number as u64);
            return *number;
        }
        let number = self.targets.len();
        put_u64(out, number as u64);
        put_target(out, target);
        self.targets.push(Known { memory: TargetMemory::new(Arc::clone(target)), numbers: HashMap::default() });
        self.numbers.insert(target.id.clone(), number);
        number
    }
}

impl Known {
    fn reading(&mut self, out: &mut Vec<u8>, reading: &Reading, at: Timestamp) {
        let already_known = self.memory.series.len();
        let order: Vec<u32> = reading.samples.iter().enumerate().map(|(i, sample)| self.number(i, sample)).collect();
        let flags = self.flags(&order, reading);
        out.push(flags);
        if flags & flag::STARTED != 0 {
            put_optional_time(out, reading.process_start, at);
            self.memory.process_start = reading.process_start;
        }
        if flags & flag::ORDER != 0 {
            self.put_order(out, &order, already_known);
            self.memory.order = order;
        }
        for (number, sample) in self.memory.order.iter().zip(&reading.samples) {
            put_value(out, &mut self.memory.series[*number as usize].value, sample.value);
        }
        if flags & flag::TIMED != 0 {
            reading.samples.iter().for_each(|sample| put_optional_time(out, sample.at, at));
        }
        if flags & flag::CREATED != 0 {
            for (number, sample) in self.memory.order.iter().zip(&reading.samples) {
                put_optional_time(out, sample.created, at);
                self.memory.series[*number as usize].created = sample.created;
            }
        }
    }

    /// The number of a sample's series, a new one where it is new. The series at the same place of the last reading
    /// is tried first: it nearly always is the one.
    fn number(&mut self, place: usize, sample: &Sample) -> u32 {
        if let Some(number) = self.memory.order.get(place) {
            let expected = &self.memory.series[*number as usize].series;
            if Arc::ptr_eq(expected, &sample.series) || *expected == sample.series {
                return *number;
            }
        }
        *self.numbers.entry(Arc::clone(&sample.series)).or_insert_with(|| {
            self.memory.series.push(SeriesMemory::new(Arc::clone(&sample.series)));
            (self.memory.series.len() - 1) as u32
        })
    }

    fn flags(&self, order: &[u32], reading: &Reading) -> u8 {
        let created_differs =
            |(number, sample): (&u32, &Sample)| self.memory.series[*number as usize].created != sample.created;
        let mut flags = 0;
        for (bit, set) in [
            (flag::STARTED, reading.process_start != self.memory.process_start),
            (flag::ORDER, order != self.memory.order),
            (flag::TIMED, reading.samples.iter().any(|sample| sample.at.is_some())),
            (flag::CREATED, order.iter().zip(&reading.samples).any(created_differs)),
        ] {
            flags |= if set { bit } else { 0 };
        }
        flags
    }

    /// Writes how many series follow and, for each, 0 with its name and labels where it is new, else one more than
    /// the folded distance from the number after the one before it.
    fn put_order(&self, out: &mut Vec<u8>, order: &[u32], already_known: usize) {
        put_u64(out, order.len() as u64);
        let (mut known, mut expected) = (already_known, 0);
        for number in order.iter().map(|number| i64::from(*number)) {
            if number == known as i64 {
                out.push(0);
                put_series(out, &self.memory.series[known].series);
                known += 1;
            } else {
                put_u64(out, fold(number - expected) + 1);
            }
            expected = number + 1;
        }
    }
}

fn setup_of(event: &Event) -> Option<&Setup> {
    match event {
        Event::Configured { setup, .. } | Event::Resumed { setup, .. } => Some(setup),
        _ => None,
    }
}

/// JSON, so that a later slowburn can add fields and still read it; refused unless it reads back as the same.
fn setup_text(setup: &Setup) -> Result<Vec<u8>, CodecError> {
    let refuse = |error: serde_json::Error| CodecError::UnkeepableSetup(error.to_string());
    let text = serde_json::to_vec(setup).map_err(refuse)?;
    let back: Setup = serde_json::from_slice(&text).map_err(refuse)?;
    if back == *setup {
        Ok(text)
    } else {
        Err(CodecError::UnkeepableSetup("it does not read back as the same".to_owned()))
    }
}

fn put_target(out: &mut Vec<u8>, target: &Target) {
    for text in [&target.id.job, &target.id.instance, &target.id.url] {
        put_str(out, text);
    }
    put_labels(out, &target.labels);
    put_u64(out, target.interval.as_secs());
    put_u64(out, u64::from(target.interval.subsec_nanos()));
}

fn put_series(out: &mut Vec<u8>, series: &Series) {
    put_str(out, &series.name);
    put_labels(out, &series.labels);
}

fn put_labels(out: &mut Vec<u8>, labels: &Labels) {
    put_u64(out, labels.len() as u64);
    for (name, value) in labels.iter() {
        put_str(out, name);
        put_str(out, value);
    }
}

fn put_value(out: &mut Vec<u8>, last: &mut f64, value: f64) {
    if value.to_bits() == last.to_bits() {
        put_u64(out, code::SAME);
    } else if let Some(step) = step_between(*last, value) {
        put_u64(out, fold(step) + code::SAME);
    } else {
        put_u64(out, code::RAW);
        put_f64(out, value);
    }
    *last = value;
}

fn put_time(out: &mut Vec<u8>, time: Timestamp, base: Timestamp) {
    put_i64(out, time.0.wrapping_sub(base.0));
}

fn put_optional_time(out: &mut Vec<u8>, time: Option<Timestamp>, base: Timestamp) {
    out.push(u8::from(time.is_some()));
    if let Some(time) = time {
        put_time(out, time, base);
    }
}
