//! Random operations on the store and on a naive model of it: each answers as the other, and both end up with the same.

use crate::fixture::{Fixture, delivery, finish, request, run_id, said, session};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wingman_message::{DeliveryId, Entry, RunId};
use wingman_store::{Accepted, DeliveryState, FinishTurn, NewDelivery, StoreError};

/// One thing that is done. Numbers pick from what there is, modulo how much there is.
#[derive(Debug, Clone)]
enum Do {
    Accept { session: u8, messages: Vec<u8>, fingerprint: u8, max_queued: usize },
    Request { session: u8, request: u8, fingerprint: u8 },
    Begin(usize),
    Step(usize, u8),
    Finish(usize, DeliveryState),
    Cancel(usize),
    Tick(usize),
    DeleteSession(u8),
    ClearSession(u8),
    Reopen,
}

fn anything() -> impl Strategy<Value = Do> {
    let states = prop_oneof![Just(DeliveryState::Done), Just(DeliveryState::Failed), Just(DeliveryState::Cancelled)];
    prop_oneof![
        4 => (0..3u8, prop::collection::vec(0..12u8, 0..4), 0..2u8, 1..4usize)
            .prop_map(|(session, messages, fingerprint, max_queued)| Do::Accept { session, messages, fingerprint, max_queued }),
        2 => (0..3u8, 0..6u8, 0..2u8).prop_map(|(session, request, fingerprint)| Do::Request { session, request, fingerprint }),
        4 => any::<usize>().prop_map(Do::Begin),
        3 => (any::<usize>(), 0..4u8).prop_map(|(which, word)| Do::Step(which, word)),
        4 => (any::<usize>(), states).prop_map(|(which, state)| Do::Finish(which, state)),
        2 => any::<usize>().prop_map(Do::Cancel),
        1 => any::<usize>().prop_map(Do::Tick),
        1 => (0..3u8).prop_map(Do::DeleteSession),
        1 => (0..3u8).prop_map(Do::ClearSession),
        1 => Just(Do::Reopen),
    ]
}

/// A delivery, as the model knows it.
#[derive(Debug, Clone)]
struct Known {
    id: DeliveryId,
    session: u8,
    fingerprint: u8,
    texts: Vec<String>,
    state: DeliveryState,
    run: Option<RunId>,
    attempts: u32,
    steps: Vec<Entry>,
    waits_in_outbox: bool,
}

#[derive(Default)]
struct Model {
    deliveries: Vec<Known>,
    /// By (scope, id), the number of the delivery that brought it.
    seen: BTreeMap<(String, String), usize>,
    /// What was said in the sessions that exist.
    sessions: BTreeMap<u8, Vec<String>>,
    next_seq: BTreeMap<u8, i64>,
}

/// The parts of [`Accepted`] that the model foresees.
#[derive(Debug, PartialEq)]
enum Outcome {
    New { messages: usize },
    Duplicate { delivery: DeliveryId, same: bool, state: DeliveryState },
    Full { queued: usize },
}

impl From<Accepted> for Outcome {
    fn from(accepted: Accepted) -> Self {
        match accepted {
            Accepted::New { messages, .. } => Self::New { messages },
            Accepted::Duplicate { delivery, same, state, .. } => Self::Duplicate { delivery, same, state },
            Accepted::Full { queued } => Self::Full { queued },
        }
    }
}

impl Model {
    fn accept(&mut self, new: &NewDelivery, key: u8) -> Outcome {
        let fingerprint = new.fingerprint[0];
        let identity = |id: &String| (new.scope.clone(), id.clone());
        let first_known = new.messages.iter().find_map(|message| self.seen.get(&identity(&message.id)));
        let mut fresh: Vec<&str> = Vec::new();
        for message in &new.messages {
            if !self.seen.contains_key(&identity(&message.id)) && !fresh.contains(&message.id.as_str()) {
                fresh.push(&message.id);
            }
        }
        if let (true, Some(first)) = (fresh.is_empty(), first_known) {
            let first = &self.deliveries[*first];
            return Outcome::Duplicate { delivery: first.id, same: first.fingerprint == fingerprint, state: first.state };
        }
        let queued = self.deliveries.iter().filter(|one| one.session == key && !one.state.is_finished()).count();
        if !fresh.is_empty() && queued >= new.max_queued {
            return Outcome::Full { queued };
        }
        for id in &fresh {
            self.seen.insert(identity(&(*id).to_owned()), self.deliveries.len());
        }
        if !fresh.is_empty() {
            self.sessions.entry(key).or_default();
        }
        self.deliveries.push(Known {
            id: new.id,
            session: key,
            fingerprint,
            texts: fresh.iter().map(|id| format!("text of {id}")).collect(),
            state: if fresh.is_empty() { DeliveryState::Done } else { DeliveryState::Pending },
            run: None,
            attempts: 0,
            steps: Vec::new(),
            waits_in_outbox: false,
        });
        Outcome::New { messages: fresh.len() }
    }
}

