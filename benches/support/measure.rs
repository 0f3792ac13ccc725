//! How the benchmarks take time: CPU time, for wall time tells little on a machine that others use too.

use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

const ROUNDS: usize = 15;

/// The median CPU time of one run. A round repeats the run until its beginning and end weigh nothing.
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

/// The CPU time of this thread, to the nanosecond: what `/proc` tells of it moves in ticks.
pub fn cpu_time() -> Duration {
    let told = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(told.tv_sec.unsigned_abs(), told.tv_nsec.unsigned_abs() as u32)
}
