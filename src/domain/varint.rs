//! Compact numbers: what history and the journal are made of.
//!
//! Unsigned integers take 7 bits for each byte, least significant first; signed ones are folded first (0, −1, 1, −2 …
//! become 0, 1, 2, 3 …), so that small steps in either direction stay small. Floats are their 8 bytes, little endian,
//! so that every bit pattern survives. Reading trusts nothing: it never panics and never believes a length that the
//! input is too short for.

/// Appends an unsigned integer, 1 to 10 bytes.
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer, 1 to 10 bytes.
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, fold(value));
}

/// Appends the 8 bytes of a float.
pub fn put_f64(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

/// Appends a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a length and the text.
pub fn put_str(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// Folds the sign into the lowest bit.
pub fn fold(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`fold`].
pub fn unfold(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the data ends too early")]
    Truncated,
    #[error("a number has more than 64 bits")]
    Overlong,
    #[error("a text is not UTF-8")]
    NotUtf8,
}

/// Reads from the front of a byte slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if (bits << shift) >> shift != bits {
                return Err(Malformed::Overlong);
            }
            value += bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed::Overlong)
    }

    pub fn i64(&mut self) -> Result<i64, Malformed> {
        self.u64().map(unfold)
    }

    pub fn f64(&mut self) -> Result<f64, Malformed> {
        let (first, rest) = self.rest.split_first_chunk::<8>().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*first)))
    }

    /// The number of elements that follow, each of at least one byte: more than the rest can hold is refused, so that
    /// a caller may reserve room for them.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        let count = self.u64()?;
        usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(Malformed::Truncated)
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count()?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Text with its length before it.
    pub fn str(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn small_numbers_are_short() {
        for (value, bytes) in [(0, 1), (-1, 1), (63, 1), (-64, 1), (64, 2), (8191, 2), (8192, 3), (i64::MIN, 10)] {
            assert_eq!(written(|out| put_i64(out, value)).len(), bytes, "{value}");
        }
    }

    #[test]
    fn what_is_no_number_or_text_is_refused() {
        for (name, bytes, error) in [
            ("nothing", &[][..], Malformed::Truncated),
            ("unfinished", &[0x80, 0x80], Malformed::Truncated),
            ("65 bits", &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], Malformed::Overlong),
            ("11 bytes", &[0x80; 11], Malformed::Overlong),
        ] {
            assert_eq!(Reader::new(bytes).u64(), Err(error), "{name}");
        }
        assert_eq!(Reader::new(&[0xFF; 7]).f64().map(f64::to_bits), Err(Malformed::Truncated));
        assert_eq!(Reader::new(&[3, b'a', b'b']).str(), Err(Malformed::Truncated));
        assert_eq!(Reader::new(&[1, 0xFF]).str(), Err(Malformed::NotUtf8));
        assert_eq!(Reader::new(&[3, 0, 0]).count(), Err(Malformed::Truncated));
    }

    proptest! {
        #[test]
        fn every_value_reads_back(unsigned: u64, signed: i64, bits: u64, text: String) {
            let bytes = written(|out| {
                put_u64(out, unsigned);
                put_i64(out, signed);
                put_f64(out, f64::from_bits(bits));
                put_str(out, &text);
            });
            let mut reader = Reader::new(&bytes);
            prop_assert!(!reader.is_empty());
            prop_assert_eq!(reader.u64(), Ok(unsigned));
            prop_assert_eq!(reader.i64(), Ok(signed));
            prop_assert_eq!(reader.f64().map(f64::to_bits), Ok(bits));
            prop_assert_eq!(reader.str(), Ok(text.as_str()));
            prop_assert!(reader.is_empty());
        }
    }
}
