//! The text that a fan-out sends: whose it is, which one, and when it was due, in digits at fixed places behind a mark. So it can
//! be changed in place by the publisher, and found by the receiver in whatever frame a server puts around it.

use memchr::memmem;

const MARK: &[u8] = b"@wb:";
const ROOM: (usize, usize) = (4, 4);
const PUBLISHER: (usize, usize) = (8, 4);
const NUMBER: (usize, usize) = (12, 10);
const DUE: (usize, usize) = (22, 19);
/// The shortest message.
pub(crate) const LEAST: usize = 41;
/// Rooms, and publishers of a room, are numbered with four digits.
pub(crate) const MOST_ROOMS: usize = 9_999;

/// A message as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) room: usize,
    pub(crate) publisher: usize,
    /// Its number among the publisher's, from 0.
    pub(crate) number: u64,
    /// When it was due.
    pub(crate) due: u64,
}

/// A message of `size` bytes of `publisher` in `room`, its number and time still zero.
pub(crate) fn text(room: usize, publisher: usize, size: usize) -> String {
    format!("@wb:{room:04}{publisher:04}{:010}{:019}{}", 0, 0, "x".repeat(size.saturating_sub(LEAST)))
}

/// Where the message begins in `bytes`; tried first at `hint`, where the last one began.
pub(crate) fn find(bytes: &[u8], hint: usize) -> Option<usize> {
    if bytes.get(hint..).is_some_and(|rest| rest.starts_with(MARK)) { Some(hint) } else { memmem::find(bytes, MARK) }
}

/// Writes number and time into the message that begins at `at`.
pub(crate) fn stamp(bytes: &mut [u8], at: usize, number: u64, due: u64) {
    for ((offset, digits), value) in [(NUMBER, number), (DUE, due)] {
        let mut rest = value;
        for digit in bytes.iter_mut().skip(at + offset).take(digits).rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// Reads the message that begins at `at`; none where it is not whole.
pub(crate) fn read(bytes: &[u8], at: usize) -> Option<Stamp> {
    let digits = bytes.get(at..at + LEAST)?;
    let number = |(offset, length): (usize, usize)| {
        let digits = digits.get(offset..offset + length)?;
        digits.iter().try_fold(0u64, |sum, digit| Some(sum * 10 + u64::from(char::from(*digit).to_digit(10)?)))
    };
    Some(Stamp {
        room: number(ROOM)? as usize,
        publisher: number(PUBLISHER)? as usize,
        number: number(NUMBER)?,
        due: number(DUE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_stamped() {
        let mut bytes = format!("{{\"payload\":\"{}\"}}", text(7, 12, 64)).into_bytes();
        let at = find(&bytes, 0).unwrap();
        stamp(&mut bytes, at, 4_200_000_000, 1_234_567_890_123_456_789);
        let expected = Stamp { room: 7, publisher: 12, number: 4_200_000_000, due: 1_234_567_890_123_456_789 };
        assert_eq!(read(&bytes, at), Some(expected));
        assert_eq!(find(&bytes, at), Some(at), "the hint is right");
        assert_eq!(find(b"{\"type\":\"ack\"}", at), None);
        assert_eq!(text(7, 12, 64).len(), 64);
    }
}
