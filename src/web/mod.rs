//! The status page, the JSON API and `/metrics`: reads what the engine published, writes nothing.
