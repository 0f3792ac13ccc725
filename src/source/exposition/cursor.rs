//! A position in a body, and the smallest steps from it.
//!
//! The end of the body reads as a line break, so that no step needs to ask whether there is a next byte.

use memchr::memchr;

/// Why a line can't be read: where, and what would have been right there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// Byte offset into the body.
    pub at: usize,
    pub expected: &'static str,
}

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// What is left of the body, from here.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub fn peek(&self) -> u8 {
        self.bytes().get(self.at).copied().unwrap_or(b'\n')
    }

    /// Steps over `byte` if it is next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over spaces and tabs.
    #[inline]
    pub fn skip_blanks(&mut self) {
        while is_blank(self.peek()) {
            self.at += 1;
        }
    }

    /// The end of this line: the offset of its line break, or of the body's end.
    pub fn line_end(&self) -> usize {
        memchr(b'\n', self.rest()).map_or(self.text.len(), |length| self.at + length)
    }

    /// Steps over a line break or stands at the end of the body.
    #[inline]
    pub fn end_line(&mut self) -> Result<(), Fault> {
        if self.take(b'\n') || self.at >= self.text.len() { Ok(()) } else { Err(self.fault("the end of the line")) }
    }

    pub fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }
}

#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
