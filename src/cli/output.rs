//! Standard output. Whoever reads it may stop reading (`slowburn schema slo | head`); that is no mistake.

use std::io::{self, Write};

/// Writes all of the text and flushes it.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
