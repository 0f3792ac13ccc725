//! Figures of the peers that were recorded earlier, where they can't be measured in a short time.
//!
//! Prometheus 2.42, and VictoriaMetrics with vmalert 1.79, on two shared cores, with the rules that Sloth makes: 17 for
//! each SLO over two raw series, scraped every 15 s, evaluated every 30 s over 30 days of history. Both are linear in the
//! number of SLOs. With 1 000 of them Prometheus filled the machine, missed half of its evaluations, and its cost is what
//! it would have taken.

use super::peers::Figures;

const MIB: f64 = 1024.0 * 1024.0;

/// Half of the evaluations were missed, so that its own rule time tells of waiting and not of work.
pub const PROMETHEUS: Figures =
    Figures { slos: 1000, evaluation: 0.060, rules: f64::NAN, missed: 7512.0, failed: 0.0, resident: 1312.0 * MIB };
pub const VICTORIA: Figures =
    Figures { slos: 1000, evaluation: 0.0233, rules: 0.0386, missed: 0.0, failed: 0.0, resident: 803.0 * MIB };
/// Bytes on Prometheus's disk of one SLO and day: 5.6 MB for 30 days, the recorded series included.
pub const DISK_DAY: f64 = 5.6e6 / 30.0;
