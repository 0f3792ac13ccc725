//! Numbers as bits: small ones take few, and how few is chosen for all numbers of a kind together.
//!
//! A number is written as Golomb and Rice did: what exceeds its lowest `width` bits in unary, then those bits. The bits of
//! a byte are filled from the lowest on. Numbers that would take too many are marked by a long row of ones and follow in
//! full. Reading trusts nothing and never panics.

/// Ones in a row that tell of a number in full.
const ESCAPE: u32 = 20;
/// Bits that a reading of 64 bits holds at any place.
const PEEKED: u32 = 57;
/// The widest numbers.
const MOST: u32 = PEEKED - 1;

/// The width at which numbers take the fewest bits, and how many that is.
pub fn fitting(numbers: &[u64]) -> (u32, u64) {
    let widest = numbers.iter().map(|number| 64 - number.leading_zeros()).max().unwrap_or_default().min(MOST);
    let bits = |width: u32| -> u64 { numbers.iter().map(|number| u64::from(length(*number, width))).sum() };
    (0..=widest).map(|width| (width, bits(width))).min_by_key(|(_, bits)| *bits).unwrap_or_default()
}

/// Bits of a number.
fn length(number: u64, width: u32) -> u32 {
    match number >> width {
        high if high < u64::from(ESCAPE) => high as u32 + 1 + width,
        _ => ESCAPE + 64,
    }
}

/// Appends bits to bytes.
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits that do not fill a byte yet, and those to come.
    pending: u128,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, pending: 0, count: 0 }
    }

    /// Appends a number; `width` is at most that of [`fitting`].
    pub fn put(&mut self, number: u64, width: u32) {
        let high = number >> width;
        if high < u64::from(ESCAPE) {
            self.bits((1 << high) - 1, high as u32 + 1);
            self.bits(number & ((1 << width) - 1), width);
        } else {
            self.bits((1 << ESCAPE) - 1, ESCAPE);
            self.bits(number, 64);
        }
    }

    fn bits(&mut self, bits: u64, count: u32) {
        self.pending |= u128::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the last byte up with zeros.
    pub fn finish(self) {
        if self.count > 0 {
            self.out.push(self.pending as u8);
        }
    }
}

/// Reads numbers of these widths from the bit `at` on, which moves behind them; `None` where the bytes end before.
#[inline]
pub fn read<const N: usize>(bytes: &[u8], at: &mut usize, widths: [u8; N]) -> Option<[u64; N]> {
    let (word, mut used) = (peek(bytes, *at), 0);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let (rest, width) = (word >> used, u32::from(width));
        let high = rest.trailing_ones();
        let before = high + 1;
        if high >= ESCAPE || used + before + width > PEEKED {
            return read_long(bytes, at, widths);
        }
        *number = (u64::from(high) << width) + ((rest >> before) & ((1 << width) - 1));
        used += before + width;
    }
    *at += used as usize;
    (*at <= bytes.len() * 8).then_some(numbers)
}

/// The same for numbers that are too long to be seen at once.
#[cold]
fn read_long<const N: usize>(bytes: &[u8], at: &mut usize, widths: [u8; N]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        *number = read_one(bytes, at, u32::from(width))?;
    }
    Some(numbers)
}

fn read_one(bytes: &[u8], at: &mut usize, width: u32) -> Option<u64> {
    let (word, width) = (peek(bytes, *at), width.min(MOST));
    let high = word.trailing_ones();
    let number = if high < ESCAPE {
        let (before, mask) = (high + 1, (1 << width) - 1);
        *at += (before + width) as usize;
        (u64::from(high) << width) + (peek(bytes, *at - width as usize) & mask)
    } else {
        let (low, high) = (peek(bytes, *at + ESCAPE as usize), peek(bytes, *at + ESCAPE as usize + 32));
        *at += ESCAPE as usize + 64;
        (low & 0xFFFF_FFFF) + (high << 32)
    };
    (*at <= bytes.len() * 8).then_some(number)
}

/// At least [`PEEKED`] bits from the bit `at` on, zeros behind the end.
fn peek(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let word = rest.first_chunk().map_or_else(
        || rest.iter().rev().fold(0, |word, byte| (word << 8) + u64::from(*byte)),
        |eight| u64::from_le_bytes(*eight),
    );
    word >> (at % 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(numbers: &[u64], width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = BitWriter::new(&mut bytes);
        numbers.iter().for_each(|number| writer.put(*number, width));
        writer.finish();
        bytes
    }

    #[test]
    fn the_bits_of_a_number_are_its_high_part_in_unary_and_its_low_bits() {
        for (number, width, byte) in [(0, 0, 0b0), (3, 0, 0b0111), (5, 2, 0b01_01), (6, 2, 0b10_01), (9, 2, 0b01_011)] {
            assert_eq!(written(&[number], width), [byte], "{number} in {width}");
        }
        assert_eq!(written(&[20], 0).len(), 11, "one that is too long is written in full");
    }

    #[test]
    fn the_fitting_width_takes_the_fewest_bits() {
        for (numbers, width, bits) in
            [(vec![], 0, 0), (vec![0, 0, 0], 0, 3), (vec![7, 7, 7, 7], 2, 16), (vec![0, 0, 0, 0, u64::MAX], 0, 4 + 84)]
        {
            assert_eq!(fitting(&numbers), (width, bits), "{numbers:?}");
            assert_eq!(written(&numbers, width).len() as u64, bits.div_ceil(8), "{numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec((0..64u32, any::<u64>()), 0..40)) {
            let numbers: Vec<u64> = numbers.into_iter().map(|(shift, number)| number >> shift).collect();
            let (width, bits) = fitting(&numbers);
            let bytes = written(&numbers, width);
            let mut at = 0;
            for number in numbers {
                prop_assert_eq!(read(&bytes, &mut at, [width as u8]), Some([number]));
            }
            prop_assert_eq!(at as u64, bits);
        }

        #[test]
        fn numbers_in_a_row_are_read_as_one_by_one(
            bytes in prop::collection::vec(any::<u8>(), 0..30), from in 0..60usize, widths in any::<[u8; 3]>(), narrow in 0..8u8,
        ) {
            let widths = widths.map(|width| width >> narrow);
            let (mut at, mut one) = (from, from);
            let each = widths.map(|width| read_one(&bytes, &mut one, u32::from(width)));
            let all = each.iter().copied().collect::<Option<Vec<_>>>();
            prop_assert_eq!(read(&bytes, &mut at, widths).map(Vec::from), all.clone());
            prop_assert!(all.is_none() || at == one);
        }

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..30), width in any::<u8>()) {
            let (mut at, mut read_so_far) = (0, 0);
            while read(&bytes, &mut at, [width]).is_some() {
                read_so_far += 1;
            }
            prop_assert!(read_so_far <= bytes.len() * 8);
        }
    }
}
