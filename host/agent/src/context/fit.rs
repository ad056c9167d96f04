//! What of a conversation goes into one request, where not all of it fits: long tool results are shortened first, the older ones
//! more; then the oldest entries are left out, with a note in their place. What is stored stays as it is. Pure.

use wingman_message::{Entry, Summary, UserEntry};

/// To how many bytes tool results are shortened, in turn. Few and coarse steps: as long as one is enough, the request begins with the
/// same bytes each time, and the provider's prompt cache holds.
const OLDER: [usize; 4] = [16 * 1024, 4 * 1024, 1024, 256];
const ALL: [usize; 4] = [64 * 1024, 16 * 1024, 4 * 1024, 1024];
/// The newest entries whose results are shortened last.
const NEWEST: usize = 6;
/// A summary that takes more than this part of the room is left out like any other entry.
const SUMMARY_SHARE: u64 = 4;

const LEFT_OUT: &str = "(Part of the conversation is left out here: it is too long for the model.)";

/// `entries`, shortened until they have at most `room` tokens by `size`, and whether that took anything. Never parts a call from its
/// result. The newest entry that someone wrote stays; where it alone is too long, the middle of its text is left out.
pub(crate) fn fit(entries: Vec<Entry>, room: u64, size: impl Fn(&Entry) -> u64) -> (Vec<Entry>, bool) {
    let total = |entries: &[Entry]| entries.iter().map(&size).sum::<u64>();
    if total(&entries) <= room {
        return (entries, false);
    }
    let newest = entries.len().saturating_sub(NEWEST);
    let mut shortened = Vec::new();
    for (of_older, of_newest) in OLDER.map(|most| (most, usize::MAX)).into_iter().chain(ALL.map(|most| (OLDER[3], most))) {
        let most = |at: usize| if at < newest { of_older } else { of_newest };
        shortened = entries.iter().enumerate().map(|(at, entry)| with_short_result(entry, most(at))).collect();
        if total(&shortened) <= room {
            return (shortened, true);
        }
    }
    (leave_out(shortened, room, &size), true)
}

fn with_short_result(entry: &Entry, most: usize) -> Entry {
    let mut entry = entry.clone();
    if let Entry::Tool { output, .. } = &mut entry
        && output.len() > most
    {
        *output = without_middle(output, most);
    }
    entry
}

/// The beginning and the end of `text`, about `most` bytes of it, with a note between them.
pub(super) fn without_middle(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 3 * 2, most / 3);
    let head = text.get(..text.floor_char_boundary(head)).unwrap_or_default();
    let tail = text.get(text.ceil_char_boundary(text.len() - tail)..).unwrap_or_default();
    let gone = text.len() - head.len() - tail.len();
    format!("{head}\n[{gone} bytes are left out here]\n{tail}")
}

/// The newest entries that fit, behind the summary, if there is one, and the newest that someone wrote.
fn leave_out(mut entries: Vec<Entry>, room: u64, size: &impl Fn(&Entry) -> u64) -> Vec<Entry> {
    let note = note();
    let mut left = room.saturating_sub(size(&note));
    let summary = entries.first().filter(|entry| Summary::is(entry) && size(entry) <= room / SUMMARY_SHARE).cloned();
    if let Some(summary) = &summary {
        left = left.saturating_sub(size(summary));
        entries.remove(0);
    }
    let newest = entries.iter().rposition(|entry| matches!(entry, Entry::User(_)));
    let mut asked = newest.and_then(|at| entries.get(at)).cloned();
    if let Some(Entry::User(user)) = &mut asked {
        cut_words(user, left, size);
    }
    left = left.saturating_sub(asked.as_ref().map_or(0, size));

    let mut kept: Vec<Entry> = Vec::new();
    let mut asked_is_kept = false;
    let mut end = entries.len();
    while end > 0 {
        let begin = unit_begin(&entries, end);
        let unit = entries.get(begin..end).unwrap_or_default();
        let is_asked = newest == Some(begin);
        // Its room was set aside.
        let cost = if is_asked { 0 } else { unit.iter().map(size).sum() };
        if cost > left {
            break;
        }
        left -= cost;
        match asked.take_if(|_| is_asked) {
            Some(asked) => kept.push(asked),
            None => kept.extend(unit.iter().rev().cloned()),
        }
        asked_is_kept |= is_asked;
        end = begin;
    }
    kept.reverse();
    let asked = asked.filter(|_| !asked_is_kept);
    let note = (end > 0).then_some(note);
    summary.into_iter().chain(asked).chain(note).chain(kept).collect()
}

/// Where the last unit before `end` begins: an answer with the results of its calls, or one entry.
fn unit_begin(entries: &[Entry], end: usize) -> usize {
    let results = entries.iter().take(end).rev().take_while(|entry| matches!(entry, Entry::Tool { .. })).count();
    let last = end - results;
    // Results follow their answer, always: a history is made acceptable before it is shortened.
    last.saturating_sub(1)
}

