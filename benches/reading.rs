//! How fast a target's body is read: `cargo bench --bench reading`.
//!
//! The body is that of a busy target: 100 000 series of request counters and latency histograms. Beside the reader
//! stand the `prometheus-parse` crate, which many use for this, and three floors that no strict reader can reach:
//! finding the line breaks, finding them and reading each line's last word as a number, and reading memory at all.
//! Times are CPU times of this thread, medians of several rounds; `first` is a reader that has not seen the target
//! before, `steady` one that has.

#[path = "reading/figures.rs"]
mod figures;
mod support;

use figures::{Figure, figures};

fn main() {
    println!("{:<34} {:>10}", "reading a body of 100 000 series", "MB/s");
    for Figure { name, megabytes_per_second } in figures() {
        println!("{name:<34} {megabytes_per_second:>10.0}");
    }
}
