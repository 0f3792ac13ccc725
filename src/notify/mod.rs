//! Messages on their way out: rendering, channels, retries.
