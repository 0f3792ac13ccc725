//! The series of one target, and what makes them grow.

use crate::simulation::TICK;
use crate::world::{Family, Job, Kind, RARE};

/// What is shown as one series, and how it grows on one target.
pub struct Cell {
    pub metric: &'static str,
    /// `,name="value"…`
    pub labels: String,
    /// Shown together: a histogram's parts.
    pub family: usize,
    pub value: f64,
    /// Seconds; `None` before the first event.
    pub created: Option<i64>,
    /// Events since the last scrape, by minute.
    pub pending: Vec<(usize, f64)>,
    /// The last scrape that showed it.
    pub shown: Option<i64>,
}

/// Something that happens again and again.
pub struct Happens {
    pub per_tick: f64,
    pub rare: bool,
    pub cells: Vec<usize>,
}

/// Everything that one target shows.
#[derive(Default)]
pub struct Cells {
    pub cells: Vec<Cell>,
    pub happens: Vec<Happens>,
    /// Gauges: cells and whether they are 0 or 1.
    pub gauges: Vec<(usize, bool)>,
}

impl Cells {
    pub fn of(job: &Job) -> Self {
        let mut cells = Self::default();
        job.families.iter().for_each(|family| cells.add(family));
        cells
    }

    fn add(&mut self, family: &Family) {
        let mut combinations = vec![(String::new(), 1.0)];
        for (label, values) in family.dimensions {
            let with = |(labels, share): (String, f64)| {
                values.iter().map(move |(value, part)| (format!("{labels},{label}=\"{value}\""), share * part))
            };
            combinations = combinations.into_iter().flat_map(with).collect();
        }
        let shares = |labels: &str| {
            let of = |(label, values): &(&str, &[(&str, f64)])| {
                values.iter().any(|(v, part)| *part < RARE && labels.contains(&format!(",{label}=\"{v}\"")))
            };
            family.dimensions.iter().any(of)
        };
        for (labels, share) in combinations {
            let per_tick = family.per_minute * share * TICK as f64 / 60.0;
            let rare = shares(&labels);
            self.add_combination(&family.kind, labels, per_tick, rare);
        }
    }

    fn add_combination(&mut self, kind: &Kind, labels: String, per_tick: f64, rare: bool) {
        let family = self.cells.len();
        match kind {
            Kind::Counter(name) => {
                let cell = self.cell(name, labels, family);
                self.happens.push(Happens { per_tick, rare, cells: vec![cell] });
            }
            Kind::Pair(total, errors, share) => {
                let all = self.cell(total, labels.clone(), family);
                let failed = self.cell(errors, labels, family + 1);
                self.happens.push(Happens { per_tick, rare, cells: vec![all] });
                self.happens.push(Happens { per_tick: per_tick * share, rare: true, cells: vec![all, failed] });
            }
            Kind::Histogram(name, boundaries) => {
                let part = |suffix: &str| -> &'static str { format!("{name}_{suffix}").leak() };
                let (bucket, count) = (part("bucket"), part("count"));
                let mut cells = vec![
                    self.cell(count, labels.clone(), family),
                    self.cell(bucket, format!("{labels},le=\"+Inf\""), family),
                ];
                let mut above = 0.0;
                for (boundary, share) in boundaries.iter().rev() {
                    let slow =
                        Happens { per_tick: per_tick * (share - above), rare: *share < RARE, cells: cells.clone() };
                    self.happens.push(slow);
                    cells.push(self.cell(bucket, format!("{labels},le=\"{boundary}\""), family));
                    above = *share;
                }
                self.happens.push(Happens { per_tick: per_tick * (1.0 - above), rare, cells });
            }
            Kind::Gauge(name, binary) => {
                let cell = self.cell(name, labels, family);
                self.gauges.push((cell, *binary));
            }
        }
    }

    fn cell(&mut self, metric: &'static str, labels: String, family: usize) -> usize {
        self.cells.push(Cell { metric, labels, family, value: 0.0, created: None, pending: Vec::new(), shown: None });
        self.cells.len() - 1
    }
}
