//! How the benchmarks take time: CPU time, for wall time tells little on a machine that others use too.

use std::hint::black_box;
use std::time::Duration;

const ROUNDS: usize = 15;

/// The median CPU time of one run. A round repeats the run until the clock, which moves in ticks, can tell its length.
pub fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    const ROUND: Duration = Duration::from_millis(100);
    let mut round = || {
        let (start, mut runs) = (cpu_time(), 0);
        while cpu_time() < start + ROUND {
            black_box(run());
            runs += 1;
        }
        (cpu_time() - start) / runs
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round()).collect();
    times.sort();
    times[ROUNDS / 2]
}

/// The CPU time of this thread; where the system does not tell it, the time since the first call.
pub fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(slowburn::clock::instant).elapsed(), Duration::from_nanos)
}
