//! Sloth, Pyrra and OpenSLO files: what is read from them, and what their budgets come to.

mod compiler;
mod corpus;
mod summary;
