//! A line on the terminal that tells how far a long replay is; nothing where nobody looks.

use crate::domain::time::Timestamp;
use std::io::{self, IsTerminal, Write};

const WIDTH: usize = 30;

/// Rewrites its line at each step, and removes it at the end.
pub struct Progress {
    shown: bool,
    range: (Timestamp, Timestamp),
    samples: usize,
}

impl Progress {
    pub fn new(range: (Timestamp, Timestamp)) -> Self {
        Self { shown: io::stderr().is_terminal(), range, samples: 0 }
    }

    /// `at` is reached, with so many more samples.
    pub fn reach(&mut self, at: Timestamp, samples: usize) {
        self.samples += samples;
        if self.shown {
            self.write(&line(self.range, at, self.samples));
        }
    }

    fn write(&self, text: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[2K{text}").and_then(|()| io::stderr().flush());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            self.write("");
        }
    }
}

fn line((start, end): (Timestamp, Timestamp), at: Timestamp, samples: usize) -> String {
    let share = at.since(start).as_secs_f64() / end.since(start).as_secs_f64().max(0.001);
    let share = share.clamp(0.0, 1.0);
    let full = (share * WIDTH as f64).round() as usize;
    let bar: String = (0..WIDTH).map(|i| if i < full { '#' } else { '.' }).collect();
    format!("[{bar}] {:3.0}% {at}, {samples} samples", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_from_nothing_to_all() {
        let range = (Timestamp::from_secs(0), Timestamp::from_secs(100));
        let shown = |at| line(range, Timestamp::from_secs(at), 7);
        assert_eq!(shown(0), "[..............................]   0% 1970-01-01T00:00:00Z, 7 samples");
        assert_eq!(shown(50), "[###############...............]  50% 1970-01-01T00:00:50Z, 7 samples");
        assert!(shown(500).starts_with("[##############################] 100%"));
    }
}
