//! The limit of open files: raised at the start as far as the system lets a process do so by itself.
//!
//! Each target has a connection that is kept. The soft limit of most systems is 1024, for the sake of programs of another
//! age; the hard one is what an administrator means.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A limit below this is told: two files for each of a thousand targets, and as many for all else.
const FEW: u64 = 4096;

/// Raises the soft limit to the hard one, and says in the log what it is.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    match now {
        Some(limit) if limit < FEW => tracing::warn!(
            limit,
            "few files may be open at once, which is enough for half as many targets; raise the hard limit \
             (LimitNOFILE of systemd, ulimit -Hn) for more"
        ),
        Some(limit) => tracing::info!(limit, "files that may be open at once"),
        None => tracing::info!("any number of files may be open at once"),
    }
}
