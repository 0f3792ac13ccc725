//! slowburn: SLOs, error budgets and burn-rate alerts in one binary.
//!
//! One idea: everything that decides is pure and lives in [`domain`]; everything that touches the world is outside it;
//! [`app`] joins them. Modules stand in the order in which data flows:
//!
//! * in: [`config`] and [`spec`] read files, [`source`] reads targets;
//! * decide: [`domain`], one function `step(state, event) -> effects`;
//! * ask: [`replay`] runs what was recorded, [`suite`] runs users' own tests;
//! * out: [`engine`] commits and publishes, [`store`] keeps, [`notify`] sends, [`web`] shows, [`export`] writes SLOs in other formats;
//! * ground: [`clock`], [`cores`], [`http`], [`metrics`], [`telemetry`].

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cores;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod export;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod replay;
pub mod source;
pub mod spec;
pub mod store;
pub mod suite;
pub mod telemetry;
pub mod view;
pub mod web;
