//! Recorded figures of the peer that this benchmark does not run itself.
//!
//! Prometheus 2.42 with the rules that Sloth makes, 17 for each SLO over two raw series, scraped every 15 s, evaluated
//! every 30 s over 30 days of history, on two shared cores: 0.051 to 0.058 CPU seconds for each SLO and evaluation at
//! 10 to 300 SLOs. Linear in the number of SLOs; 1 000 of them filled the machine.

/// CPU seconds of Prometheus for one SLO and evaluation.
pub const EVALUATION: f64 = 0.055;
/// Its evaluations in an hour, one every 30 s.
pub const EVALUATIONS_AN_HOUR: f64 = 120.0;
/// Bytes on disk of one SLO and day: 5.6 MB for 30 days, the recorded series included.
pub const DISK_DAY: f64 = 5.6e6 / 30.0;
/// Resident bytes at 1 000 SLOs.
pub const RESIDENT_1000: f64 = 1312.0 * 1024.0 * 1024.0;
pub const NAME: &str = "Prometheus + Sloth rules (recorded)";
