//! What Linux tells of processes and of the machine.

use slowburn::clock;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{DirEntry, read_dir, read_to_string};
use std::process::Command;
use std::time::Duration;

/// The kernel's tick in `/proc/PID/stat`, 100 Hz on every Linux that Rust runs on.
const TICK: f64 = 0.01;

/// How often threads are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A process by its number, or `self`.
#[derive(Clone, Debug)]
pub struct Usage(String);

impl Usage {
    pub fn of(process: impl Display) -> Self {
        Self(process.to_string())
    }

    /// CPU seconds of all its threads so far.
    pub fn cpu(&self) -> f64 {
        let stat = self.file("stat");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * TICK
    }

    /// CPU seconds of all its threads while `watch` passes, by the scheduler's own account: the tick is too coarse for a
    /// process that is idle nearly all the time. Threads are looked at every second, so that of one that ends no more than
    /// its last second is missed.
    pub fn cpu_within(&self, watch: Duration) -> f64 {
        let begun = clock::instant();
        let (mut before, mut sum) = (self.threads(), 0);
        while begun.elapsed() < watch {
            std::thread::sleep(LOOK_EVERY.min(watch.saturating_sub(begun.elapsed())));
            let now = self.threads();
            sum += now.iter().map(|(id, time)| time - before.get(id).unwrap_or(&0)).sum::<u64>();
            before = now;
        }
        sum as f64 / 1e9
    }

    /// CPU nanoseconds of each of its threads so far.
    fn threads(&self) -> BTreeMap<OsString, u64> {
        let tasks = read_dir(format!("/proc/{}/task", self.0)).expect("it runs, and Linux tells of it");
        let time = |task: DirEntry| {
            // One that has just ended has no file any more.
            let told = read_to_string(task.path().join("schedstat")).ok()?;
            Some((task.file_name(), told.split(' ').next()?.parse().ok()?))
        };
        tasks.filter_map(Result::ok).filter_map(time).collect()
    }

    /// Resident bytes.
    pub fn resident(&self) -> f64 {
        let status = self.file("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }

    /// Bytes that it caused to be written to the disk.
    pub fn written(&self) -> f64 {
        let io = self.file("io");
        io.lines().find_map(|line| line.strip_prefix("write_bytes:")?.trim().parse().ok()).unwrap_or(0.0)
    }

    /// How many files it may have open.
    pub fn files(&self) -> usize {
        let limits = self.file("limits");
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
        line.split_whitespace().next().and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX)
    }

    fn file(&self, name: &str) -> String {
        read_to_string(format!("/proc/{}/{name}", self.0)).expect("it runs, and Linux tells of it")
    }
}

/// The versions of these packages, where Debian's tools know them.
pub fn versions(packages: &[&str]) -> String {
    let format = "${Package} ${Version}\n";
    let told = Command::new("dpkg-query").args(["--show", "--showformat", format]).args(packages).output();
    let told =
        told.map(|output| String::from_utf8_lossy(&output.stdout).trim().replace('\n', ", ")).unwrap_or_default();
    if told.is_empty() { "unknown".to_owned() } else { told }
}

/// The machine in a line: processor, cores, memory, and how busy it was in the last minute.
pub fn machine() -> String {
    let field = |path: &str, name: &str| {
        let text = read_to_string(path).unwrap_or_default();
        let value =
            text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':')).map(|(_, value)| value.trim());
        value.unwrap_or("?").to_owned()
    };
    let memory = field("/proc/meminfo", "MemTotal");
    let kilobytes: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{cores} cores of {}, {:.0} GiB; load average at the beginning {}",
        field("/proc/cpuinfo", "model name"),
        kilobytes / f64::from(1 << 20),
        load.split(' ').next().unwrap_or("?")
    )
}

/// Bytes of all files in a directory and below.
pub fn size(dir: &std::path::Path) -> f64 {
    let files = read_dir(dir).expect("a directory").filter_map(Result::ok);
    files.map(|file| if file.path().is_dir() { size(&file.path()) } else { length(&file) }).sum()
}

fn length(file: &DirEntry) -> f64 {
    file.metadata().map_or(0.0, |metadata| metadata.len() as f64)
}
