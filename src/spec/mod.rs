//! SLO documents: text in, `domain::slo` out; pure.
