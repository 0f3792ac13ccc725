//! Runs of bytes: names, quoted texts and what two lines have in common.

use memchr::memchr3;
use std::borrow::Cow;

const LABEL_START: u8 = 1;
const METRIC_START: u8 = 2;
const LABEL_PART: u8 = 4;
const METRIC_PART: u8 = 8;

/// Bytes to look at one by one before a vector search pays.
const SHORT: usize = 16;

/// What each byte may be in a name that stands without quotes.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LABEL_START | METRIC_START | LABEL_PART | METRIC_PART,
            b'0'..=b'9' => LABEL_PART | METRIC_PART,
            b':' => METRIC_START | METRIC_PART,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn run(bytes: &[u8], start: u8, part: u8) -> usize {
    if bytes.first().is_none_or(|byte| CLASSES[usize::from(*byte)] & start == 0) {
        return 0;
    }
    bytes.iter().position(|byte| CLASSES[usize::from(*byte)] & part == 0).unwrap_or(bytes.len())
}

/// Length of the metric name that begins here; 0 when none does.
#[inline]
pub(super) fn metric_name_length(bytes: &[u8]) -> usize {
    run(bytes, METRIC_START, METRIC_PART)
}

/// Length of the label name that begins here; 0 when none does.
#[inline]
pub(super) fn label_name_length(bytes: &[u8]) -> usize {
    run(bytes, LABEL_START, LABEL_PART)
}

/// Length of the quoted text that begins here (after its opening quote), without the closing quote; `None` when the
/// line ends before it does.
#[inline]
pub(super) fn quoted_length(bytes: &[u8]) -> Option<usize> {
    // Most label values are shorter than what a vector search costs to begin.
    let short = bytes.iter().take(SHORT).position(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
    let mut at = short.unwrap_or(SHORT.min(bytes.len()));
    if bytes.get(at) == Some(&b'"') {
        return Some(at);
    }
    loop {
        at += memchr3(b'"', b'\\', b'\n', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at),
            b'\\' if bytes.get(at + 1).is_some_and(|byte| *byte != b'\n') => at += 2,
            _ => return None,
        }
    }
}

/// How many bytes two texts share from their beginning.
#[inline]
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    while let (Some(a), Some(b)) = (word(a, length), word(b, length)) {
        if a != b {
            return length + (a ^ b).trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    while length < a.len().min(b.len()) && a[length] == b[length] {
        length += 1;
    }
    length
}

/// The eight bytes at `at`, the first one lowest.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Resolves `\\`, `\"` and `\n`. Any other escape stands for itself, backslash included, as in Prometheus.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(escaped @ ('\\' | '"'))) => plain.push(escaped),
            ('\\', Some('n')) => plain.push('\n'),
            _ => {
                plain.push(c);
                continue;
            }
        }
        chars.next();
    }
    Cow::Owned(plain)
}
