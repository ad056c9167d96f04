//! A member of a room: receives, and checks that each message comes once and in order. It looks at no more of a frame than it must.

use super::room::Room;
use super::wire::{self, Decoder, Received, Wire};
use crate::clock::{self, Window};
use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::message::{self, Stamp};
use crate::recorder::Recorder;
use crate::socket::Writer;
use std::sync::Arc;

pub(super) struct Member {
    /// Its number in the room; the first ones publish.
    pub(super) number: usize,
    /// The room's name, as publishers put it.
    pub(super) group: String,
    /// Deliveries within the measured window.
    pub(super) in_window: u64,
    link: Link,
    decoder: Decoder,
    inbox: Inbox,
}

/// What has been received.
struct Inbox {
    room: Arc<Room>,
    member: usize,
    /// The number of each publisher's next message.
    next: Vec<u64>,
    /// Messages that were skipped.
    gaps: u64,
    /// Where the message began in the last frame.
    hint: usize,
}

/// A message that was taken.
struct Taken {
    stamp: Stamp,
    /// How many of its publisher's were skipped before it.
    skipped: u64,
}

impl Member {
    pub(super) fn new(room: Arc<Room>, number: usize, link: Link, group: String, wire: Wire, publishers: usize) -> Self {
        let inbox = Inbox { room, member: number, next: vec![0; publishers], gaps: 0, hint: 0 };
        Self { number, group, in_window: 0, link, decoder: Decoder::new(wire), inbox }
    }

    pub(super) fn room(&self) -> Arc<Room> {
        Arc::clone(&self.inbox.room)
    }

    pub(super) fn writer(&self) -> Writer {
        self.link.writer()
    }

    /// How many messages it should have got and has not.
    pub(super) fn lost(&self) -> u64 {
        let Inbox { room, member, next, gaps, .. } = &self.inbox;
        let others = next.iter().enumerate().filter(|(publisher, _)| publisher != member);
        others.map(|(publisher, next)| room.sent_by(publisher).saturating_sub(*next)).sum::<u64>() + gaps
    }

    /// Receives for ever; to be cancelled. The latency of every message whose number is a multiple of `sample` is recorded.
    pub(super) async fn receive(&mut self, window: Window, sample: u64, recorder: &Recorder) -> Result<()> {
        let Self { link, decoder, inbox, in_window, .. } = self;
        loop {
            let (mut now, mut settled, mut answer) = (0, 0, None);
            link.receive(|payload| {
                decoder.feed(payload, |received| {
                    let taken = match received {
                        Received::Ping(pong) => {
                            answer = Some(pong);
                            return Ok(());
                        }
                        Received::Message(bytes) => match inbox.take(bytes)? {
                            Some(taken) => taken,
                            None => {
                                answer = wire::notice(bytes)?.or(answer);
                                return Ok(());
                            }
                        },
                    };
                    if settled == 0 {
                        // Once a read: what came in one read came at one time.
                        now = clock::now();
                    }
                    settled += 1 + taken.skipped;
                    *in_window += u64::from(window.contains(now));
                    if taken.stamp.number.is_multiple_of(sample) && window.contains(taken.stamp.due) {
                        recorder.record(now.saturating_sub(taken.stamp.due));
                    }
                    Ok(())
                })
            })
            .await?;
            if settled > 0 {
                inbox.room.settle(settled);
            }
            if let Some(answer) = answer {
                link.send_text(answer).await?;
            }
        }
    }
}

impl Inbox {
    /// Takes the message in `bytes`; none where there is none.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Taken>> {
        let Some(at) = message::find(bytes, self.hint) else { return Ok(None) };
        self.hint = at;
        let broken = || BenchError::Protocol("a message that nobody sent".to_owned());
        let stamp = message::read(bytes, at).filter(|stamp| stamp.room == self.room.number).ok_or_else(broken)?;
        let next = self.next.get_mut(stamp.publisher).ok_or_else(broken)?;
        let (room, member, publisher) = (self.room.number, self.member, stamp.publisher);
        let skipped = stamp.number.checked_sub(*next).ok_or(BenchError::OutOfOrder {
            room,
            member,
            publisher,
            got: stamp.number,
            expected: *next,
        })?;
        *next = stamp.number + 1;
        self.gaps += skipped;
        Ok(Some(Taken { stamp, skipped }))
    }
}
