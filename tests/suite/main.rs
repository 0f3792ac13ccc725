//! `slowburn test` through its command line: users' own tests of their SLOs.

mod mistakes;
mod notation;
mod results;
mod run;
