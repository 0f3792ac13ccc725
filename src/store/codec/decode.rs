//! Reads blocks. Nothing in a block is believed: a wrong one gives an error, never a panic, and no more memory than
//! its own length accounts for.

use super::memory::{SeriesMemory, TargetMemory, after_step};
use super::{CodecError, VERSION, WITHOUT_RESUMED, code, fate, flag, tag};
use crate::domain::event::Event;
use crate::domain::labels::{Labels, Series};
use crate::domain::message::{Delivery, DeliveryReport};
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::setup::Setup;
use crate::domain::time::Timestamp;
use crate::domain::varint::{Malformed, Reader, unfold};
use std::sync::Arc;
use std::time::Duration;

type Result<T> = std::result::Result<T, CodecError>;

/// Reads a chain of blocks; see the module.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Place of the block that must come next, unless a new chain begins.
    place: u64,
    last_at: i64,
    targets: Vec<TargetMemory>,
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next block. After an error only a block that begins a new chain is accepted.
    pub fn decode(&mut self, block: &[u8]) -> Result<Vec<Event>> {
        let expected = std::mem::take(&mut self.place);
        let mut input = Reader::new(block);
        match input.byte()? {
            WITHOUT_RESUMED..=VERSION => {}
            other => return Err(CodecError::Version(other)),
        }
        let place = input.u64()?;
        match place {
            0 => *self = Self::new(),
            found if found != expected => return Err(CodecError::OutOfOrder { expected, found }),
            _ => {}
        }
        let count = input.count()?;
        let events = (0..count).map(|_| self.event(&mut input)).collect::<Result<Vec<_>>>()?;
        if !input.is_empty() {
            return Err(CodecError::Trailing(input.remaining()));
        }
        self.place = place.saturating_add(1);
        Ok(events)
    }

    fn event(&mut self, input: &mut Reader<'_>) -> Result<Event> {
        let tag = input.byte()?;
        let at = Timestamp(self.last_at.wrapping_add(input.i64()?));
        self.last_at = at.0;
        Ok(match tag {
            tag::TICK => Event::Tick { at },
            tag::SCRAPED => Event::Scraped(self.scrape(input, at)?),
            tag::DELIVERED => Event::Delivered(report(input, at)?),
            tag::TROUBLE => {
                let present = input.byte()? != 0;
                let text = input.str()?.to_owned();
                Event::Trouble { at, error: present.then_some(text) }
            }
            tag::CONFIGURED => Event::Configured { at, setup: setup(input)? },
            tag::RESUMED => Event::Resumed { at, setup: setup(input)? },
            other => return Err(unknown("kind of event", other)),
        })
    }

    fn scrape(&mut self, input: &mut Reader<'_>, at: Timestamp) -> Result<Scrape> {
        let memory = self.target(input)?;
        let target = Arc::clone(&memory.target);
        let flags = input.byte()?;
        let outcome = match flags {
            flag::FAILED => Outcome::Failed(input.str()?.to_owned()),
            flags if flags & (flag::FAILED | !flag::ALL) != 0 => return Err(unknown("set of flags", flags)),
            flags => Outcome::Read(memory.reading(input, flags, at)?),
        };
        Ok(Scrape { target, at, outcome })
    }

    fn target(&mut self, input: &mut Reader<'_>) -> Result<&mut TargetMemory> {
        let number = input.u64()?;
        if number == self.targets.len() as u64 {
            self.targets.push(TargetMemory::new(Arc::new(target(input)?)));
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.targets.get_mut(index).ok_or(CodecError::Unknown { what: "number of a target", value: number })
    }
}

