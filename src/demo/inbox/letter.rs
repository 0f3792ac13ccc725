//! What a person reads of a mail: its subject and its plain text. Enough of MIME for slowburn's own mails.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail, decoded.
#[derive(Debug, Default, PartialEq)]
pub struct Letter {
    pub subject: String,
    /// The first part, which in slowburn's mails is the plain text.
    pub text: String,
}

impl Letter {
    pub fn read(mail: &str) -> Self {
        let (head, body) = split(mail);
        let subject = decoded_words(&header(head, "subject").unwrap_or_default());
        let boundary = header(head, "content-type").and_then(|kind| {
            let (_, rest) = kind.split_once("boundary=")?;
            Some(rest.trim_start_matches('"').split(['"', ';']).next()?.to_owned())
        });
        let part = boundary.and_then(|boundary| body.split(&format!("--{boundary}")).nth(1).map(str::trim_start));
        let (head, body) = part.map_or((head, body), split);
        let encoding = header(head, "content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
        let text = match encoding.as_str() {
            "quoted-printable" => quoted_printable(body),
            "base64" => from_base64(&body.split_whitespace().collect::<String>()).unwrap_or_default(),
            _ => body.to_owned(),
        };
        Self { subject, text: text.trim().to_owned() }
    }
}

/// Head and body; a mail without an empty line is all head.
fn split(mail: &str) -> (&str, &str) {
    mail.split_once("\r\n\r\n").unwrap_or((mail, ""))
}

/// A header's value in one line.
fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().skip_while(|line| {
        let found = line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        !found
    });
    let (_, first) = lines.next()?.split_once(':')?;
    let mut value = first.trim().to_owned();
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(line.trim());
    }
    Some(value)
}

/// RFC 2047: `=?utf-8?b?…?=` and `=?utf-8?q?…?=`; spaces between two encoded words are none.
fn decoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut after_word = false;
    for token in value.split(' ') {
        let decoded = decoded_word(token);
        let joined = after_word && decoded.is_some();
        if !out.is_empty() && !joined {
            out.push(' ');
        }
        after_word = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(token));
    }
    out
}

fn decoded_word(token: &str) -> Option<String> {
    let inner = token.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut parts = inner.splitn(3, '?').skip(1);
    let (encoding, text) = (parts.next()?, parts.next()?);
    match encoding {
        "b" | "B" => from_base64(text),
        "q" | "Q" => Some(quoted_printable(&text.replace('_', " "))),
        _ => None,
    }
}

fn from_base64(text: &str) -> Option<String> {
    STANDARD.decode(text).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'=') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_read_as_they_were_meant() {
        let letter = |subject: &str, text: &str| Letter { subject: subject.into(), text: text.into() };
        for (name, mail, expected) in [
            ("plain", "Subject: a b\r\nTo: x\r\n\r\nhello\r\n", letter("a b", "hello")),
            ("folded", "Subject: a\r\n b\r\n\r\nhello", letter("a b", "hello")),
            (
                "encoded words",
                "Subject: [FIRING] =?utf-8?b?MjAuMcOX?=\r\n =?utf-8?q?_=C3=97?= end\r\n\r\n",
                letter("[FIRING] 20.1× × end", ""),
            ),
            (
                "the first of two parts",
                "Subject: s\r\nContent-Type: multipart/alternative; boundary=\"B\"\r\n\r\n--B\r\nContent-Type: text/plain\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n1 =C3=\r\n=97 2 =3D\r\n--B\r\n\r\n<p>\r\n--B--\r\n",
                letter("s", "1 × 2 ="),
            ),
            ("base64", "Subject: s\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n", letter("s", "hello")),
            ("no mail at all", "", letter("", "")),
        ] {
            assert_eq!(Letter::read(mail), expected, "{name}");
        }
    }
}
