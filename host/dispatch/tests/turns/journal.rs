//! What a kill leaves behind: finished steps are never done again, and what may have been done is not done twice.

use crate::world::World;
use proptest::prelude::*;
use wingman_message::QueueMode::Queue;
use wingman_message::{Entry, RunId};

const PROGRAM: &str = "do A +look:1; B +effect:2; effect:3; look:4; say:C";
/// Every place between two writes of the state: before a model step, before a tool has done anything, after it has.
const POINTS: [&str; 13] = [
    "model:0", "before:1", "after:1", "model:1", "before:2", "after:2", "model:2", "before:3", "after:3", "model:3", "before:4",
    "after:4", "model:4",
];

/// Kills the process each time that the run comes by the next of `points`.
async fn killed_at(points: &[&str]) -> World {
    let mut world = World::new().await;
    let mut points = points.iter().copied().peekable();
    world.script.hang_at(&Vec::from_iter(points.peek().copied()));
    world.asks("1", Queue, PROGRAM).await;
    while let Some(point) = points.next() {
        world.script.reached(point).await;
        world = world.killed_and_started_to_hang_at(&Vec::from_iter(points.peek().copied())).await;
    }
    world
}

/// What must be true of the run however often it was killed.
async fn is_whole(world: &World, killed: &[&str]) {
    assert_eq!(world.answer_to("1").await, "A B C", "{killed:?}");
    let journal = world.journal().await;
    let results: Vec<(&str, bool)> = journal
        .iter()
        .filter_map(|entry| match entry {
            Entry::Tool { output, is_error, .. } => Some((output.as_str(), *is_error)),
            _ => None,
        })
        .collect();
    assert_eq!((journal.len(), results.len()), (9, 4), "{killed:?}: {journal:?}");
    for (key, (output, is_error)) in ["1", "2", "3", "4"].into_iter().zip(results) {
        let (before, after) = (format!("before:{key}"), format!("after:{key}"));
        let in_flight = killed.contains(&before.as_str()) || killed.contains(&after.as_str());
        let done = world.script.times(key);
        if matches!(key, "2" | "3") && in_flight {
            assert!(done <= 1 && is_error && output.starts_with("interrupted"), "{killed:?}: {key} {done} {output}");
            assert_eq!(done, usize::from(killed.contains(&after.as_str())), "{killed:?}");
        } else {
            let repeated = usize::from(killed.contains(&after.as_str()));
            assert_eq!((done, output), (1 + repeated, format!("done {key}").as_str()), "{killed:?}");
        }
    }
}

impl World {
    /// The journal of the newest turn.
    async fn journal(&self) -> Vec<Entry> {
        let agent = self.store.agent(crate::world::session().agent()).await.unwrap();
        let history = agent.history(&crate::world::session(), 200, RunId::new(0)).await.unwrap();
        history.into_iter().last().unwrap().1
    }
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_step_goes_on_and_does_nothing_twice() {
    for point in POINTS {
        is_whole(&killed_at(&[point]).await, &[point]).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_run_that_is_killed_again_and_again_goes_on_and_does_nothing_twice(
        points in prop::sample::subsequence(POINTS.to_vec(), 0..=6)
    ) {
        // A call that was interrupted is not made in the next life: nothing comes by its second point.
        let is_gone = |point: &str| ["2", "3"].iter().any(|key| point == format!("after:{key}") && points.contains(&&*format!("before:{key}")));
        let points: Vec<&str> = points.iter().copied().filter(|point| !is_gone(point)).collect();
        tokio::runtime::Runtime::new().unwrap().block_on(async { is_whole(&killed_at(&points).await, &points).await });
    }
}
