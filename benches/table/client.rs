//! HTTP with the programs under measurement, as simple as it can be.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Asks for a page; its body when the answer is good.
pub fn get(address: &str, path: &str) -> Result<String, String> {
    exchange(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n"), &[])
}

/// Sends a body.
pub fn post(address: &str, path: &str, body: &[u8]) -> Result<String, String> {
    let length = body.len();
    exchange(address, &format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n"), body)
}

fn exchange(address: &str, head: &str, body: &[u8]) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.write_all(head.as_bytes()).map_err(told)?;
    stream.write_all(body).map_err(told)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(told)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') { Ok(body.to_owned()) } else { Err(format!("{address}: {status}: {body}")) }
}

/// The first value of an instant query at a moment in seconds; `None` when nothing or NaN was found.
pub fn query(address: &str, expression: &str, at: i64) -> Option<f64> {
    let parameters = [("query", expression), ("time", &at.to_string())];
    let url = reqwest::Url::parse_with_params("http://peer/api/v1/query", parameters).expect("an address");
    let answer = get(address, &format!("{}?{}", url.path(), url.query().unwrap_or_default())).expect("an answer");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let value = answer["data"]["result"][0]["value"][1].as_str()?.parse::<f64>().ok()?;
    (!value.is_nan()).then_some(value)
}

/// A page of metrics.
pub struct Metrics(String);

impl Metrics {
    pub fn of(address: &str) -> Self {
        Self(get(address, "/metrics").expect("its metrics"))
    }

    /// The sum of all series of this name.
    pub fn sum(&self, name: &str) -> f64 {
        self.sum_where(name, "")
    }

    /// The sum of all series of this name that have a label of this value.
    pub fn sum_where(&self, name: &str, label: &str) -> f64 {
        let lines = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let labelled = label.is_empty() || rest.contains(&format!("=\"{label}\""));
            let ours = rest.starts_with(['{', ' ']) && labelled;
            ours.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok()).flatten()
        });
        lines.filter(|value| !value.is_nan()).sum()
    }
}