impl TargetMemory {
    fn reading(&mut self, input: &mut Reader<'_>, flags: u8, at: Timestamp) -> Result<Reading> {
        if flags & flag::STARTED != 0 {
            self.process_start = optional_time(input, at)?;
        }
        if flags & flag::ORDER != 0 {
            self.order = self.read_order(input)?;
        }
        if self.order.len() > input.remaining() {
            return Err(Malformed::Truncated.into());
        }
        let read = |number: &u32| sample(input, &mut self.series[*number as usize]);
        let mut samples = self.order.iter().map(read).collect::<Result<Vec<_>>>()?;
        if flags & flag::TIMED != 0 {
            for sample in &mut samples {
                sample.at = optional_time(input, at)?;
            }
        }
        if flags & flag::CREATED != 0 {
            for (number, sample) in self.order.iter().zip(&mut samples) {
                sample.created = optional_time(input, at)?;
                self.series[*number as usize].created = sample.created;
            }
        }
        Ok(Reading { samples, process_start: self.process_start, unattempted: false })
    }

    /// Every number it returns is one of a known series.
    fn read_order(&mut self, input: &mut Reader<'_>) -> Result<Vec<u32>> {
        let count = input.count()?;
        let mut order = Vec::with_capacity(count);
        let mut expected = 0i64;
        for _ in 0..count {
            let number = match input.u64()? {
                0 => {
                    self.series.push(SeriesMemory::new(Arc::new(series(input)?)));
                    self.series.len() as i64 - 1
                }
                distance => expected.wrapping_add(unfold(distance - 1)),
            };
            let known = u32::try_from(number).ok().filter(|number| (*number as usize) < self.series.len());
            order.push(known.ok_or(CodecError::Unknown { what: "number of a series", value: number as u64 })?);
            expected = number + 1;
        }
        Ok(order)
    }
}

fn sample(input: &mut Reader<'_>, memory: &mut SeriesMemory) -> Result<Sample> {
    memory.value = match input.u64()? {
        code::RAW => input.f64()?,
        code::SAME => memory.value,
        step => after_step(memory.value, unfold(step - code::SAME)),
    };
    Ok(Sample { series: Arc::clone(&memory.series), value: memory.value, at: None, created: memory.created })
}

fn setup(input: &mut Reader<'_>) -> Result<Arc<Setup>> {
    serde_json::from_slice(input.bytes()?).map(Arc::new).map_err(CodecError::Setup)
}

fn report(input: &mut Reader<'_>, at: Timestamp) -> Result<DeliveryReport> {
    let message_id = input.u64()?;
    let delivery = match input.byte()? {
        fate::ACCEPTED => Delivery::Accepted,
        fate::FAILED => Delivery::Failed { error: input.str()?.to_owned(), retry_at: time(input, at)? },
        fate::GIVEN_UP => Delivery::GivenUp { error: input.str()?.to_owned() },
        other => return Err(unknown("fate of a message", other)),
    };
    Ok(DeliveryReport { message_id, at, delivery })
}

fn target(input: &mut Reader<'_>) -> Result<Target> {
    let mut text = || input.str().map(str::to_owned);
    let id = TargetId { job: text()?, instance: text()?, url: text()? };
    let labels = labels(input)?;
    let (seconds, nanos) = (input.u64()?, input.u64()?);
    match u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000) {
        Some(nanos) => Ok(Target { id, labels, interval: Duration::new(seconds, nanos) }),
        None => Err(CodecError::Unknown { what: "number of nanoseconds", value: nanos }),
    }
}

fn series(input: &mut Reader<'_>) -> Result<Series> {
    let name = input.str()?.to_owned();
    Ok(Series { name, labels: labels(input)? })
}

fn labels(input: &mut Reader<'_>) -> Result<Labels> {
    let count = input.count()?;
    let mut labels = Labels::new();
    for _ in 0..count {
        let name = input.str()?;
        labels.set(name, input.str()?);
    }
    Ok(labels)
}

fn time(input: &mut Reader<'_>, base: Timestamp) -> Result<Timestamp> {
    Ok(Timestamp(base.0.wrapping_add(input.i64()?)))
}

fn optional_time(input: &mut Reader<'_>, base: Timestamp) -> Result<Option<Timestamp>> {
    match input.byte()? {
        0 => Ok(None),
        1 => time(input, base).map(Some),
        other => Err(unknown("mark of a time", other)),
    }
}

fn unknown(what: &'static str, value: u8) -> CodecError {
    CodecError::Unknown { what, value: u64::from(value) }
}
