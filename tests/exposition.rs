//! The exposition reader, through its public face: what it takes and refuses, held against a table of cases, against
//! the `prometheus-parse` crate, against `promtool`, and against generated bodies.

#[path = "exposition/cases.rs"]
mod cases;
#[path = "exposition/differences.rs"]
mod differences;
#[path = "exposition/generated.rs"]
mod generated;
#[path = "exposition/open_rows.rs"]
mod open_rows;
#[path = "exposition/peers.rs"]
mod peers;
#[path = "exposition/specification.rs"]
mod specification;
#[path = "exposition/table.rs"]
mod table;
#[path = "exposition/text_rows.rs"]
mod text_rows;

use slowburn::source::exposition::{Entry, Format, SyntaxError, read};

/// A sample with everything taken apart: name, sorted labels, value, time in milliseconds.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
    pub at: Option<i64>,
    pub line: u64,
}

/// NaN is NaN here; line numbers do not count.
impl PartialEq for Parsed {
    fn eq(&self, other: &Self) -> bool {
        let values = self.value == other.value || (self.value.is_nan() && other.value.is_nan());
        (&self.name, &self.labels, self.at) == (&other.name, &other.labels, other.at) && values
    }
}

/// `name{a="b"} value @time` with Rust's escapes.
impl std::fmt::Display for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        write!(f, "{}{{{}}} {}", self.name, labels.join(","), self.value)?;
        self.at.map_or(Ok(()), |at| write!(f, " @{at}"))
    }
}

pub fn samples(body: impl AsRef<[u8]>, format: Format) -> Result<Vec<Parsed>, SyntaxError> {
    let mut samples = Vec::new();
    read(body.as_ref(), format, |entry| {
        if let Entry::Sample { series, point } = entry {
            let mut labels: Vec<_> = series.labels().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
            labels.sort();
            let (name, at) = (series.name().into_owned(), point.at.map(|at| at.0));
            samples.push(Parsed { name, labels, value: point.value, at, line: point.line });
        }
        Ok(())
    })
    .map(|()| samples)
}
