//! Which of the two formats a body is in, by its `Content-Type`.
//!
//! Parameters (`version`, `charset`, `escaping`) do not change how a body is read: both versions of OpenMetrics and both
//! ways of writing names are understood. A missing or unknown type is read as text, as Prometheus did until version 3;
//! types that certainly hold no text samples are refused by name, for they explain more than a syntax error would.

/// A text format for samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4: timestamps are whole milliseconds.
    Text,
    /// OpenMetrics 1.0: timestamps are seconds, `# EOF` ends the body.
    OpenMetrics,
}

/// A content type that holds no samples this reader could read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is {found:?}, not metrics ({hint})")]
pub struct UnreadableType {
    found: String,
    hint: &'static str,
}

const HTML: &str = "an HTML page: is the path right, and does a proxy or a login page answer for the target?";
const PROTOBUF: &str = "protobuf was not asked for; the target must answer with Prometheus text or OpenMetrics";

impl Format {
    /// The format that a `Content-Type` header announces.
    pub fn from_content_type(header: Option<&str>) -> Result<Self, UnreadableType> {
        let media_type = header.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let hint = match media_type.as_str() {
            "application/openmetrics-text" => return Ok(Self::OpenMetrics),
            "text/html" | "application/xhtml+xml" => HTML,
            "application/vnd.google.protobuf" => PROTOBUF,
            _ => return Ok(Self::Text),
        };
        Err(UnreadableType { found: media_type, hint })
    }
}