/// Shortens what someone wrote to `room` tokens: first the middle of the text goes, then the files.
fn cut_words(user: &mut UserEntry, room: u64, size: &impl Fn(&Entry) -> u64) {
    let whole = user.text.clone();
    let mut most = whole.len();
    while size(&Entry::User(user.clone())) > room {
        if most < 64 {
            if user.attachments.pop().is_none() {
                user.text.clear();
                return;
            }
            continue;
        }
        most /= 2;
        user.text = without_middle(&whole, most);
    }
}

fn note() -> Entry {
    Entry::User(UserEntry { text: LEFT_OUT.to_owned(), attachments: Vec::new(), untrusted: false })
}

#[cfg(test)]
mod tests {
    use super::super::tokens::of_entry;
    use super::*;
    use crate::conversation::acceptable;
    use proptest::prelude::*;
    use serde_json::json;
    use wingman_message::ToolCall;

    fn user(text: &str) -> Entry {
        Entry::User(UserEntry { text: text.into(), attachments: vec![], untrusted: false })
    }

    fn answer(text: &str, calls: &[&str]) -> Entry {
        let calls =
            calls.iter().map(|id| ToolCall { id: (*id).into(), name: "look".into(), input: json!({ "at": id }) }).collect();
        Entry::assistant(text, calls)
    }

    fn result(id: &str, output: &str) -> Entry {
        Entry::Tool {
            call_id: id.into(),
            name: "look".into(),
            output: output.into(),
            is_error: false,
            started_at: 0,
            ended_at: 0,
        }
    }

    #[test]
    fn tool_results_are_shortened_before_anything_is_left_out() {
        let mut entries = vec![user("Look at all of them.")];
        for id in 0..10 {
            entries.push(answer("", &[&id.to_string()]));
            entries.push(result(&id.to_string(), &"long ".repeat(4_000)));
        }
        let (shown, was_cut) = fit(entries.clone(), 20_000, of_entry);
        assert!(was_cut);
        assert_eq!(shown.len(), entries.len());
        assert_eq!(shown.last(), entries.last(), "the newest results are shortened last");
        assert!(shown.iter().map(of_entry).sum::<u64>() <= 20_000);
        assert_eq!(fit(entries.clone(), 1_000_000, of_entry), (entries, false));
    }

    #[test]
    fn what_was_asked_stays_where_a_long_run_fills_the_window() {
        let mut entries = vec![user("Old question"), answer("Old answer", &[]), user("Count to a hundred.")];
        for id in 0..100 {
            entries.push(answer(&"thinking ".repeat(20), &[&id.to_string()]));
            entries.push(result(&id.to_string(), "done"));
        }
        let (shown, _) = fit(entries.clone(), 1_000, of_entry);
        assert_eq!(shown[0], user("Count to a hundred."));
        assert_eq!(shown[1], note());
        assert_eq!(shown.last(), entries.last());
    }

    #[test]
    fn a_question_that_fills_the_window_loses_its_middle_and_says_so() {
        let question = format!("Begin {} End", "x".repeat(100_000));
        let (shown, _) = fit(vec![user("Hi"), answer("Hello", &[]), user(&question)], 1_000, of_entry);
        let Some(Entry::User(asked)) = shown.last() else { panic!("{shown:?}") };
        assert!(asked.text.starts_with("Begin xx") && asked.text.ends_with("xx End"), "{}", asked.text);
        assert!(asked.text.contains("bytes are left out here"));
    }

    #[test]
    fn a_summary_stays_in_front() {
        let summary = Summary { text: "They spoke of ships.".into(), untrusted: false }.entry();
        let mut entries = vec![summary.clone()];
        for _ in 0..50 {
            entries.extend([user(&"question ".repeat(20)), answer(&"answer ".repeat(20), &[])]);
        }
        let (shown, _) = fit(entries, 1_000, of_entry);
        assert_eq!(shown[..2], [summary, note()]);
    }

    fn conversation() -> impl Strategy<Value = Vec<Entry>> {
        let entry = prop_oneof![
            "[a-z ]{0,2000}".prop_map(|text| user(&text)),
            ("[a-z ]{0,500}", 0_usize..4).prop_map(|(text, calls)| answer(&text, &["a", "b", "c", "d"][..calls])),
            ("[abcd]", "[a-z0-9\u{4e00}]{0,3000}").prop_map(|(id, output)| result(&id, &output)),
        ];
        prop::collection::vec(entry, 1..40)
    }

    proptest! {
        #[test]
        fn a_request_fits_and_no_call_is_without_its_result(entries in conversation(), room in 200_u64..8_000) {
            let entries = acceptable(&[], &entries);
            let (shown, _) = fit(entries.clone(), room, of_entry);
            prop_assert!(shown.iter().map(of_entry).sum::<u64>() <= room);
            // Nothing to mend: it is acceptable as it is.
            prop_assert_eq!(&acceptable(&[], &shown), &shown);
            let newest = |entries: &[Entry]| entries.iter().rev().find_map(|entry| match entry {
                Entry::User(user) if user.text != LEFT_OUT => Some(user.text.clone()),
                _ => None,
            });
            if let Some(asked) = newest(&entries) {
                let stayed = newest(&shown).unwrap_or_default();
                prop_assert!(stayed == asked || stayed.contains("bytes are left out here"), "{} is gone", asked);
            }
        }
    }
}
