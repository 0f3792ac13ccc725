//! The commands, one file each.

pub mod notify_test;
