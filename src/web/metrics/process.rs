//! `process_…`: what the kernel tells of this process, under the names that Prometheus's client libraries use.
//!
//! Read from `/proc/self`; where that is missing or reads differently, the sample is left out rather than guessed.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use std::fmt;
use std::fs;

/// Clock ticks in a second, `USER_HZ`, which Linux fixes at 100 for programs.
const TICKS: f64 = 100.0;

/// Reads at each scrape.
#[derive(Debug)]
pub struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(seconds) = cpu_seconds() {
            let help = "User and system CPU time spent";
            encoder
                .encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?
                .encode_counter(&seconds, None::<&Exemplar<Vec<(String, String)>, f64>>)?;
        }
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory", status_bytes("VmRSS:")),
            ("process_virtual_memory_bytes", "Virtual memory", status_bytes("VmSize:")),
            ("process_open_fds", "Open file descriptors", open_fds()),
            ("process_max_fds", "Limit of open file descriptors", max_fds()),
            ("process_start_time_seconds", "Start of the process since the Unix epoch", start_seconds()),
        ] {
            if let Some(value) = value {
                encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

/// Fields of `/proc/self/stat` after the command, which may itself hold blanks and brackets; the first is the state.
fn stat_field(index: usize) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(index)?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    const USER: usize = 11;
    const SYSTEM: usize = 12;
    Some((stat_field(USER)? + stat_field(SYSTEM)?) / TICKS)
}

fn start_seconds() -> Option<f64> {
    const START: usize = 19;
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + stat_field(START)? / TICKS)
}

/// A line of `/proc/self/status`, which counts in KiB.
fn status_bytes(field: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

fn open_fds() -> Option<f64> {
    // The descriptor that reads the directory is among them.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

/// `None` where there is no limit.
fn max_fds() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
