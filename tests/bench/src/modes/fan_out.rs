//! `fan-out`: what is broadcast in a group reaches every other member, once and in order; how many deliveries a second, how late.
//!
//! | file | what |
//! |---|---|
//! | `wire` | how a member joins and how a message is put, for the gateway and for NATS |
//! | `room` | what was sent and delivered in a room |
//! | `member` | receives and checks |
//! | `publisher` | sends, paced or as fast as the window of unanswered messages lets it |

mod member;
mod publisher;
mod room;
mod wire;

pub use wire::Wire;

use super::{OPENING, run_id};
use crate::clock::Window;
use crate::error::{BenchError, Result};
use crate::recorder::Recorder;
use crate::{Report, Setup, cost, message, setup};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use member::Member;
use publisher::Publisher;
use room::Room;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// In a saturated run, every so-manieth message's latency is taken.
const SATURATED_SAMPLE: u64 = 64;

/// Options of `fan-out` and `nats`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many rooms
    #[arg(long, default_value_t = 1, value_parser = setup::clients)]
    pub rooms: usize,
    /// How many members each has
    #[arg(long, default_value_t = 100, value_parser = setup::clients)]
    pub members: usize,
    /// How many of them publish
    #[arg(long, default_value_t = 1, value_parser = setup::clients)]
    pub publishers: usize,
    /// The length of a message, in bytes
    #[arg(long, default_value_t = 128, value_parser = |text: &str| setup::bounded(text, message::LEAST, 1 << 20))]
    pub size: usize,
    /// Messages a second in each room; as many as possible without it
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
    /// Without a rate: how many messages of a publisher may be on their way; 0 leaves it to the server to hold publishers back
    #[arg(long, default_value_t = 512)]
    pub in_flight: u64,
    /// How many seconds the last messages have to arrive before they count as lost
    #[arg(long, default_value_t = 10.0)]
    pub drain: f64,
}

impl Options {
    /// So many rooms, one publisher each, the rest as on the command line.
    #[must_use]
    pub fn rooms(rooms: usize, members: usize) -> Self {
        Self { rooms, members, publishers: 1, size: 128, rate: None, in_flight: 512, drain: 10.0 }
    }

    fn check(&self) -> Result<()> {
        let Self { rooms, members, publishers, size, .. } = *self;
        setup::check_rate(self.rate)?;
        let wrong = if rooms > message::MOST_ROOMS || publishers > message::MOST_ROOMS {
            "more rooms or publishers than can be told apart"
        } else if members < 2 || publishers > members {
            "a room needs two members, and publishers are members"
        } else if size < message::LEAST {
            "a message needs 41 bytes"
        } else {
            return Ok(());
        };
        Err(BenchError::InvalidOption(wrong.to_owned()))
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`]; a message that comes twice or out of order is one. Lost messages stand in the report.
pub async fn run(setup: &Setup, options: &Options, wire: Wire) -> Result<Report, BenchError> {
    options.check()?;
    let recorder = Recorder::new()?;
    let members = join(setup, options, wire).await?;
    let rooms: Vec<Arc<Room>> = members.iter().step_by(options.members).map(Member::room).collect();
    let window = setup.window();
    let publishers = publishers(options, wire, &members, window)?;
    let sample = if options.rate.is_some() { 1 } else { SATURATED_SAMPLE };
    let stop = CancellationToken::new();
    let receiving = receive(members, window, sample, &recorder, &stop);
    let sending = send(publishers, &rooms, options.drain, &stop);
    let (members, (), cost) = tokio::try_join!(receiving, sending, cost::over(window, setup.pid))?;
    Ok(report(options, wire, window, &members, &rooms, cost).with_latency("delivery", recorder.latency()))
}

/// All members of all rooms, room by room.
async fn join(setup: &Setup, options: &Options, wire: Wire) -> Result<Vec<Member>> {
    let run = run_id();
    let mut places = Vec::with_capacity(options.rooms * options.members);
    for number in 0..options.rooms {
        let room = Arc::new(Room::new(number, options));
        places.extend((0..options.members).map(|member| (Arc::clone(&room), member)));
    }
    let members = stream::iter(places.into_iter().map(|(room, number)| {
        let run = &run;
        async move {
            let (link, group) = wire.join(setup, run, room.number, number).await?;
            Ok::<_, BenchError>(Member::new(room, number, link, group, wire, options.publishers))
        }
    }));
    members.buffered(OPENING).try_collect().await
}

fn publishers(options: &Options, wire: Wire, members: &[Member], window: Window) -> Result<Vec<Publisher>> {
    let begins = crate::clock::now();
    let publish = |member: &&Member| member.number < options.publishers;
    members.iter().filter(publish).map(|member| Publisher::new(member, options, wire, begins, window)).collect()
}

async fn receive(
    members: Vec<Member>,
    window: Window,
    sample: u64,
    recorder: &Recorder,
    stop: &CancellationToken,
) -> Result<Vec<Member>> {
    let mut tasks = JoinSet::new();
    for mut member in members {
        let (recorder, stop) = (recorder.clone(), stop.clone());
        tasks.spawn(async move {
            match stop.run_until_cancelled(member.receive(window, sample, &recorder)).await {
                Some(Err(error)) => Err(error),
                Some(Ok(())) | None => Ok(member),
            }
        });
    }
    all(tasks).await
}

/// Has all publishers send, and waits until everything has arrived, or nothing more is to be expected.
async fn send(publishers: Vec<Publisher>, rooms: &[Arc<Room>], drain: f64, stop: &CancellationToken) -> Result<()> {
    let mut tasks = JoinSet::new();
    for publisher in publishers {
        tasks.spawn(publisher.publish());
    }
    all(tasks).await?;
    let arrived = async {
        for room in rooms {
            room.all_arrived().await;
        }
    };
    // What has not arrived by then is counted as lost.
    let _ = tokio::time::timeout(Duration::from_secs_f64(drain), arrived).await;
    stop.cancel();
    Ok(())
}

async fn all<T: 'static>(mut tasks: JoinSet<Result<T>>) -> Result<Vec<T>> {
    let mut results = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        results.push(done.map_err(|error| BenchError::Protocol(format!("a client broke: {error}")))??);
    }
    Ok(results)
}

fn report(options: &Options, wire: Wire, window: Window, members: &[Member], rooms: &[Arc<Room>], cost: cost::Cost) -> Report {
    let count = members.iter().map(|member| member.in_window).sum();
    let sent: u64 = rooms.iter().map(|room| room.sent()).sum();
    let losers: Vec<_> = members.iter().map(|member| (member, member.lost())).filter(|(_, lost)| *lost > 0).collect();
    let lost: u64 = losers.iter().map(|(_, lost)| lost).sum();
    let mut report = Report::new(wire.mode(), members.len(), "deliveries", count, window.seconds(), cost)
        .with_figure("messagesSent", sent as f64)
        .with_figure("deliveriesLost", lost as f64);
    report.paced_at = options.rate.map(|rate| rate * options.rooms as f64);
    if let Some((member, first)) = losers.first() {
        let expected = sent * (options.members as u64 - 1);
        let (losers, room, member) = (losers.len(), member.room().number, member.number);
        report.problems.push(format!(
            "{lost} of {expected} deliveries were lost, at {losers} members; member {member} of room {room} lacks {first}"
        ));
    }
    report
}
