//! `slowburn replay` through its command line: what the numbers mean (counting, windows, budgets, alerts).

mod alerts;
mod counting;
mod output;
mod run;
