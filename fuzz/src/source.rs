//! What reads `/metrics` pages, without what fetches them.

#[path = "../../src/source/exposition/mod.rs"]
pub mod exposition;
#[path = "../../src/source/reader/mod.rs"]
pub mod reader;
#[path = "../../src/source/relabel/mod.rs"]
pub mod relabel;
