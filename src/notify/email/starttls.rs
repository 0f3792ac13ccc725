//! The few words before STARTTLS, in the clear.
//!
//! They are spoken here rather than by the SMTP client, so that the TLS of mails is that of all other connections (CA,
//! client certificate, server name, versions), and so that nothing said before the encryption is believed after it:
//! an answer that has more in it than the go-ahead is an attack, and the connection ends.

use super::dialog::reply_failure;
use super::stream::{Bounded, Carrier};
use crate::notify::channel::Failure;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Asks for encryption and gives the stream back, ready for the handshake.
pub async fn negotiate<S: Carrier>(stream: Bounded<S>, hello: &str) -> Result<S, Failure> {
    let mut stream = BufReader::new(stream);
    expect(&mut stream, 220).await?;
    let offers = say(&mut stream, &format!("EHLO {hello}\r\n"), 250).await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err(Failure::retry(
            "the mail server does not offer STARTTLS, and without encryption nothing is sent to it (require_tls)",
        ));
    }
    say(&mut stream, "STARTTLS\r\n", 220).await?;
    if !stream.buffer().is_empty() {
        return Err(Failure::retry(
            "the mail server spoke between STARTTLS and the handshake; somebody may be in between",
        ));
    }
    Ok(stream.into_inner().into_inner())
}

async fn say<S: Carrier>(
    stream: &mut BufReader<Bounded<S>>,
    command: &str,
    expected: u16,
) -> Result<Vec<String>, Failure> {
    stream.write_all(command.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    expect(stream, expected).await
}

/// Reads one reply and gives the text of its lines.
async fn expect<S: Carrier>(stream: &mut BufReader<Bounded<S>>, expected: u16) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await.map_err(broken)?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let Some(code) = code else { return Err(Failure::retry(not_smtp(&line))) };
        texts.push(line.get(4..).unwrap_or_default().to_owned());
        if line.as_bytes().get(3) == Some(&b'-') {
            continue;
        }
        return if code == expected { Ok(texts) } else { Err(reply_failure(code, &texts.join(" "))) };
    }
}

fn broken(error: std::io::Error) -> Failure {
    Failure::retry(format!("the connection to the mail server broke: {error}"))
}

fn not_smtp(line: &str) -> String {
    if line.is_empty() { "the mail server closed the connection".to_owned() } else { "not an SMTP server".to_owned() }
}
