//! `slowburn export`: what is written in each format, read by who reads such files.

mod command;
mod openslo;
mod openslo_back;
mod prometheus;
mod round_trip;
mod slos;
