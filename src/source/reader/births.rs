//! `_created`: when the counters of a series began to count.
//!
//! A birth belongs to a group of series: those of one family with the same labels apart from `le` and `quantile`. It
//! may stand anywhere in the body, so births are gathered while the body is read and handed out at its end.
//!
//! `foo_created` may also be a metric of its own. In OpenMetrics it is one when it is declared as a family, or when
//! `foo` is declared as something that has no births; in the text format (in which client libraries show births as
//! gauges) it is a birth only when its family is declared as counter, histogram or summary.

use crate::domain::labels::{Labels, Series};
use crate::domain::time::Timestamp;
use crate::source::exposition::{self, FamilyKind, Format, SeriesText};
use smallvec::SmallVec;
use std::collections::{HashMap, HashSet};

const SUFFIX: &str = "_created";
const PART_SUFFIXES: [&str; 4] = ["_total", "_bucket", "_count", "_sum"];
/// So many groups or declarations more than needed are kept; beyond that all is learned anew.
const SPARE: usize = 10_000;

/// The groups in which a series' birth may be found; worked out once and again when declarations change.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    revision: u64,
    groups: SmallVec<[usize; 2]>,
}

#[derive(Default)]
struct Group {
    scrape: u64,
    /// Births in the order of the body, each with the time of its sample.
    births: SmallVec<[(Option<Timestamp>, Timestamp); 1]>,
}

pub(super) struct Births {
    /// Families that matter, or `None` when any may.
    bases: Option<HashSet<String>>,
    format: Format,
    /// Each family with its type and the scrape that declared it last.
    declared: HashMap<String, (FamilyKind, u64)>,
    /// Families declared in this scrape.
    declared_now: usize,
    /// Grows when links must be worked out again.
    revision: u64,
    by_key: HashMap<Series, usize>,
    groups: Vec<Group>,
    scrape: u64,
    /// Groups that showed a birth in this scrape.
    seen: usize,
    /// Series that were asked for their birth in this scrape.
    asked: usize,
}

