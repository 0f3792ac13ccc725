//! The envelope of every stored body: compressed where that helps, with a checksum over its place and its bytes.
//!
//! SQLite does not notice a flipped bit in a payload. The checksum does, and as it covers the place (table and key),
//! a body that turns up under another key is noticed too. What is read is never believed before it is checked, and
//! decompression stops at the largest body that would have been accepted.

use super::error::Fault;
use crate::domain::time::Timestamp;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read};

/// The largest body, before compression; a bound for hostile files, far above what an engine writes.
pub const MAX_BODY: usize = 256 << 20;

/// Bodies below this many bytes are not worth a compression.
const MIN_COMPRESSED: usize = 128;

/// Higher levels take several times as long for some percent: the codec has removed what repeats.
const LEVEL: i32 = 1;

/// Bytes that come out of one of a frame, beyond which memory is not given at once.
const MOST_COMPRESSED: usize = 64;

/// The first byte of a sealed body.
const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;

/// Where a body belongs.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A journal block, by its commit number.
    Journal(i64),
    /// A part of the state, by its key and the checkpoint that wrote it.
    Part(&'a str, i64),
    /// History of a key on a UTC day, counted from 1970-01-01.
    Archive(&'a str, i32),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(commit) => write!(f, "the journal block of commit {commit}"),
            Self::Part(key, _) => write!(f, "the part {key:?} of the last checkpoint"),
            Self::Archive(key, day) => write!(f, "the history of {key:?} on {}", date(*day)),
        }
    }
}

/// A UTC day, counted from 1970-01-01, for people.
pub fn date(day: i32) -> String {
    let date = Timestamp(i64::from(day) * 86_400_000).to_utc().map(|time| time.date_naive().to_string());
    date.unwrap_or_else(|| format!("day {day}"))
}

impl Place<'_> {
    fn checksum(&self, body: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let (table, key, number) = match *self {
            Self::Journal(commit) => (b'j', "", commit),
            Self::Part(key, generation) => (b'p', key, generation),
            Self::Archive(key, day) => (b'a', key, i64::from(day)),
        };
        hasher.update(&[table]);
        hasher.update(&number.to_le_bytes());
        hasher.update(&(key.len() as u64).to_le_bytes());
        hasher.update(key.as_bytes());
        hasher.update(body);
        hasher.finalize()
    }
}

/// A body as it is stored.
#[derive(Debug)]
pub struct Sealed {
    pub crc: u32,
    pub body: Vec<u8>,
}

/// Seals bodies; keeps the compressor's memory between them.
pub struct Sealer {
    compressor: zstd::bulk::Compressor<'static>,
}

impl Sealer {
    pub fn new() -> io::Result<Self> {
        zstd::bulk::Compressor::new(LEVEL).map(|compressor| Self { compressor })
    }

    pub fn seal(&mut self, place: Place<'_>, body: &[u8]) -> Result<Sealed, Fault> {
        if body.len() > MAX_BODY {
            return seal_plain(place, body);
        }
        let compressed = if body.len() < MIN_COMPRESSED { Vec::new() } else { self.compressor.compress(body)? };
        let helps = !compressed.is_empty() && compressed.len() < body.len();
        if helps { Ok(marked(place, COMPRESSED, &compressed)) } else { seal_plain(place, body) }
    }
}

/// Seals a body as it is.
pub fn seal_plain(place: Place<'_>, body: &[u8]) -> Result<Sealed, Fault> {
    if body.len() > MAX_BODY {
        return Err(Fault::TooLarge { bytes: body.len(), most: MAX_BODY });
    }
    Ok(marked(place, PLAIN, body))
}

fn marked(place: Place<'_>, mark: u8, payload: &[u8]) -> Sealed {
    let mut stored = Vec::with_capacity(1 + payload.len());
    stored.push(mark);
    stored.extend_from_slice(payload);
    Sealed { crc: place.checksum(&stored), body: stored }
}

/// Only compares the checksum.
pub fn check(place: Place<'_>, crc: i64, stored: &[u8]) -> Result<(), Fault> {
    let right = i64::from(place.checksum(stored)) == crc;
    right.then_some(()).ok_or_else(|| Fault::Damaged(place.to_string()))
}

/// The body that was sealed for this place, or a fault that names the place.
pub fn unseal(place: Place<'_>, crc: i64, stored: &[u8]) -> Result<Vec<u8>, Fault> {
    let damaged = || Fault::Damaged(place.to_string());
    check(place, crc, stored)?;
    match stored.split_first() {
        Some((&PLAIN, body)) => Ok(body.to_vec()),
        Some((&COMPRESSED, frame)) => decompress(frame, MAX_BODY).ok_or_else(damaged),
        _ => Err(damaged()),
    }
}

thread_local! {
    /// To make one for each body takes longer than to decompress a block of the journal.
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// `None` for what is no frame or holds more than `most` bytes.
fn decompress(frame: &[u8], most: usize) -> Option<Vec<u8>> {
    // Frames of ours tell their length; what they tell is believed only where the frame can hold so much.
    let length = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let Some(length) = length.filter(|length| *length <= most.min(frame.len().saturating_mul(MOST_COMPRESSED))) else {
        return decompress_slowly(frame, most);
    };
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        decompressor.decompress(frame, length).ok()
    })
}

/// Memory grows with what really comes out.
fn decompress_slowly(frame: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).ok()?;
    decoder.take(most as u64 + 1).read_to_end(&mut body).ok()?;
    (body.len() <= most).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(place: Place<'_>, body: &[u8]) -> Sealed {
        Sealer::new().unwrap().seal(place, body).unwrap()
    }

    #[test]
    fn bodies_come_back_compressed_or_not() {
        let noise: Vec<u8> = (0..1000u32).flat_map(|i| crc32fast::hash(&i.to_le_bytes()).to_le_bytes()).collect();
        for (name, body, stored_at_most) in [
            ("empty", vec![], 1),
            ("short", vec![7; 100], 101),
            ("repetitive", vec![7; 100_000], 100),
            ("noise", noise.clone(), noise.len() + 1),
        ] {
            let sealed = sealed(Place::Part("x", 0), &body);
            assert!(sealed.body.len() <= stored_at_most, "{name}: {}", sealed.body.len());
            assert_eq!(unseal(Place::Part("x", 0), sealed.crc.into(), &sealed.body).unwrap(), body, "{name}");
        }
    }

    #[test]
    fn a_flipped_bit_or_another_place_is_noticed() {
        let place = Place::Archive("shop/x", 20_454);
        let Sealed { crc, body } = sealed(place, &[3; 1000]);
        for i in 0..body.len() * 8 {
            let mut flipped = body.clone();
            flipped[i / 8] ^= 1 << (i % 8);
            assert!(unseal(place, crc.into(), &flipped).is_err(), "bit {i}");
        }
        for other in [Place::Archive("shop/x", 20_455), Place::Archive("shop/y", 20_454), Place::Part("shop/x", 0)] {
            assert!(unseal(other, crc.into(), &body).is_err(), "{other}");
        }
        let fault = unseal(place, 0, &body).unwrap_err();
        assert_eq!(fault.detail(), "the history of \"shop/x\" on 2026-01-01 is damaged");
    }

    #[test]
    fn decompression_is_bounded() {
        let frame = zstd::bulk::compress(&vec![0; 10_000_000], 1).unwrap();
        assert_eq!(decompress(&frame, 9_999_999), None);
        assert_eq!(decompress(&frame, 10_000_000).map(|body| body.len()), Some(10_000_000));
        assert_eq!(decompress(b"no frame", 100), None);
    }
}
