//! One connection to one server: its calls, its list of tools, and whether it is still there.

use crate::call::{self, Call, Done};
use crate::guard::Wire;
use crate::listing::Listed;
use crate::open::{self, Running, described};
use crate::process::Process;
use crate::settings::{Limits, ServerSettings};
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, PingRequest};
use rmcp::service::{Peer, ServiceError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Calls that one server works on at the same time; others wait.
const MAX_CALLS: usize = 16;

/// A server that was greeted and whose tools are known.
pub(crate) struct Connection {
    server: String,
    running: Running,
    wire: Arc<Wire>,
    process: Option<Process>,
    call_time: Option<Duration>,
    limits: Limits,
}

/// Why a connection is served no more.
#[derive(Debug)]
pub(crate) enum End {
    /// The gateway stops.
    Stopped,
    /// The server is gone or was given up, and why.
    Lost(String),
}

/// What is done beside the calls.
enum Chore {
    Listed(Result<Vec<Listed>, String>),
    Pinged(Result<(), String>),
}

impl Connection {
    pub(crate) fn new(
        settings: &ServerSettings,
        running: Running,
        wire: Arc<Wire>,
        process: Option<Process>,
        limits: &Limits,
    ) -> Self {
        let ServerSettings { name, call_time, .. } = settings;
        Self { server: name.clone(), running, wire, process, call_time: *call_time, limits: *limits }
    }

    /// Makes the calls that come and tells `listed` of each new list of tools, until `stop` fires or the server is lost. Calls that
    /// it did not take are left in `again`.
    pub(crate) async fn serve(
        &mut self,
        calls: &mut mpsc::Receiver<Call>,
        again: &mut VecDeque<Call>,
        mut listed: impl FnMut(Vec<Listed>),
        stop: &CancellationToken,
    ) -> End {
        let Self { server, running, wire, process, call_time, limits } = self;
        let peer = running.peer().clone();
        let mut working: JoinSet<Done> = JoinSet::new();
        let mut chores: JoinSet<Chore> = JoinSet::new();
        let is_process = process.is_some();
        let mut listed_at = Instant::now();
        let mut pings = tokio::time::interval_at(Instant::now() + limits.ping_every, limits.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while working.len() < MAX_CALLS
                && let Some(call) = again.pop_front()
            {
                working.spawn(call::perform(peer.clone(), Arc::clone(wire), call, *call_time));
            }
            tokio::select! {
                () = stop.cancelled() => return End::Stopped,
                () = wire.ended.cancelled() => return End::Lost(why(wire, process.as_mut()).await),
                how = ended(process.as_mut()) => return End::Lost(wire.why().unwrap_or(how)),
                Some(call) = calls.recv(), if working.len() < MAX_CALLS => again.push_back(call),
                Some(done) = working.join_next() => match done {
                    Ok(Done::Again(call)) => {
                        again.push_back(call);
                        collect(&mut working, again, limits).await;
                        return End::Lost("its session is over".to_owned());
                    }
                    Ok(Done::Suspect) if chores.is_empty() => drop(chores.spawn(ping(peer.clone(), *limits))),
                    Ok(Done::Suspect | Done::Answered) => {}
                    Err(error) => tracing::error!(%server, %error, "a call of an MCP tool ended badly"),
                },
                // One chore at a time: what comes meanwhile is remembered by the notification and the interval.
                () = wire.tools_changed.notified(), if chores.is_empty() => {
                    let pause = limits.relist_pause.saturating_sub(listed_at.elapsed());
                    chores.spawn(relist(server.clone(), peer.clone(), pause, *limits));
                }
                // A process that is there is well, however long it works on a call. Over HTTP nothing tells that a server is gone.
                _ = pings.tick(), if !is_process && chores.is_empty() && working.is_empty() => {
                    chores.spawn(ping(peer.clone(), *limits));
                }
                Some(chore) = chores.join_next() => match chore {
                    Ok(Chore::Listed(Ok(tools))) => {
                        listed_at = Instant::now();
                        listed(tools);
                    }
                    Ok(Chore::Listed(Err(why)) | Chore::Pinged(Err(why))) => return End::Lost(wire.why().unwrap_or(why)),
                    Ok(Chore::Pinged(Ok(()))) => {}
                    Err(error) => return End::Lost(format!("looking after it failed: {error}")),
                },
            }
        }
    }

    /// Ends it: says goodbye where the protocol has a word for it, and ends the process.
    pub(crate) async fn close(mut self) {
        let closed = self.running.close_with_timeout(self.limits.exit_time).await;
        if let Err(error) = closed {
            tracing::debug!(server = self.server, %error, "the connection to an MCP server ended badly");
        }
        if let Some(process) = self.process {
            process.end(&self.limits).await;
        }
    }
}

/// Why the connection ended: what was wrong with it, or how the process ended.
async fn why(wire: &Wire, process: Option<&mut Process>) -> String {
    if let Some(why) = wire.why() {
        return why;
    }
    let Some(process) = process else { return "it closed the connection".to_owned() };
    let grace = Duration::from_millis(500);
    tokio::time::timeout(grace, process.ended()).await.unwrap_or_else(|_| "it closed its output".to_owned())
}

async fn ended(process: Option<&mut Process>) -> String {
    match process {
        Some(process) => process.ended().await,
        None => std::future::pending().await,
    }
}

/// Calls of a session that is over: each will hear so at once.
async fn collect(working: &mut JoinSet<Done>, again: &mut VecDeque<Call>, limits: &Limits) {
    let all = async {
        while let Some(done) = working.join_next().await {
            if let Ok(Done::Again(call)) = done {
                again.push_back(call);
            }
        }
    };
    let _ = tokio::time::timeout(limits.ping_time, all).await;
}

async fn relist(server: String, peer: Peer<RoleClient>, pause: Duration, limits: Limits) -> Chore {
    tokio::time::sleep(pause).await;
    let listed = tokio::time::timeout(limits.start_time, open::list(&server, &peer)).await;
    Chore::Listed(listed.unwrap_or_else(|_| Err("it did not list its tools in time".to_owned())))
}

async fn ping(peer: Peer<RoleClient>, limits: Limits) -> Chore {
    let asked = peer.send_request(ClientRequest::PingRequest(PingRequest::default()));
    Chore::Pinged(match tokio::time::timeout(limits.ping_time, asked).await {
        // An error is an answer too.
        Ok(Ok(_) | Err(ServiceError::McpError(_) | ServiceError::UnexpectedResponse)) => Ok(()),
        Ok(Err(ServiceError::TransportSend(error))) => Err(format!("it cannot be reached: {}", described(error.error.as_ref()))),
        Ok(Err(error)) => Err(described(&error)),
        Err(_) => Err(format!("it did not answer within {} s whether it is there", limits.ping_time.as_secs_f32())),
    })
}