impl Births {
    /// `names` are the metrics that are wanted, or `None` when any may be.
    pub fn new<'n>(names: Option<impl Iterator<Item = &'n str>>) -> Self {
        let bases = names.map(|names| names.flat_map(bases).map(|(base, _)| base.to_owned()).collect());
        Self {
            bases,
            format: Format::Text,
            declared: HashMap::new(),
            declared_now: 0,
            revision: 1,
            by_key: HashMap::new(),
            groups: Vec::new(),
            scrape: 0,
            seen: 0,
            asked: 0,
        }
    }

    pub fn begin(&mut self, format: Format) {
        self.scrape += 1;
        (self.seen, self.asked, self.declared_now) = (0, 0, 0);
        if self.format != format {
            self.format = format;
            self.revision += 1;
        }
    }

    /// Whether a metric of this name may hold the births of wanted series.
    pub fn is_birth(&self, name: &str) -> bool {
        name.strip_suffix(SUFFIX).is_some_and(|base| self.matters(base))
    }

    pub fn declare(&mut self, family: &str, kind: FamilyKind) {
        let matters = |suffix| family.strip_suffix(suffix).is_some_and(|base| self.matters(base));
        if !(matters("") || matters("_total") || matters(SUFFIX)) {
            return;
        }
        let Some((known, scrape)) = self.declared.get_mut(family) else {
            self.declared.insert(family.to_owned(), (kind, self.scrape));
            self.declared_now += 1;
            self.revision += 1;
            return;
        };
        self.declared_now += usize::from(*scrape != self.scrape);
        self.revision += u64::from(*known != kind);
        (*known, *scrape) = (kind, self.scrape);
    }

    /// Ends the gathering: forgets the types that this scrape did not declare. True when it showed any births.
    pub fn settle(&mut self) -> bool {
        if self.declared_now < self.declared.len() {
            let now = self.scrape;
            self.declared.retain(|_, (_, scrape)| *scrape == now);
            self.revision += 1;
        }
        self.seen > 0
    }

    /// The group to which a `_created` series belongs.
    pub fn group(&mut self, text: SeriesText<'_>) -> usize {
        let name = text.name();
        let base = name.strip_suffix(SUFFIX).unwrap_or(&name);
        self.intern(base, identity(text))
    }

    /// Notes a birth, given in seconds; what can't be a moment says nothing.
    pub fn note(&mut self, group: usize, at: Option<Timestamp>, seconds: f64) {
        let (scrape, group) = (self.scrape, &mut self.groups[group]);
        if group.scrape != scrape {
            group.scrape = scrape;
            group.births.clear();
            self.seen += 1;
        }
        let is_first = group.births.last().is_none_or(|(last, _)| *last != at);
        if seconds.is_finite() && seconds > 0.0 && is_first {
            group.births.push((at, Timestamp::from_secs_f64(seconds)));
        }
    }

    /// The birth of a series at the time of its sample.
    pub fn of(&mut self, raw: &str, link: &mut Link, at: Option<Timestamp>) -> Option<Timestamp> {
        self.asked += 1;
        if link.revision != self.revision {
            let groups = exposition::parse_series(raw, |text| self.groups_of(text)).unwrap_or_default();
            *link = Link { revision: self.revision, groups };
        }
        let group = |index: &usize| Some(&self.groups[*index]).filter(|group| group.scrape == self.scrape);
        link.groups.iter().filter_map(group).find_map(|group| group.at(at))
    }

    /// Forgets everything when far more is kept than the last scrape needed. True when it did.
    pub fn sweep(&mut self) -> bool {
        if self.declared.len() > self.declared_now + SPARE {
            self.declared.clear();
            self.revision += 1;
        }
        let crowded = self.by_key.len() > 2 * (self.seen + self.asked) + SPARE;
        if crowded {
            self.by_key.clear();
            self.groups.clear();
            self.revision += 1;
        }
        crowded
    }

    fn matters(&self, base: &str) -> bool {
        self.bases.as_ref().is_none_or(|bases| bases.contains(base))
    }

    fn groups_of(&mut self, text: SeriesText<'_>) -> SmallVec<[usize; 2]> {
        let name = text.name();
        let valid: SmallVec<[&str; 2]> =
            bases(&name).filter(|(base, part)| self.is_born(base, part)).map(|(base, _)| base).collect();
        valid.into_iter().map(|base| self.intern(base, identity(text))).collect()
    }

    fn intern(&mut self, base: &str, labels: Labels) -> usize {
        let next = self.groups.len();
        let index = *self.by_key.entry(Series::new(base, labels)).or_insert(next);
        if index == next {
            self.groups.push(Group::default());
        }
        index
    }

    /// Whether `{base}_created` is the birth of `{base}{part}`.
    fn is_born(&self, base: &str, part: &str) -> bool {
        use FamilyKind::{Counter, Histogram, Summary};
        let kind = |suffix: &str| self.declared.get(&format!("{base}{suffix}")).map(|(kind, _)| *kind);
        let is_part = |kind| match kind {
            Counter => part == "_total" || part.is_empty() && self.format == Format::Text,
            Histogram => matches!(part, "_bucket" | "_count" | "_sum"),
            Summary => matches!(part, "" | "_count" | "_sum"),
            _ => false,
        };
        match self.format {
            Format::OpenMetrics => kind(SUFFIX).is_none() && kind("").map_or(!part.is_empty(), is_part),
            Format::Text => part == "_total" && kind("_total") == Some(Counter) || kind("").is_some_and(is_part),
        }
    }
}

impl Group {
    fn at(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        let known = self.births.partition_point(|(time, _)| at.is_none() || *time <= at);
        known.checked_sub(1).map(|index| self.births[index].1)
    }
}

/// The families to which a metric may belong, each with the part of it that the metric then is.
fn bases(name: &str) -> impl Iterator<Item = (&str, &'static str)> {
    let parts = PART_SUFFIXES.into_iter().filter_map(move |part| Some((name.strip_suffix(part)?, part)));
    parts.chain([(name, "")])
}

/// The labels that the series of one group share.
fn identity(text: SeriesText<'_>) -> Labels {
    let mut labels = text.label_set();
    labels.remove("le");
    labels.remove("quantile");
    labels
}
