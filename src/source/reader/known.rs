//! What the reader remembers of a target's series between scrapes.
//!
//! An entry belongs to one spelling of a series in the body; entries of different spellings may share one final series.
//! Targets show their series in the same order time after time, so each entry remembers which one followed it: the
//! reader then compares a line with one text instead of taking it apart and looking it up. All texts lie behind each
//! other in one buffer, because going through a hundred thousand scattered ones costs more than reading the body.

use super::births::Link;
use crate::domain::labels::Series;
use crate::domain::time::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;
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

struct Entry {
    /// Its text in the buffer.
    text: Range<usize>,
    role: Role,
    /// The entry that followed it last.
    next: usize,
    /// Another entry with the same hash.
    collides: usize,
    /// The scrape in which it was seen last.
    seen: u64,
}

/// A wanted series.
struct Slot {
    series: Arc<Series>,
    /// The scrape in which it was seen last, and that sample's time.
    seen: u64,
    at: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct Known {
    texts: String,
    entries: Vec<Entry>,
    /// For each entry, as far as any asked for its birth.
    links: Vec<Link>,
    hasher: RandomState,
    /// By the hash of an entry's text, which nobody outside can foresee: this map needs no keys of its own.
    by_hash: FxHashMap<u64, usize>,
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
    #[inline]
    pub fn expected(&self) -> (usize, &str) {
        let index = self.entries.get(self.last).map_or(self.first, |entry| entry.next);
        (index, self.entries.get(index).map_or("", |entry| &self.texts[entry.text.clone()]))
    }

    pub fn find(&self, text: &str) -> Option<usize> {
        let mut index = *self.by_hash.get(&self.hasher.hash_one(text))?;
        loop {
            let entry = self.entries.get(index)?;
            if &self.texts[entry.text.clone()] == text {
                return Some(index);
            }
            index = entry.collides;
        }
    }

    pub fn add(&mut self, text: &str, role: Role) -> usize {
        self.insert(text, Entry { text: 0..0, role, next: NONE, collides: NONE, seen: 0 })
    }

    fn insert(&mut self, text: &str, mut entry: Entry) -> usize {
        let index = self.entries.len();
        entry.text = self.texts.len()..self.texts.len() + text.len();
        entry.collides = self.by_hash.insert(self.hasher.hash_one(text), index).unwrap_or(NONE);
        self.texts.push_str(text);
        self.entries.push(entry);
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

    /// An entry's text and its way to its birth.
    pub fn link(&mut self, index: usize) -> (&str, &mut Link) {
        if self.links.len() < self.entries.len() {
            self.links.resize(self.entries.len(), Link::default());
        }
        (&self.texts[self.entries[index].text.clone()], &mut self.links[index])
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
        let old_texts = std::mem::take(&mut self.texts);
        let mut moved = vec![NONE; old.len()];
        self.links.clear();
        self.by_hash.clear();
        self.by_series.clear();
        for (index, mut entry) in old.into_iter().enumerate().filter(|(_, entry)| keep(entry)) {
            entry.role.slot = entry.role.slot.map(|slot| self.move_slot(&old_slots[slot]));
            moved[index] = self.insert(&old_texts[entry.text.clone()], entry);
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
