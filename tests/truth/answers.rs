//! What Prometheus answers, and what really happened, by group and moment.

use crate::corpus::Query;
use crate::server::Server;
use crate::simulation::{Happening, LENGTH, START, STEP, What};
use serde_json::Value;
use std::collections::BTreeMap;

/// Values of the labels that a budget is counted by.
pub type Group = Vec<String>;

/// By group and moment, in seconds.
pub type Answers = BTreeMap<Group, BTreeMap<i64, f64>>;

/// The answer at each step from a start to an end; no answer where it is NaN.
pub fn ask(server: &Server, query: &str, (start, end, step): (i64, i64, i64), by: &[String]) -> Answers {
    let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = server.get(&format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}"));
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let answer: Value = serde_json::from_str(body).expect("JSON");
    let series = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let of = |series: &Value| {
        let group = by.iter().map(|label| series["metric"][label].as_str().unwrap_or_default().to_owned()).collect();
        let values = series["values"].as_array().expect("values");
        let value = |pair: &Value| {
            let number: f64 = pair[1].as_str().and_then(|text| text.parse().ok()).expect("a number");
            number.is_finite().then(|| (pair[0].as_f64().expect("a time") as i64, number))
        };
        (group, values.iter().filter_map(value).collect())
    };
    series.iter().map(of).collect()
}

/// What really happened to one SLO: cumulative bad and total events by minute.
pub struct Truth {
    bad: Answers,
    total: Answers,
}

impl Truth {
    pub fn ask(server: &Server, query: &Query, by: &[String]) -> Self {
        let (bad, total) = query.truth();
        let ask = |query: &str| ask(server, query, (START, START + LENGTH, 60), by);
        Self { bad: ask(&bad), total: ask(&total) }
    }

    /// Bad and total events between two moments.
    pub fn between(&self, group: &Group, from: i64, to: i64) -> (f64, f64) {
        let at = |answers: &Answers, at: i64| {
            let known = answers.get(group).and_then(|answers| answers.range(..=at).next_back());
            known.map_or(0.0, |(_, sum)| *sum)
        };
        let of = |answers: &Answers| at(answers, to) - at(answers, from);
        (of(&self.bad), of(&self.total))
    }
}

/// The counts of a window that the samples allow. A sample tells that something happened since the one before, not
/// when, so each edge of a window may lie anywhere between two scrapes, or in the time in which nobody scraped; and
/// what happened since the last scrape is not known yet.
pub struct Bounds {
    /// At least and at most.
    bad: (f64, f64),
    total: (f64, f64),
}

impl Bounds {
    pub fn new(truth: &Truth, group: &Group, (from, to): (i64, i64), happenings: &[&Happening]) -> Self {
        // The past is kept with a resolution of 0.2 % of the window.
        let edge = STEP + (to - from) / 500;
        let (mut start, mut end, mut spread) = ((from - edge, from + edge), to - STEP, 0.0);
        for happening in happenings {
            let (began, over) = (happening.from - STEP, happening.to + STEP);
            let (holds_start, holds_end) = (began < from && from < over, happening.from < to && to < over);
            if happening.what == What::Birth {
                spread += if holds_start || holds_end { happening.spread } else { 0.0 };
                continue;
            }
            if holds_start {
                start = (start.0.min(began), start.1.max(over));
            }
            if holds_end {
                end = end.min(began);
            }
        }
        let up = |at: i64| (at + 59).div_euclid(60) * 60;
        let down = |at: i64| at.div_euclid(60) * 60;
        let most = truth.between(group, down(start.0), to);
        let inner = (up(start.1), down(end));
        let least = if inner.0 < inner.1 { truth.between(group, inner.0, inner.1) } else { (0.0, 0.0) };
        let around = |least: f64, most: f64| ((least - spread).max(0.0), most + spread);
        Self { bad: around(least.0, most.0), total: around(least.1, most.1) }
    }

    pub fn hold(&self, bad: f64, total: f64) -> bool {
        let within = |(least, most): (f64, f64), found: f64| {
            // Fractions of an event are kept as 1/1024 of it, and floats are floats.
            let little = 0.1 + most * 1e-6;
            least - little <= found && found <= most + little
        };
        within(self.bad, bad) && within(self.total, total)
    }

    /// Events that are in the window for sure.
    pub fn certain(&self) -> f64 {
        self.total.0
    }

    /// How far from the true ratio one can be without knowing better.
    pub fn slack(&self, ratio: f64) -> f64 {
        let share = |bad: f64, total: f64| if total > 0.0 { (bad / total).min(1.0) } else { 1.0 };
        // Fractions of an event are kept as 1/1024 of it.
        let resolution = 0.002 / self.total.0.max(1.0) + 1e-9;
        (share(self.bad.1, self.total.0) - ratio).max(ratio - share(self.bad.0, self.total.1)) + resolution
    }

    pub fn show(&self) -> String {
        format!("{:?} bad of {:?}", self.bad, self.total)
    }
}
