//! A reply on its way to a network that may fail at any part of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use wingman_sdk::split::Limit;
use wingman_sdk::{Growing, Outbound, Phase, Place, PluginError, Receipt, Result, deliver_whole};

const GROWING: Growing = Growing::new(Limit::chars(20));

/// A network that shows messages and refuses one send after so many.
struct Network {
    shown: RefCell<Vec<String>>,
    fails_after: usize,
}

impl Network {
    fn new(fails_after: usize) -> Self {
        Self { shown: RefCell::default(), fails_after }
    }

    fn deliver(&self, outbound: &Outbound) -> Result<Receipt> {
        GROWING.deliver(
            outbound,
            |part| {
                let mut shown = self.shown.borrow_mut();
                if shown.len() == self.fails_after {
                    return Err(PluginError::temporary("down"));
                }
                shown.push(part.text.to_owned());
                Ok((shown.len() - 1).to_string())
            },
            |id, part| {
                self.shown.borrow_mut()[id.parse::<usize>().unwrap()] = part.text.to_owned();
                Ok(())
            },
        )
    }
}

fn reply(text: &str, phase: Phase, previous: &[String]) -> Outbound {
    let previous: Vec<_> = previous.iter().map(String::as_str).collect();
    Outbound::for_test(Place::default(), text).in_phase(phase, &previous)
}

#[test]
fn a_reply_grows_over_several_messages() {
    let network = Network::new(99);
    let words = "one two three four five six seven eight nine ten eleven twelve";
    let mut ids = Vec::new();
    for end in (3..words.len()).step_by(5) {
        let receipt = network.deliver(&reply(&words[..end], Phase::Append, &ids)).unwrap();
        assert_eq!(receipt.edit_after_ms, Some(1_000));
        ids = receipt.ids;
    }
    let receipt = network.deliver(&reply(words, Phase::Finish, &ids)).unwrap();
    assert_eq!(receipt.ids, ["0", "1", "2", "3"]);
    assert_eq!(*network.shown.borrow(), ["one two three four", "five six seven eight", "nine ten eleven", "twelve"]);
}

#[test]
fn what_was_sent_before_a_failure_is_told_and_never_sent_again() {
    let mut network = Network::new(2);
    let words = "one two three four five six seven eight nine ten";
    let receipt = network.deliver(&reply(words, Phase::Finish, &[])).unwrap();
    assert_eq!(
        (receipt.ids.as_slice(), &receipt.unfinished),
        (["0".to_owned(), "1".to_owned()].as_slice(), &Some(PluginError::temporary("down")))
    );

    let again = network.deliver(&reply(words, Phase::Finish, &receipt.ids)).unwrap_err();
    assert_eq!(again, PluginError::temporary("down"), "nothing new stands, so it is an error");

    network.fails_after = 99;
    let receipt = network.deliver(&reply(words, Phase::Finish, &receipt.ids)).unwrap();
    assert_eq!((receipt.ids.len(), receipt.unfinished), (3, None));
    assert_eq!(network.shown.borrow().concat(), "one two three fourfive six seven eightnine ten");
}

#[test]
fn a_text_that_became_shorter_is_set_right() {
    let network = Network::new(99);
    let receipt = network.deliver(&reply("one two three", Phase::Start, &[])).unwrap();
    network.deliver(&reply("no", Phase::Finish, &receipt.ids)).unwrap();
    assert_eq!(*network.shown.borrow(), ["no"]);
}

#[test]
fn a_network_without_edits_gets_the_whole_and_only_that() {
    let mut sent = Vec::new();
    let mut outbound = reply("one two three four five", Phase::Start, &[]);
    outbound.reply_to = Some("question".to_owned());
    let refused = deliver_whole(&outbound, Limit::chars(20), |_| panic!("nothing is sent"));
    assert!(matches!(refused, Err(PluginError::Unsupported(_))));

    outbound.phase = Phase::Finish;
    let receipt = deliver_whole(&outbound, Limit::chars(20), |part| {
        sent.push((part.text.to_owned(), part.reply_to().map(str::to_owned), part.nonce()));
        Ok(format!("id{}", part.index))
    });
    let receipt = receipt.unwrap();
    assert_eq!((receipt.ids, receipt.edit_after_ms), (vec!["id0".to_owned(), "id1".to_owned()], None));
    assert_eq!(sent[0], ("one two three four".to_owned(), Some("question".to_owned()), "reply-0".to_owned()));
    assert_eq!(sent[1], ("five".to_owned(), None, "reply-1".to_owned()));
}
