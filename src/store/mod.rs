//! What survives: the journal of events, the parts of the state as of the last checkpoint, and long history.
//!
//! The state in memory is the truth; the store is how it is found again. A journal block is appended in one durable
//! commit for each batch of events. From time to time a checkpoint rewrites the parts of the state that changed and
//! drops the journal before it, in one transaction.

pub mod codec;
