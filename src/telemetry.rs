//! Logs: structured, to standard error, JSON or logfmt.
