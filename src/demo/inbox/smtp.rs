//! A mail server that accepts everything and delivers to the inbox. Enough of RFC 5321 for one sender on loopback.

use super::letter::Letter;
use super::{Inbox, MAX_MESSAGE};
use std::time::Duration;
use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A client that says nothing for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a command line, as RFC 5321 has it.
const MAX_COMMAND: u64 = 512;
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

pub async fn serve(listener: TcpListener, inbox: Inbox, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((socket, _)) => drop(connections.spawn(connection(socket, inbox.clone(), shutdown.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown.cancelled() => {}
    }
    connections.close();
    connections.wait().await;
}

async fn connection(socket: TcpStream, inbox: Inbox, shutdown: CancellationToken) {
    tokio::select! {
        ended = dialog(socket, &inbox) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a mail connection ended early");
            }
        }
        () = shutdown.cancelled() => {}
    }
}

async fn dialog(socket: TcpStream, inbox: &Inbox) -> io::Result<()> {
    let (read, mut write) = socket.into_split();
    let mut read = BufReader::new(read);
    let mut recipients: Vec<String> = Vec::new();
    write.write_all(b"220 demo ESMTP\r\n").await?;
    loop {
        let Some(command) = line(&mut read, MAX_COMMAND).await? else { return Ok(()) };
        let command = String::from_utf8_lossy(&command).trim_end().to_owned();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-demo\r\n250 8BITMIME\r\n",
            "HELO" | "MAIL" | "NOOP" => b"250 OK\r\n",
            "RSET" => {
                recipients.clear();
                b"250 OK\r\n"
            }
            "RCPT" => {
                let address = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                recipients.push(address.map_or(command.as_str(), |(address, _)| address).to_owned());
                b"250 OK\r\n"
            }
            "DATA" if recipients.is_empty() => b"503 who is it for?\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let Some(mail) = data(&mut read).await? else {
                    // What was not read can't be told from commands any more.
                    return write.write_all(b"552 too large\r\n").await;
                };
                let letter = Letter::read(&mail);
                let channel = format!("mail to {}", std::mem::take(&mut recipients).join(", "));
                inbox.take(channel, &letter.subject, letter.text, mail);
                b"250 OK\r\n"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => b"502 not here\r\n",
        };
        write.write_all(answer).await?;
    }
}

/// The mail up to the lone dot; `None` when it is too large or breaks off.
async fn data(read: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut mail = String::new();
    while let Some(bytes) = line(read, MAX_MESSAGE as u64).await? {
        let text = String::from_utf8_lossy(&bytes);
        if text.trim_end_matches(['\r', '\n']) == "." {
            return Ok(Some(mail));
        }
        mail.push_str(text.strip_prefix('.').unwrap_or(&text));
        if mail.len() > MAX_MESSAGE {
            break;
        }
    }
    Ok(None)
}

/// One line with its end; `None` at the end of the stream.
async fn line(read: &mut (impl AsyncBufReadExt + Unpin), limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut bounded = read.take(limit);
    let reading = bounded.read_until(b'\n', &mut line);
    tokio::time::timeout(PATIENCE, reading).await.map_err(io::Error::from)??;
    if line.len() as u64 == limit && line.last() != Some(&b'\n') {
        return Err(io::Error::other("a line is too long"));
    }
    Ok((!line.is_empty()).then_some(line))
}
