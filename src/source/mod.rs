//! Where readings come from: discovery, scraping, and exposition text.

pub mod discovery;
pub mod exposition;
pub mod pool;
pub mod reader;
pub mod relabel;
pub mod schedule;
pub mod scrape;
pub mod target;