fn pick(count: usize, which: usize) -> Option<usize> {
    which.checked_rem(count)
}

/// Does one thing to both.
async fn apply(fixture: Fixture, model: &mut Model, what: Do) -> Fixture {
    let agent = &fixture.agent;
    match what {
        Do::Accept { session: key, messages, fingerprint, max_queued } => {
            let ids: Vec<String> = messages.iter().map(u8::to_string).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let new = delivery(&session(&key.to_string()), &ids);
            accept(&fixture, model, NewDelivery { fingerprint: [fingerprint; 32], max_queued, ..new }, key).await;
        }
        Do::Request { session: key, request: id, fingerprint } => {
            let new = request(&session(&key.to_string()), "cli", &id.to_string());
            accept(&fixture, model, NewDelivery { fingerprint: [fingerprint; 32], max_queued: 3, ..new }, key).await;
        }
        Do::Begin(which) => begin(&fixture, model, which).await,
        Do::Step(which, word) => {
            let Some(which) = pick(model.deliveries.len(), which) else { return fixture };
            let known = &mut model.deliveries[which];
            let Some(run) = known.run else { return fixture };
            let number = u32::try_from(known.steps.len()).unwrap();
            let result = agent.append_step(run, number, said(&word.to_string())).await;
            if known.state.is_finished() {
                assert_eq!(result, Err(StoreError::Finished(known.id)));
            } else {
                assert_eq!(result, Ok(()));
                known.steps.push(said(&word.to_string()));
            }
        }
        Do::Finish(which, state) => end(&fixture, model, which, state).await,
        Do::Cancel(which) => {
            let Some(which) = pick(model.deliveries.len(), which) else { return fixture };
            let known = &mut model.deliveries[which];
            let was_pending = known.state == DeliveryState::Pending;
            assert_eq!(agent.cancel_pending(known.id).await, Ok(was_pending));
            if was_pending {
                known.state = DeliveryState::Cancelled;
            }
        }
        Do::Tick(which) => {
            let pending = agent.outbox_pending(100).await.unwrap();
            let Some(which) = pick(pending.len(), which) else { return fixture };
            agent.outbox_delivered(pending[which].id).await.unwrap();
            let ticked = model.deliveries.iter_mut().find(|known| known.id == pending[which].delivery).unwrap();
            assert!(ticked.waits_in_outbox);
            ticked.waits_in_outbox = false;
        }
        Do::DeleteSession(key) => {
            let unfinished = model.deliveries.iter().filter(|one| one.session == key && !one.state.is_finished()).count();
            let expected = match unfinished {
                0 => Ok(model.sessions.remove(&key).is_some()),
                unfinished => Err(StoreError::Busy { session: session(&key.to_string()), unfinished }),
            };
            assert_eq!(agent.delete_session(&session(&key.to_string())).await, expected);
        }
        Do::ClearSession(key) => {
            let unfinished = model.deliveries.iter().filter(|one| one.session == key && !one.state.is_finished()).count();
            let is_there = model.sessions.contains_key(&key);
            let expected = if unfinished > 0 {
                Err(StoreError::Busy { session: session(&key.to_string()), unfinished })
            } else {
                model.sessions.entry(key).and_modify(Vec::clear);
                Ok(is_there)
            };
            assert_eq!(agent.clear_session(&session(&key.to_string())).await, expected);
        }
        Do::Reopen => return fixture.reopen().await,
    }
    fixture
}

