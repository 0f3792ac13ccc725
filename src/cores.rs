//! The same work on many things at once, on all cores: for what somebody waits for, such as a start.
//!
//! What comes out is in the order of the things, so it is the same with any number of cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Works on each thing; every thread begins with a value of its own. Where the system gives no more threads, the present
/// one does it all.
pub fn on_all_cores<T: Send, S, R: Send>(
    things: Vec<T>,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let helpers = cores.min(things.len()).saturating_sub(1);
    // Handed out one by one, for some take longer than others.
    let queue = Mutex::new(things.into_iter().enumerate());
    let worker = || {
        let (mut own, mut done) = (begin(), Vec::new());
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, thing)) = next else { return done };
            done.push((number, work(&mut own, thing)));
        }
    };
    let mut done = thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, worker).ok();
        let threads: Vec<_> = (0..helpers).filter_map(start).collect();
        let mut done = worker();
        for thread in threads {
            done.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;

    #[test]
    fn results_are_in_the_order_of_the_things() {
        let tenfold = |seen: &mut usize, thing: usize| {
            *seen += 1;
            (thing * 10, *seen > 0)
        };
        let expected: Vec<_> = (0..1000).map(|thing| (thing * 10, true)).collect();
        assert_eq!(on_all_cores((0..1000).collect(), || 0, tenfold), expected);
        assert_eq!(on_all_cores(Vec::new(), || 0, tenfold), []);
    }

    #[test]
    fn as_many_things_are_worked_on_at_once_as_there_are_cores() {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let together = Barrier::new(cores);
        let threads = on_all_cores(
            vec![(); cores],
            || thread::current().id(),
            |own, ()| {
                together.wait();
                format!("{own:?}")
            },
        );
        assert_eq!(threads.into_iter().collect::<BTreeSet<_>>().len(), cores);
    }
}
