//! SLO files: what is read from them, what is said about mistakes, and that no file makes the reader panic.

#[path = "spec/bad.rs"]
mod bad;
#[path = "spec/good.rs"]
mod good;
#[path = "spec/mutation.rs"]
mod mutation;
#[path = "spec/schema.rs"]
mod schema;
