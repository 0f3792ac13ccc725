//! Where readings come from: discovery, scraping, and exposition text.
