//! Where readings come from: discovery, scraping, and exposition text.

pub mod exposition;
pub mod reader;
pub mod relabel;
