//! A socket that is kept: one instance a connection, whose calls come one after the other; what it wants done is done in its order,
//! each thing before the next.

use super::{Action, Actor, Pauses, SocketFrame, is_final};
use crate::breaker::Leave;
use crate::sandbox::{self, CallState, Subject, Timer};
use crate::v0_1::{self, Speaker, types};
use futures::{SinkExt, StreamExt};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::Instance;
use wingman_egress::{Frame, Opening, Socket, fill_frame};
use wingman_message::PluginFailure;

const CHECKPOINT: &str = "checkpoint";
/// RFC 6455, 7.4.1: the connection broke without a closing frame.
const ABNORMAL: u16 = 1006;
/// The same section: a closing frame without a code.
const NO_STATUS: u16 = 1005;
/// How long the other side may take to answer the closing frame.
const GOODBYE: Duration = Duration::from_secs(2);

/// How a connection ended.
enum Ended {
    /// Open again after this time; none: with back-off.
    Again(Option<Duration>),
    /// Stay closed.
    Stopped(PluginFailure),
}

/// Keeps the account connected until told to stop, or until connecting is of no use any more.
pub(super) async fn run(actor: &Actor, stop: &CancellationToken) {
    let mut pauses = Pauses::new();
    loop {
        actor.health.say("connecting");
        let ended = stop.run_until_cancelled(connection(actor, &mut pauses)).await;
        let pause = match ended {
            None => return,
            Some(Ok(Ended::Again(Some(pause)))) => pause,
            Some(Ok(Ended::Again(None))) => pauses.after(&PluginFailure::Temporary(String::new())),
            Some(Ok(Ended::Stopped(failure))) => return rest(actor, &failure, stop).await,
            Some(Err(failure)) if is_final(&failure) => return rest(actor, &failure, stop).await,
            Some(Err(failure)) => {
                tracing::warn!(channel = %actor.channel, %failure, "a socket failed; it is opened again");
                actor.health.say(format!("failing: {failure}"));
                pauses.after(&failure)
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

async fn rest(actor: &Actor, failure: &PluginFailure, stop: &CancellationToken) {
    tracing::error!(channel = %actor.channel, %failure, "a socket stays closed");
    actor.health.say(format!("stopped: {failure}"));
    stop.cancelled().await;
}

/// One instance, for as long as its connection lives.
struct Guest<'a> {
    actor: &'a Actor,
    store: Store<CallState>,
    instance: Instance,
}

impl<'a> Guest<'a> {
    async fn new(actor: &'a Actor) -> Result<Self, PluginFailure> {
        let plugin = &actor.plugin;
        let subject = Subject { manifest: Arc::clone(&plugin.manifest), access: Arc::clone(&actor.access), progress: None };
        let (mut store, timer) = actor.stage.sandbox.enter(subject, plugin.manifest.limits);
        let outcome = timer.drive(plugin.entry.instantiate(&mut store)).await;
        let instance = outcome.map_err(|stop| sandbox::explain(stop, store.data()))?;
        Ok(Self { actor, store, instance })
    }

    fn leave(&self) -> Result<Leave<'a>, PluginFailure> {
        self.actor.plugin.leave(&self.actor.stage)
    }

    fn settle<R>(&self, leave: Leave<'_>, outcome: Result<R, PluginFailure>) -> Result<R, PluginFailure> {
        leave.settle(&outcome, self.actor.stage.sandbox.clock.now_ms());
        outcome
    }

    async fn open(&mut self, checkpoint: Option<&str>) -> Result<Opening, PluginFailure> {
        let leave = self.leave()?;
        let timer = self.actor.stage.sandbox.arm(&mut self.store);
        let entry = &self.actor.plugin.entry;
        let outcome = timer.drive(entry.open(&mut self.store, &self.instance, checkpoint)).await;
        let opening = match outcome {
            Ok(returned) => v0_1::opening(returned, self.store.data()),
            Err(stop) => Err(sandbox::explain(stop, self.store.data())),
        };
        let super::Opening { url, headers, secrets } = self.settle(leave, opening)?;
        Ok(Opening { url, headers, secrets, timeout: None })
    }

    async fn on(&mut self, event: Event) -> Result<Vec<Action>, PluginFailure> {
        let leave = self.leave()?;
        let timer = self.actor.stage.sandbox.arm(&mut self.store);
        let entry = &self.actor.plugin.entry;
        let (store, at) = (&mut self.store, &self.instance);
        let outcome = match event {
            Event::Frame(frame) => driven(&timer, entry.on_frame(store, at, &v0_1::frame(frame))).await,
            Event::Tick => driven(&timer, entry.on_tick(store, at)).await,
            Event::Closed { code, reason } => driven(&timer, entry.on_close(store, at, code, &reason)).await,
        };
        let from = Speaker { channel: &self.actor.channel, account: self.actor.access.scope.account.as_ref() };
        let actions = match outcome {
            Ok(returned) => v0_1::actions(returned, from, self.store.data()),
            Err(stop) => Err(sandbox::explain(stop, self.store.data())),
        };
        self.settle(leave, actions)
    }
}

type Returned = Result<Vec<v0_1::socket::Action>, types::PluginError>;

async fn driven(
    timer: &Timer,
    guest: impl Future<Output = wasmtime::Result<Returned>> + Send,
) -> Result<Returned, sandbox::Stop> {
    timer.drive(guest).await
}

/// What the guest is told of.
enum Event {
    Frame(SocketFrame),
    Tick,
    Closed { code: u16, reason: String },
}

async fn connection(actor: &Actor, pauses: &mut Pauses) -> Result<Ended, PluginFailure> {
    let checkpoint = actor.stored(CHECKPOINT).await?;
    let mut guest = Guest::new(actor).await?;
    let opening = guest.open(checkpoint.as_deref()).await?;
    let egress = &actor.stage.sandbox.services.egress;
    let mut socket = egress.connect_ws(&actor.access.sockets, &opening).await.map_err(|error| {
        if error.is_temporary() {
            PluginFailure::Temporary(error.to_string())
        } else {
            PluginFailure::Permanent(error.to_string())
        }
    })?;
    actor.health.say("connected");
    let mut tick: Option<Instant> = None;
    loop {
        let event = next(&mut socket, tick).await;
        let (closed, ticked) = (matches!(event, Event::Closed { .. }), matches!(event, Event::Tick));
        if ticked {
            tick = None;
        }
        for action in guest.on(event).await? {
            if let Some(ended) = act(actor, &mut socket, &mut tick, action).await? {
                // Whoever does not answer in time is gone as well.
                let _ = tokio::time::timeout(GOODBYE, socket.close()).await;
                return Ok(ended);
            }
        }
        if closed {
            return Ok(Ended::Again(None));
        }
        pauses.reset();
    }
}

async fn next(socket: &mut Socket, tick: Option<Instant>) -> Event {
    let ticks = async {
        match tick {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = ticks => Event::Tick,
        frame = socket.next() => match frame {
            Some(Ok(Frame::Close(Some((code, reason))))) => Event::Closed { code, reason },
            Some(Ok(Frame::Close(None))) => Event::Closed { code: NO_STATUS, reason: String::new() },
            Some(Ok(Frame::Text(text))) => Event::Frame(SocketFrame::Text(text)),
            Some(Ok(Frame::Binary(bytes))) => Event::Frame(SocketFrame::Binary(bytes)),
            Some(Err(error)) => Event::Closed { code: ABNORMAL, reason: error.to_string() },
            None => Event::Closed { code: ABNORMAL, reason: String::new() },
        },
    }
}

/// Does one thing; says how the connection ends, if it does. On a socket that has closed, what cannot be sent is left out.
async fn act(
    actor: &Actor,
    socket: &mut Socket,
    tick: &mut Option<Instant>,
    action: Action,
) -> Result<Option<Ended>, PluginFailure> {
    let refused = |error: wingman_egress::EgressError| PluginFailure::Permanent(error.to_string());
    match action {
        // A connection that breaks while something is sent shows with the next read.
        Action::Send(SocketFrame::Text(text)) => drop(socket.send(Frame::Text(text)).await),
        Action::Send(SocketFrame::Binary(bytes)) => drop(socket.send(Frame::Binary(bytes)).await),
        Action::SendSealed { text, secrets } => {
            let text = fill_frame(socket.host(), &text, &secrets).map_err(refused)?;
            drop(socket.send(Frame::Text(text)).await);
        }
        Action::Emit(message) => actor.take(vec![*message]).await?,
        Action::Checkpoint(checkpoint) => actor.remember(CHECKPOINT, checkpoint).await?,
        Action::TickAfter(after) => *tick = Some(Instant::now() + after),
        Action::Reconnect(after) => return Ok(Some(Ended::Again(Some(after)))),
        Action::Stop(failure) => return Ok(Some(Ended::Stopped(failure))),
    }
    Ok(None)
}
