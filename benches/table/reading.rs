//! Reading a body of 100 000 series, beside what others do with it.

use super::rows::{Goal, Row, Table};
use crate::figures::figures;

const ABOUT: &str = "A body of 100 000 series, single-threaded: bytes for each second of CPU time.";

pub fn measure(table: &mut Table) {
    table.progress("reading a body of 100 000 series");
    table.section("Reading", ABOUT);
    let figures = figures();
    let speed = |name: &str| {
        let found = figures.iter().find(|figure| figure.name == name);
        found.map(|figure| figure.megabytes_per_second).expect("it was measured")
    };
    let parser = ("prometheus-parse", speed("prometheus-parse"));
    let breaks = ("line breaks only", speed("line breaks only"));
    let numbers = ("line breaks and a number each", speed("line breaks and a number each"));
    let memory = ("memory, read once", speed("memory, read once"));
    for (name, peer, goal) in [
        ("1 % wanted, first", parser, None),
        ("1 % wanted, first", breaks, None),
        ("1 % wanted, steady", parser, Some(50.0)),
        ("1 % wanted, steady", breaks, Some(0.25)),
        ("1 % wanted, steady", memory, None),
        ("100 % wanted, first", parser, None),
        ("100 % wanted, first", numbers, None),
        ("100 % wanted, steady", parser, None),
        ("100 % wanted, steady", numbers, Some(0.2)),
    ] {
        let row = Row::new(format!("read 100 000 series, {name} scrape"), speed(name), "MB/s").beside(peer.0, peer.1);
        table.add(goal.map_or(row.clone(), |least| row.goal(Goal::RatioAtLeast(least))));
    }
}
