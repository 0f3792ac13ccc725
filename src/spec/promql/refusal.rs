//! Why a query can't be counted, with the part of it that is to blame.

/// What slowburn does not count, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The part of the query, as written where it could be found there.
    pub expression: String,
    /// Where that part begins, in bytes; `None` where it can't be told.
    pub offset: Option<usize>,
    /// What is the matter with it.
    pub why: String,
    /// How to mend it.
    pub help: String,
}

impl Refusal {
    pub(super) fn new(expression: impl ToString, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { expression: expression.to_string(), offset: None, why: why.into(), help: help.into() }
    }
}
