//! Instructions of the functions that every message goes through, counted by valgrind: the same on a busy machine and on a quiet one.
//!
//! The counts stand here. A function that needs 5 % more fails (`cargo xtask counts`); one that needs less should lower its count.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench fails by panicking, and its names say what it is")]

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use std::hint::black_box;
use wingman_counts as sample;
use wingman_protocol::{BroadcastFrame, ClientFrame, EncodedEvent, Frame, ServerFrame};

/// A function's count, and what a rise is.
fn at_most(count: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, count * 105 / 100)]));
    config
}

#[library_benchmark(config = at_most(3450))]
fn a_ping_is_read() -> Frame {
    black_box(ClientFrame::parse(black_box(sample::PING)).unwrap())
}

#[library_benchmark(config = at_most(1304))]
fn a_pong_is_written() -> String {
    black_box(ServerFrame::pong(black_box(Some("p-1".to_owned())), 1_706_000_000_000).to_json())
}

#[library_benchmark(config = at_most(6671))]
fn a_broadcast_is_read() -> Frame {
    black_box(ClientFrame::parse(black_box(sample::BROADCAST)).unwrap())
}

#[library_benchmark(config = at_most(2589))]
#[bench::once(sample::said().unwrap())]
fn a_broadcast_is_written((node, group, message): (sample::NodeId, sample::GroupId, Box<sample::RawValue>)) -> String {
    black_box(BroadcastFrame::write(node, group, black_box(&message), 1_706_000_000_000))
}

#[library_benchmark(config = at_most(882))]
#[bench::once(sample::crowd().unwrap())]
fn who_hears_is_found((speaker, others, group): sample::Crowd) -> (usize, sample::Crowd) {
    let audience = speaker.audience(black_box(&group)).unwrap();
    // What was made for the count is taken down outside of it.
    black_box((audience.members.len(), (speaker, others, group)))
}

#[library_benchmark(config = at_most(10_529))]
fn a_request_is_read() -> Frame {
    black_box(ClientFrame::parse(black_box(sample::REQUEST)).unwrap())
}

#[library_benchmark(config = at_most(7120))]
#[bench::once(sample::piece().unwrap())]
fn a_piece_of_an_answer_is_written((request, event): (sample::RequestId, sample::AgentEvent)) -> String {
    black_box(EncodedEvent::new(7, Some(request), black_box(&event)).for_watcher())
}

#[library_benchmark(config = at_most(40_950))]
#[bench::once(sample::bindings().unwrap())]
fn an_agent_is_found_among_a_hundred_bindings((router, place): (sample::Router, sample::Place)) -> sample::Route {
    black_box(router.route(black_box(&place)))
}

library_benchmark_group!(
    name = frames;
    benchmarks = a_ping_is_read, a_pong_is_written, a_broadcast_is_read, a_broadcast_is_written, a_request_is_read, a_piece_of_an_answer_is_written
);
library_benchmark_group!(name = finding; benchmarks = who_hears_is_found, an_agent_is_found_among_a_hundred_bindings);

main!(library_benchmark_groups = frames, finding);
