//! What the reader remembers of a target's series between scrapes.
//!
//! An entry belongs to one spelling of a series in the body; entries of different spellings may share one final series.
//! Targets show their series in the same order time after time, so each entry remembers which one followed it: the
//! reader then compares a line with one text instead of taking it apart and looking it up.

use super::births::Link;
use crate::domain::labels::Series;
use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// An entry not seen in so many scrapes is dropped.
const KEPT_SCRAPES: u64 = 10;
/// So many entries more than the last scrape used are kept until then.
const SPARE: usize = 1000;
/// No entry.
pub(super) const NONE: usize = usize::MAX;

/// What a line of some spelling means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Role {
    /// The wanted series it belongs to.
    pub slot: Option<usize>,
    /// Relabelling drops it, so that it doesn't count to the sample limit.
    pub dropped: bool,
    /// The group of series whose `_created` it is.
    pub birth: Option<usize>,
    pub process_start: bool,
}

pub(super) struct Entry {
    pub raw: Arc<str>,
    pub role: Role,
    pub link: Link,
    next: usize,
    seen: u64,
}

/// A wanted series.
pub(super) struct Slot {
    pub series: Arc<Series>,
    /// The scrape in which it was seen last, and that sample's time.
    pub seen: u64,
    pub at: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct Known {
    entries: Vec<Entry>,
    by_raw: HashMap<Arc<str>, usize>,
    slots: Vec<Slot>,
    by_series: HashMap<Arc<Series>, usize>,
    first: usize,
    /// Entries seen in the current scrape.
    used: usize,
    last: usize,
    scrape: u64,
}

impl Known {
    pub fn begin(&mut self) {
        self.scrape += 1;
        self.used = 0;
        self.last = NONE;
    }

    /// The entry expected after the last one seen, and its text; empty when there is none.
    pub fn expected(&self) -> (usize, &str) {
        let index = self.entries.get(self.last).map_or(self.first, |entry| entry.next);
        (index, self.entries.get(index).map_or("", |entry| &entry.raw))
    }

    pub fn find(&self, raw: &str) -> Option<usize> {
        self.by_raw.get(raw).copied()
    }

    pub fn add(&mut self, raw: &str, role: Role) -> usize {
        let (raw, index) = (Arc::<str>::from(raw), self.entries.len());
        self.by_raw.insert(Arc::clone(&raw), index);
        self.entries.push(Entry { raw, role, link: Link::default(), next: NONE, seen: 0 });
        index
    }

    pub fn slot(&mut self, series: Series) -> usize {
        if let Some(slot) = self.by_series.get(&series) {
            return *slot;
        }
        let (series, slot) = (Arc::new(series), self.slots.len());
        self.by_series.insert(Arc::clone(&series), slot);
        self.slots.push(Slot { series, seen: 0, at: None });
        slot
    }

    /// Notes that a line of this entry is read now.
    #[inline]
    pub fn see(&mut self, index: usize) -> Role {
        match self.entries.get_mut(self.last) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
        let entry = &mut self.entries[index];
        self.used += usize::from(entry.seen != self.scrape);
        entry.seen = self.scrape;
        entry.role
    }

    /// Notes a sample of a wanted series; `None` when this scrape has one for that time or a later one already.
    #[inline]
    pub fn accept(&mut self, slot: usize, at: Option<Timestamp>) -> Option<Arc<Series>> {
        let slot = &mut self.slots[slot];
        let is_later = matches!((slot.at, at), (Some(last), Some(at)) if at > last);
        if slot.seen == self.scrape && !is_later {
            return None;
        }
        (slot.seen, slot.at) = (self.scrape, at);
        Some(Arc::clone(&slot.series))
    }

    pub fn series(&self, slot: usize) -> &Series {
        &self.slots[slot].series
    }

    pub fn entry_mut(&mut self, index: usize) -> &mut Entry {
        &mut self.entries[index]
    }

    /// Drops what has not been seen for long, or at once what outnumbers the series seen now.
    pub fn sweep(&mut self) {
        let crowded = self.entries.len() > 2 * self.used + SPARE;
        let oldest = if crowded { self.scrape } else { self.scrape.saturating_sub(KEPT_SCRAPES) };
        if crowded || self.scrape.is_multiple_of(KEPT_SCRAPES) {
            self.retain(|entry| entry.seen >= oldest);
        }
    }

    /// Drops the entries that name a group of births.
    pub fn forget_births(&mut self) {
        self.retain(|entry| entry.role.birth.is_none());
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        if self.entries.iter().all(&keep) {
            return;
        }
        let old = std::mem::take(&mut self.entries);
        let old_slots = std::mem::take(&mut self.slots);
        let mut moved = vec![NONE; old.len()];
        self.by_raw.clear();
        self.by_series.clear();
        for (index, mut entry) in old.into_iter().enumerate().filter(|(_, entry)| keep(entry)) {
            entry.role.slot = entry.role.slot.map(|slot| self.move_slot(&old_slots[slot]));
            moved[index] = self.entries.len();
            self.by_raw.insert(Arc::clone(&entry.raw), self.entries.len());
            self.entries.push(entry);
        }
        let new_index = |index: usize| moved.get(index).copied().unwrap_or(NONE);
        self.first = new_index(self.first);
        for entry in &mut self.entries {
            entry.next = new_index(entry.next);
        }
    }

    fn move_slot(&mut self, old: &Slot) -> usize {
        if let Some(slot) = self.by_series.get(&old.series) {
            return *slot;
        }
        self.by_series.insert(Arc::clone(&old.series), self.slots.len());
        self.slots.push(Slot { series: Arc::clone(&old.series), seen: old.seen, at: old.at });
        self.slots.len() - 1
    }
}
