//! Sloth, Pyrra and OpenSLO files: what is read from them, and what their budgets come to.

mod budgets;
mod check;
mod compiler;
mod corpus;
mod files;
mod hostile;
mod run;
mod summary;
