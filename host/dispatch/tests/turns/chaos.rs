//! Random wishes of clients, kills between them, and a naive model that foresees what becomes of each request.

use crate::world::{World, end_of};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wingman_dispatch::{Cancelled, Refused, What};
use wingman_message::QueueMode;
use wingman_store::DeliveryState;

#[derive(Debug, Clone)]
enum Do {
    Ask(QueueMode),
    /// One of the requests so far, modulo how many there are.
    Cancel(usize),
    /// Lets the run go on to its end.
    Release,
    Kill,
}

fn anything() -> impl Strategy<Value = Do> {
    use QueueMode::{Collect, Interrupt, Queue, Reject, Steer};
    let modes = prop_oneof![3 => Just(Queue), 3 => Just(Steer), 3 => Just(Collect), 1 => Just(Interrupt), 1 => Just(Reject)];
    prop_oneof![
        6 => modes.prop_map(Do::Ask),
        2 => any::<usize>().prop_map(Do::Cancel),
        3 => Just(Do::Release),
        1 => Just(Do::Kill),
    ]
}

struct Turn {
    lead: usize,
    joined: Vec<usize>,
    /// Whose program runs, and so which tool waits: the last of those that began it.
    key: usize,
}

#[derive(Default)]
struct Model {
    running: Option<Turn>,
    waiting: Vec<(usize, QueueMode)>,
    states: BTreeMap<usize, DeliveryState>,
    /// In which order the session hears what users said.
    said: Vec<usize>,
}

impl Model {
    fn next(&mut self) {
        let interrupt = self.waiting.iter().position(|(_, mode)| *mode == QueueMode::Interrupt);
        let first = interrupt.unwrap_or(0);
        if first >= self.waiting.len() {
            return;
        }
        let (lead, mode) = self.waiting.remove(first);
        let mut joined = Vec::new();
        while mode == QueueMode::Collect && self.waiting.get(first).is_some_and(|(_, next)| *next == QueueMode::Collect) {
            joined.push(self.waiting.remove(first).0);
        }
        for one in std::iter::once(&lead).chain(&joined) {
            self.states.insert(*one, DeliveryState::Running);
            self.said.push(*one);
        }
        let key = joined.last().copied().unwrap_or(lead);
        self.running = Some(Turn { lead, joined, key });
        // The program's first tool ends by itself.
        self.let_join();
    }

    /// The run is between a tool's result and the next request to the model.
    fn let_join(&mut self) {
        let (steers, others): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|(_, mode)| *mode == QueueMode::Steer);
        self.waiting = others;
        self.said.extend(steers.iter().map(|(id, _)| *id));
        for (id, _) in steers {
            self.states.insert(id, DeliveryState::Running);
            self.running.iter_mut().for_each(|turn| turn.joined.push(id));
        }
    }

    fn end(&mut self, state: DeliveryState) {
        if let Some(turn) = self.running.take() {
            for one in std::iter::once(turn.lead).chain(turn.joined) {
                self.states.insert(one, state);
            }
        }
        self.next();
    }

    fn ask(&mut self, id: usize, mode: QueueMode) {
        self.states.insert(id, DeliveryState::Pending);
        self.waiting.push((id, mode));
        match (&self.running, mode) {
            (None, _) => self.next(),
            (Some(_), QueueMode::Interrupt) => self.end(DeliveryState::Cancelled),
            (Some(_), _) => {}
        }
    }

    fn release(&mut self) {
        self.let_join();
        self.end(DeliveryState::Done);
    }

    fn cancel(&mut self, id: usize) -> Cancelled {
        if let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == id) {
            self.waiting.remove(place);
            self.states.insert(id, DeliveryState::Cancelled);
            return Cancelled::Queued;
        }
        match &mut self.running {
            Some(turn) if turn.lead == id => {
                self.end(DeliveryState::Cancelled);
                Cancelled::Running
            }
            Some(turn) if turn.joined.contains(&id) => {
                turn.joined.retain(|joined| *joined != id);
                self.states.insert(id, DeliveryState::Cancelled);
                Cancelled::Running
            }
            _ => Cancelled::NotFound,
        }
    }
}

fn program(id: usize) -> String {
    format!("do effect:e{id}; wait:w{id}; say:ok {id}")
}

/// Both have come to rest, and agree.
async fn agree(world: &World, model: &Model) {
    for (id, state) in &model.states {
        if state.is_finished() {
            world.ended(&id.to_string()).await;
        }
    }
    if let Some(turn) = &model.running {
        world.script.reached(&format!("before:w{}", turn.key)).await;
    }
    for (id, state) in &model.states {
        let record = world.record(&id.to_string()).await;
        assert_eq!(record.state, *state, "{id}");
        assert!(world.script.times(&format!("e{id}")) <= 1, "{id} had its effect twice");
    }
    assert_eq!(world.users_said().await, model.said.iter().map(|id| program(*id)).collect::<Vec<_>>());
}

async fn apply(world: World, model: &mut Model, id: usize, what: &Do) -> World {
    let name = id.to_string();
    match what {
        Do::Ask(mode) => {
            let refused = world.submit("cli", &name, Some(*mode), &program(id)).await.err();
            if *mode == QueueMode::Reject && model.running.is_some() {
                assert!(matches!(refused, Some(Refused::SessionBusy)), "{refused:?}");
                return world;
            }
            if let Some(refused) = refused {
                let unfinished = model.states.values().filter(|state| !state.is_finished()).count();
                assert!(matches!(refused, Refused::QueueFull { queued: 10 }) && unfinished == 10, "{refused:?} {unfinished}");
                return world;
            }
            model.ask(id, *mode);
        }
        Do::Cancel(which) => {
            let ids: Vec<usize> = model.states.keys().copied().collect();
            let Some(id) = which.checked_rem(ids.len()).map(|which| ids[which]) else { return world };
            assert_eq!(world.cancels("cli", &id.to_string()).await, model.cancel(id));
        }
        Do::Release => {
            let Some(turn) = &model.running else { return world };
            let (lead, mut watch) = (turn.lead.to_string(), world.watch().await);
            world.script.release(&format!("w{}", turn.key));
            let end = end_of(&mut watch, &lead).await;
            let expected = format!("ok {}", turn.key);
            assert!(matches!(&end, What::Completed { answer, .. } if answer.content == expected), "{end:?}");
            model.release();
        }
        Do::Kill => return world.killed_and_started().await,
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_wish_and_however_often_it_is_killed_each_request_ends_as_foreseen(
        all in prop::collection::vec(anything(), 1..24)
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let (mut world, mut model) = (World::new().await, Model::default());
            for (id, what) in all.iter().enumerate() {
                world = apply(world, &mut model, id, what).await;
                agree(&world, &model).await;
            }
            while model.running.is_some() {
                world = apply(world, &mut model, 0, &Do::Release).await;
                agree(&world, &model).await;
            }
        });
    }
}
