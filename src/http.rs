//! The only way out over HTTP: clients built from a checked `http_config`.
