//! A socket that is kept: one instance a connection, whose calls come one after the other; what it wants done is done in its order,
//! each thing before the next.

use super::{Action, Actor, LEAST_PAUSE, Pauses, SocketFrame, is_final};
use crate::sandbox::{self, CallState, Subject};
use crate::v0_1::{self, Speaker};
use futures::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::Instance;
use wingman_egress::{EgressError, Frame, Opening, Socket, fill_frame};
use wingman_message::PluginFailure;

const CHECKPOINT: &str = "checkpoint";
/// RFC 6455, 7.4.1: the connection broke without a closing frame.
const ABNORMAL: u16 = 1006;
/// The same section: a closing frame without a code.
const NO_STATUS: u16 = 1005;
/// The same section: whoever closes goes away.
const GOING_AWAY: u16 = 1001;
/// How long the other side may take to take a frame, or to answer the closing one.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that lived so long was a good one: the pauses begin anew.
const GOOD_LIFE: Duration = Duration::from_secs(60);

/// How a connection ended.
enum Ended {
    /// Open again after this time; none: with back-off.
    Again(Option<Duration>),
    /// Stay closed.
    Stopped(PluginFailure),
    /// The gateway, or a newer version of the plugin, has no more use for it.
    Dismissed,
}

/// Keeps the account connected until told to stop, or until connecting is of no use any more.
pub(super) async fn run(actor: &Actor, stop: &CancellationToken) {
    let mut pauses = Pauses::new();
    loop {
        actor.standing.say("connecting");
        let began = Instant::now();
        let ended = connection(actor, stop).await;
        if began.elapsed() >= GOOD_LIFE {
            pauses.reset();
        }
        let (pause, why) = match ended {
            Ok(Ended::Dismissed) => return,
            Ok(Ended::Again(pause)) => (pause.map_or_else(|| pauses.next(), |pause| pause.max(LEAST_PAUSE)), "closed".to_owned()),
            Ok(Ended::Stopped(failure)) => return rest(actor, &failure, stop).await,
            Err(failure) if is_final(&failure) => return rest(actor, &failure, stop).await,
            Err(failure) => {
                tracing::warn!(channel = %actor.channel, %failure, "a socket failed; it is opened again");
                (pauses.after(&failure), format!("failing: {failure}"))
            }
        };
        actor.standing.say(format!("{why}; opened again in {:.1} s", pause.as_secs_f64()));
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

async fn rest(actor: &Actor, failure: &PluginFailure, stop: &CancellationToken) {
    tracing::error!(channel = %actor.channel, %failure, "a socket stays closed");
    actor.standing.say(format!("stopped: {failure}"));
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
        let (plugin, stage) = (&actor.plugin, &actor.stage);
        let subject = Subject { manifest: Arc::clone(&plugin.manifest), access: Arc::clone(&actor.access), progress: None };
        let started = async {
            let (mut store, timer) = stage.sandbox.enter(subject, plugin.manifest.limits);
            let outcome = timer.drive(plugin.entry.instantiate(&mut store)).await;
            let instance = outcome.map_err(|stop| sandbox::explain(stop, store.data()))?;
            Ok(Self { actor, store, instance })
        };
        plugin.judged(stage, started).await
    }

    async fn open(&mut self, checkpoint: Option<&str>) -> Result<Opening, PluginFailure> {
        let Self { actor, store, instance } = self;
        let (plugin, stage) = (&actor.plugin, &actor.stage);
        let opened = async {
            let timer = stage.sandbox.arm(store);
            let outcome = timer.drive(plugin.entry.open(store, instance, checkpoint)).await;
            v0_1::opening(outcome.map_err(|stop| sandbox::explain(stop, store.data()))?, store.data())
        };
        plugin.judged(stage, opened).await
    }

    async fn on(&mut self, event: Event) -> Result<Vec<Action>, PluginFailure> {
        let Self { actor, store, instance } = self;
        let (plugin, stage) = (&actor.plugin, &actor.stage);
        let from = Speaker { channel: &actor.channel, account: actor.access.scope.account.as_ref() };
        let told = async {
            let timer = stage.sandbox.arm(store);
            let outcome = match event {
                Event::Frame(frame) => timer.drive(plugin.entry.on_frame(store, instance, &v0_1::frame(frame))).await,
                Event::Tick => timer.drive(plugin.entry.on_tick(store, instance)).await,
                Event::Closed { code, reason } => timer.drive(plugin.entry.on_close(store, instance, code, &reason)).await,
            };
            v0_1::actions(outcome.map_err(|stop| sandbox::explain(stop, store.data()))?, from, store.data())
        };
        plugin.judged(stage, told).await
    }
}

/// What the guest is told of.
enum Event {
    Frame(SocketFrame),
    Tick,
    Closed { code: u16, reason: String },
}

/// One connection, from its opening to its end. `stop` is heeded between two calls of the guest, never within one: what it wants
/// done is done.
async fn connection(actor: &Actor, stop: &CancellationToken) -> Result<Ended, PluginFailure> {
    let Some(_slot) = stop.run_until_cancelled(actor.stage.actor_slots.acquire()).await else { return Ok(Ended::Dismissed) };
    let Some(opened) = stop.run_until_cancelled(open(actor)).await else { return Ok(Ended::Dismissed) };
    let (mut guest, mut socket) = opened?;
    actor.standing.say("connected");
    let mut tick: Option<Instant> = None;
    loop {
        let Some(event) = stop.run_until_cancelled(next(&mut socket, tick)).await else {
            let goodbye = Frame::Close(Some((GOING_AWAY, "the gateway goes away".to_owned())));
            // Whoever does not take it in time is gone as well.
            let _ = timeout(PATIENCE, socket.send(goodbye)).await;
            return Ok(Ended::Dismissed);
        };
        let (closed, ticked) = (matches!(event, Event::Closed { .. }), matches!(event, Event::Tick));
        if ticked {
            tick = None;
        }
        for action in guest.on(event).await? {
            if let Some(ended) = act(actor, &mut socket, &mut tick, action).await? {
                let _ = timeout(PATIENCE, socket.close()).await;
                return Ok(ended);
            }
        }
        if closed {
            return Ok(Ended::Again(None));
        }
    }
}

async fn open(actor: &Actor) -> Result<(Guest<'_>, Socket), PluginFailure> {
    let checkpoint = actor.stored(CHECKPOINT).await?;
    let mut guest = Guest::new(actor).await?;
    let opening = guest.open(checkpoint.as_deref()).await?;
    let egress = &actor.stage.sandbox.services.egress;
    let socket = egress.connect_ws(&actor.access.sockets, &opening).await.map_err(|error| refused(&error))?;
    Ok((guest, socket))
}

fn refused(error: &EgressError) -> PluginFailure {
    v0_1::failure(v0_1::refused(error))
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
    match action {
        Action::Send(SocketFrame::Text(text)) => return Ok(send(socket, Frame::Text(text)).await),
        Action::Send(SocketFrame::Binary(bytes)) => return Ok(send(socket, Frame::Binary(bytes)).await),
        Action::SendSealed { text, secrets } => {
            let text = fill_frame(socket.host(), &text, &secrets).map_err(|error| refused(&error))?;
            return Ok(send(socket, Frame::Text(text)).await);
        }
        Action::Emit(message) => actor.take(vec![*message]).await?,
        Action::Checkpoint(checkpoint) => actor.remember(CHECKPOINT, checkpoint).await?,
        Action::TickAfter(after) => *tick = Some(Instant::now() + after),
        Action::Reconnect(after) => return Ok(Some(Ended::Again(Some(after)))),
        Action::Stop(failure) => return Ok(Some(Ended::Stopped(failure))),
    }
    Ok(None)
}

/// A connection that breaks while something is sent shows with the next read; one that takes nothing any more is at its end.
async fn send(socket: &mut Socket, frame: Frame) -> Option<Ended> {
    timeout(PATIENCE, socket.send(frame)).await.is_err().then_some(Ended::Again(None))
}
