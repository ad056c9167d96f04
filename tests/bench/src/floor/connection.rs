//! A connection: one task that reads what is there, spreads broadcasts, and writes all that waits in one flush. It is a
//! hand-written future, because a reader and a writer of their own would share the socket behind a lock and wake each other.

use super::frames::{self, Broadcast, Envelope, Join, Register};
use super::groups::{Group, Groups};
use super::outbox::Outbox;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::{Sink, StreamExt as _};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// So many answers are written before more is read: a client that sends and never reads is not read any more.
const ANSWERS: usize = 64;

/// The connection is over.
struct Over;

/// Resolves when the client has gone.
pub(super) struct Connection {
    socket: WebSocket,
    outbox: Arc<Outbox>,
    groups: Arc<Groups>,
    node: String,
    joined: Vec<Arc<Group>>,
    flow: Flow,
}

/// What is under way.
#[derive(Default)]
struct Flow {
    /// A broadcast that has not been taken by all members yet.
    spreading: Option<Spreading>,
    answers: VecDeque<Utf8Bytes>,
    batch: VecDeque<Utf8Bytes>,
    is_unflushed: bool,
}

struct Spreading {
    frame: Utf8Bytes,
    members: Arc<[Arc<Outbox>]>,
    next: usize,
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let read = self.poll_read(context);
            let written = self.poll_write(context);
            match (read, written) {
                (Poll::Ready(Err(Over)), _) | (_, Poll::Ready(Err(Over))) => return Poll::Ready(()),
                // There are answers to be written, and now there is room for more.
                (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => {}
                _ => return Poll::Pending,
            }
        }
    }
}

impl Connection {
    pub(super) fn new(socket: WebSocket, groups: Arc<Groups>) -> Self {
        let node = uuid::Uuid::now_v7().simple().to_string();
        Self { socket, outbox: Arc::default(), groups, node, joined: Vec::new(), flow: Flow::default() }
    }

    /// Reads until nothing is there; ready where answers stand in the way.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        while self.flow.answers.len() < ANSWERS {
            ready!(self.poll_spread(context));
            match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(Message::Text(text))) => self.answer(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Poll::Ready(Err(Over)),
                Some(Ok(_)) => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Offers the broadcast under way to the members that have not taken it yet.
    fn poll_spread(&mut self, context: &Context<'_>) -> Poll<()> {
        if let Some(Spreading { frame, members, next }) = &mut self.flow.spreading {
            while let Some(member) = members.get(*next) {
                if !Arc::ptr_eq(member, &self.outbox) && !member.offer(frame, context) {
                    return Poll::Pending;
                }
                *next += 1;
            }
            self.flow.spreading = None;
        }
        Poll::Ready(())
    }

    /// Writes until nothing waits.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        let Flow { answers, batch, is_unflushed, .. } = &mut self.flow;
        let mut socket = Pin::new(&mut self.socket);
        loop {
            if batch.is_empty() {
                batch.append(answers);
            }
            if batch.is_empty() {
                self.outbox.take(batch, context);
            }
            if batch.is_empty() && !*is_unflushed {
                return Poll::Ready(Ok(()));
            }
            while !batch.is_empty() {
                ready!(socket.as_mut().poll_ready(context)).map_err(|_| Over)?;
                if let Some(frame) = batch.pop_front() {
                    socket.as_mut().start_send(Message::Text(frame)).map_err(|_| Over)?;
                    *is_unflushed = true;
                }
            }
            ready!(socket.as_mut().poll_flush(context)).map_err(|_| Over)?;
            *is_unflushed = false;
        }
    }

    fn answer(&mut self, text: &str) {
        match self.serve(text) {
            Ok(Some(answer)) | Err(answer) => self.flow.answers.push_back(answer.into()),
            Ok(None) => {}
        }
    }

    /// Does what a frame asks; what to answer, if anything.
    fn serve(&mut self, text: &str) -> Result<Option<String>, String> {
        let envelope = Envelope::read(text)?;
        Ok(match envelope.kind.as_ref() {
            "ping" => Some(envelope.pong()),
            "broadcast" => {
                let Broadcast { group, message } = envelope.payload()?;
                let group = self.joined.iter().find(|joined| joined.id == group);
                let group = group.ok_or_else(|| envelope.refuse("GROUP_NOT_FOUND"))?;
                let frame = frames::broadcast(&self.node, &group.id, message).into();
                self.flow.spreading = Some(Spreading { frame, members: group.members(), next: 0 });
                None
            }
            "connect" => Some(envelope.ready()),
            "register" => Some(envelope.registered(&self.node, &envelope.payload::<Register<'_>>()?.name)),
            "join_group" => {
                let Join { name } = envelope.payload()?;
                let group = match self.joined.iter().find(|joined| joined.name == name) {
                    Some(group) => Arc::clone(group),
                    None => {
                        let group = self.groups.join(&name, &self.outbox);
                        self.joined.push(Arc::clone(&group));
                        group
                    }
                };
                Some(envelope.joined(&self.node, &group.id, &group.name))
            }
            _ => Some(envelope.refuse("UNKNOWN_MESSAGE_TYPE")),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for group in &self.joined {
            self.groups.leave(group, &self.outbox);
        }
        self.outbox.close();
    }
}