async fn accept(fixture: &Fixture, model: &mut Model, new: NewDelivery, key: u8) {
    let expected = model.accept(&new, key);
    assert_eq!(Outcome::from(fixture.agent.accept(new).await.unwrap()), expected);
}

async fn begin(fixture: &Fixture, model: &mut Model, which: usize) {
    let Some(which) = pick(model.deliveries.len(), which) else { return };
    let known = &mut model.deliveries[which];
    let seq = model.next_seq.entry(known.session).or_insert(1);
    let result = fixture.agent.begin_turn(known.id, run_id(), *seq).await;
    if known.state.is_finished() {
        assert_eq!(result, Err(StoreError::Finished(known.id)));
        return;
    }
    let turn = result.unwrap();
    known.attempts += 1;
    assert_eq!((turn.attempt, turn.resumed), (known.attempts, known.attempts > 1));
    assert_eq!(turn.steps, known.steps);
    let texts: Vec<&String> = turn.user_messages.iter().map(|message| &message.content).collect();
    assert_eq!(texts, known.texts.iter().collect::<Vec<_>>());
    if let Some(run) = known.run {
        assert_eq!(turn.run, run);
        return;
    }
    *seq += i64::try_from(known.texts.len()).unwrap();
    known.run = Some(turn.run);
    known.state = DeliveryState::Running;
    model.sessions.get_mut(&known.session).unwrap().extend(known.texts.iter().cloned());
}

async fn end(fixture: &Fixture, model: &mut Model, which: usize, state: DeliveryState) {
    let Some(which) = pick(model.deliveries.len(), which) else { return };
    let known = &mut model.deliveries[which];
    let seq = model.next_seq.entry(known.session).or_insert(1);
    let end = FinishTurn { state, ..finish(known.id, known.run.unwrap_or_else(run_id), *seq) };
    let result = fixture.agent.finish_turn(end).await;
    match known.state {
        DeliveryState::Running => {
            assert!(matches!(result, Ok(Some(_))), "{result:?}");
            *seq += 1;
            known.state = state;
            known.waits_in_outbox = true;
            model.sessions.get_mut(&known.session).unwrap().push("an answer".to_owned());
        }
        DeliveryState::Pending => assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}"),
        _ => assert_eq!(result, Err(StoreError::Finished(known.id))),
    }
}

/// All that can be read is what the model says.
async fn compare(fixture: &Fixture, model: &Model) {
    let agent = &fixture.agent;
    for known in &model.deliveries {
        let record = agent.delivery(known.id).await.unwrap().unwrap();
        assert_eq!((record.state, record.run, record.attempts), (known.state, known.run, known.attempts));
    }
    let unfinished = |known: &&Known| !known.state.is_finished();
    let expected: Vec<DeliveryId> = model.deliveries.iter().filter(unfinished).map(|known| known.id).collect();
    let found: Vec<DeliveryId> = agent.unfinished().await.unwrap().iter().map(|one| one.delivery).collect();
    assert_eq!(found, expected);
    let mut waiting: Vec<DeliveryId> = agent.outbox_pending(1000).await.unwrap().iter().map(|reply| reply.delivery).collect();
    waiting.sort();
    let mut expected: Vec<DeliveryId> =
        model.deliveries.iter().filter(|known| known.waits_in_outbox).map(|known| known.id).collect();
    expected.sort();
    assert_eq!(waiting, expected);
    assert_eq!(agent.list_sessions(100, None).await.unwrap().len(), model.sessions.len());
    for (key, texts) in &model.sessions {
        let key = session(&key.to_string());
        let messages = agent.messages(&key, 1000, None).await.unwrap().messages;
        assert_eq!(&messages.iter().map(|message| message.content.clone()).collect::<Vec<_>>(), texts);
        let record = agent.session(&key).await.unwrap().unwrap();
        assert_eq!((record.message_count, record.last_preview.as_ref()), (texts.len() as u64, texts.last()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 400, ..ProptestConfig::default() })]
    #[test]
    fn the_store_does_what_a_naive_model_does(all in prop::collection::vec(anything(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut fixture = Fixture::new().await;
            let mut model = Model::default();
            for what in all {
                fixture = apply(fixture, &mut model, what).await;
            }
            compare(&fixture, &model).await;
            let fixture = fixture.reopen().await;
            compare(&fixture, &model).await;
        });
    }
}
