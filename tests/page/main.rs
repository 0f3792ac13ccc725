//! The status page as people meet it: in a headless browser, over real HTTP, against a stand-in for the engine.

mod accessible;
mod browser;
mod demo;
mod demo_news;
mod demo_slo;
mod engine;
mod hostile;
mod layout;
mod live;
mod lived;
mod scale;
mod shots;
mod traffic;
mod views;
