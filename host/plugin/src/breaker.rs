//! A plugin's circuit breaker: after repeated misbehaviour in a row its calls fail at once, until a trial goes well.

use crate::config::Quarantine;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use wingman_message::PluginFailure;

/// Counts a plugin's misbehaviour. Shared by all its calls.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: Quarantine,
    // A std mutex: held for a few comparisons, never across an await.
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    /// When it misbehaved since the last success; at most as many times as the policy counts.
    in_a_row: VecDeque<i64>,
    /// Switched off since.
    open_since: Option<i64>,
    /// One call is out to see whether the plugin is well again.
    trial: bool,
    failures: u64,
    last_error: Option<String>,
}

/// How the breaker stands, for the operator.
pub(crate) struct Standing {
    pub(crate) quarantined: bool,
    pub(crate) failures: u64,
    pub(crate) last_error: Option<String>,
}

/// The leave to make one call. Dropping it without [`settle`](Self::settle) counts for nothing: nobody waited for the result.
#[derive(Debug)]
pub(crate) struct Leave<'a> {
    breaker: &'a Breaker,
    trial: bool,
}

impl Breaker {
    pub(crate) fn new(policy: Quarantine) -> Self {
        Self { policy, record: Mutex::default() }
    }

    /// Leave for a call, or the reason of the quarantine.
    pub(crate) fn enter(&self, now_ms: i64) -> Result<Leave<'_>, String> {
        let mut record = self.lock();
        let Some(since) = record.open_since else { return Ok(Leave { breaker: self, trial: false }) };
        if record.trial || now_ms - since < millis(self.policy.pause) {
            return Err(record.last_error.clone().unwrap_or_default());
        }
        record.trial = true;
        Ok(Leave { breaker: self, trial: true })
    }

    pub(crate) fn standing(&self) -> Standing {
        let record = self.lock();
        Standing { quarantined: record.open_since.is_some(), failures: record.failures, last_error: record.last_error.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn misbehaved(&self, failure: &PluginFailure, trial: bool, now_ms: i64) {
        let mut record = self.lock();
        record.failures += 1;
        record.last_error = Some(failure.to_string());
        record.in_a_row.push_back(now_ms);
        if record.in_a_row.len() > self.policy.after as usize {
            record.in_a_row.pop_front();
        }
        let enough = record.in_a_row.len() >= self.policy.after as usize;
        let close = record.in_a_row.front().is_some_and(|first| now_ms - first <= millis(self.policy.window));
        if trial || (record.open_since.is_none() && enough && close) {
            record.open_since = Some(now_ms);
        }
    }

    fn behaved(&self) {
        let mut record = self.lock();
        record.in_a_row.clear();
        record.open_since = None;
    }
}

impl Leave<'_> {
    /// Says how the call went. What the plugin says in its own words is good behaviour; a busy host says nothing about it.
    pub(crate) fn settle<R>(self, outcome: &Result<R, PluginFailure>, now_ms: i64) {
        match outcome {
            Err(PluginFailure::Busy) => {}
            Err(failure) if failure.is_misbehaviour() => self.breaker.misbehaved(failure, self.trial, now_ms),
            _ => self.breaker.behaved(),
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.breaker.lock().trial = false;
        }
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn breaker() -> Breaker {
        Breaker::new(Quarantine { after: 2, window: Duration::from_millis(100), pause: Duration::from_millis(50) })
    }

    fn crash() -> Result<(), PluginFailure> {
        Err(PluginFailure::Trapped("ouch".to_owned()))
    }

    #[test]
    fn misbehaviour_in_a_row_opens_it_and_a_good_trial_closes_it() {
        let breaker = breaker();
        breaker.enter(0).unwrap().settle(&crash(), 0);
        breaker.enter(1).unwrap().settle(&crash(), 1);
        assert_eq!(breaker.enter(50).unwrap_err(), "the plugin crashed: ouch");
        let trial = breaker.enter(51).unwrap();
        assert!(breaker.enter(51).is_err(), "only one call may try");
        trial.settle(&Ok(()), 52);
        assert!(!breaker.standing().quarantined);
        breaker.enter(52).unwrap().settle(&crash(), 52);
        assert!(breaker.enter(53).is_ok(), "the count starts again after a success");
    }

    #[test]
    fn a_bad_trial_keeps_it_open_for_another_pause() {
        let breaker = breaker();
        breaker.enter(0).unwrap().settle(&crash(), 0);
        breaker.enter(0).unwrap().settle(&crash(), 0);
        breaker.enter(60).unwrap().settle(&crash(), 60);
        assert!(breaker.enter(109).is_err());
        assert!(breaker.enter(110).is_ok());
        assert_eq!(breaker.standing().failures, 3);
    }

    #[test]
    fn a_trial_that_nobody_waits_for_makes_room_for_the_next() {
        let breaker = breaker();
        breaker.enter(0).unwrap().settle(&crash(), 0);
        breaker.enter(0).unwrap().settle(&crash(), 0);
        drop(breaker.enter(60).unwrap());
        breaker.enter(60).unwrap().settle::<()>(&Err(PluginFailure::Busy), 60);
        assert!(breaker.enter(60).is_ok());
        assert!(breaker.standing().quarantined);
    }

    #[test]
    fn rare_misbehaviour_and_the_plugins_own_errors_do_not_open_it() {
        let breaker = breaker();
        for now in [0, 200, 400, 600] {
            breaker.enter(now).unwrap().settle(&crash(), now);
        }
        assert!(!breaker.standing().quarantined);
        for now in 601..620 {
            breaker.enter(now).unwrap().settle::<()>(&Err(PluginFailure::Permanent("no".to_owned())), now);
        }
        assert!(!breaker.standing().quarantined);
    }
}
