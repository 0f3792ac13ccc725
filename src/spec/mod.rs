//! SLO documents: text in, `domain::slo` out; pure.

pub mod names;
pub mod pairs;
