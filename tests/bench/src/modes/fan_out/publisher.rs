//! A member that publishes.

use super::Options;
use super::member::Member;
use super::room::Room;
use super::wire::Wire;
use crate::clock::{self, Window};
use crate::error::Result;
use crate::message;
use crate::pace::Pace;
use crate::socket::Writer;
use std::sync::Arc;

/// How many messages are sent in one write, where more than one may be.
const BATCH: u64 = 32;

pub(super) struct Publisher {
    room: Arc<Room>,
    number: usize,
    writer: Writer,
    /// One message, and where in it the text begins.
    frame: Vec<u8>,
    text_at: usize,
    pace: Pace,
    most_in_flight: u64,
    window: Window,
}

impl Publisher {
    pub(super) fn new(member: &Member, options: &Options, wire: Wire, begins: u64, window: Window) -> Result<Self> {
        let room = member.room();
        let frame = wire.frame(&member.group, &message::text(room.number, member.number, options.size));
        let text_at = message::find(&frame, 0).unwrap_or_default();
        // Rooms are staggered, too: else all of them would send at the same moment.
        let slot = room.number * options.publishers + member.number;
        let slots = options.rooms * options.publishers;
        let rate = options.rate.map(|rate| rate * options.rooms as f64);
        let pace = Pace::new(rate, slot, slots, begins)?;
        let most = options.in_flight.saturating_mul(options.publishers as u64);
        let most_in_flight = if most == 0 { u64::MAX } else { most };
        Ok(Self { writer: member.writer(), number: member.number, room, frame, text_at, pace, most_in_flight, window })
    }

    /// Sends until the window ends.
    pub(super) async fn publish(mut self) -> Result<()> {
        let (mut number, mut batch) = (0, Vec::new());
        while let Some(due) = self.pace.next(self.window.ends).await? {
            let messages = match self.pace {
                Pace::Open { .. } => 1,
                Pace::Closed => match self.credit().await {
                    Some(credit) => credit.min(BATCH),
                    None => break,
                },
            };
            let due = if messages == 1 { due } else { clock::now() };
            batch.clear();
            for _ in 0..messages {
                message::stamp(&mut self.frame, self.text_at, number, due);
                batch.extend_from_slice(&self.frame);
                number += 1;
            }
            // Counted before: a message may arrive before the write returns.
            self.room.add_sent(self.number, messages);
            self.writer.send(&batch).await?;
        }
        Ok(())
    }

    /// How many messages may be sent now; none where that is not before the window ends.
    async fn credit(&self) -> Option<u64> {
        let room = self.room.has_room_for(self.most_in_flight);
        tokio::time::timeout(clock::until(self.window.ends), room).await.ok()
    }
}
