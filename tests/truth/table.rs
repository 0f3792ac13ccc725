//! Errors against the truth, gathered and shown.

use crate::simulation::What;
use slowburn::domain::slo::Slo;
use slowburn::domain::time::format_duration;
use std::fmt::Write;
use std::time::Duration;

/// Why Prometheus's answer may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Happened(What),
    /// Nothing happened but that windows have edges.
    Edges,
}

/// Errors of the share of bad events at one instant.
pub struct Error {
    /// `None`: no answer.
    pub ours: Option<f64>,
    pub theirs: Option<f64>,
    pub truth: f64,
    /// What nobody can know better.
    pub slack: f64,
    pub cause: Cause,
}

/// One window of one SLO.
#[derive(Default)]
pub struct Line {
    /// Seconds.
    pub window: i64,
    pub points: usize,
    pub ours: Errors,
    pub theirs: Errors,
    pub unanswered: (usize, usize),
    /// Counts that the samples contradict.
    pub outside: Vec<String>,
    /// Differences by cause: births, targets, gaps, edges.
    pub causes: [usize; 4],
    /// Differences that nothing explains.
    pub unexplained: usize,
}

#[derive(Clone, Copy, Default)]
pub struct Errors {
    pub largest: f64,
    pub sum: f64,
}

impl Errors {
    fn add(&mut self, error: f64) {
        self.largest = self.largest.max(error);
        self.sum += error;
    }
}

impl Line {
    pub fn new(window: i64) -> Self {
        Self { window, ..Self::default() }
    }

    pub fn add(&mut self, error: &Error) {
        self.points += 1;
        self.unanswered.0 += usize::from(error.ours.is_none());
        self.unanswered.1 += usize::from(error.theirs.is_none());
        let (Some(ours), Some(theirs)) = (error.ours, error.theirs) else { return };
        self.ours.add(ours);
        self.theirs.add(theirs);
        if theirs > error.slack {
            self.causes[match error.cause {
                Cause::Happened(What::Birth) => 0,
                Cause::Happened(What::Target) => 1,
                Cause::Happened(What::Gap) => 2,
                Cause::Edges => 3,
            }] += 1;
        }
    }
}

pub fn show(rows: Vec<(&str, &Slo, &[Line])>, left_out: &[(String, &'static str)]) -> String {
    let mut text = String::new();
    for (file, slo, lines) in rows {
        for line in lines {
            let _ = writeln!(
                text,
                "{file} {} {}: {} points, ours {:.5} / {:.6}, theirs {:.5} / {:.6}, unanswered {:?}, causes {:?}",
                slo.id.name,
                format_duration(Duration::from_secs(line.window as u64)),
                line.points,
                line.ours.largest,
                line.ours.sum / line.points.max(1) as f64,
                line.theirs.largest,
                line.theirs.sum / line.points.max(1) as f64,
                line.unanswered,
                line.causes,
            );
        }
    }
    for (file, reason) in left_out {
        let _ = writeln!(text, "{file}: {reason}");
    }
    text
}
