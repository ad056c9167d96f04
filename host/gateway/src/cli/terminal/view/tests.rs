//! What a run looks like on a terminal, row by row.

use super::*;
use serde_json::{Value, json};

const RUN: &str = "0190c8a0-5b7e-7a10-8000-0000000000c2";

fn view(rich: bool) -> View {
    View::new(Look { rich, live: false, width: 60 })
}

fn event(kind: &Value, at: i64) -> AgentEvent {
    let mut event = json!({"sessionId": "agent:main:main", "agentId": "main", "timestamp": at});
    event.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn start() -> Value {
    json!({"type": "agent-start", "agent": "main", "prompt": "hello"})
}

fn text(text: &str) -> Value {
    json!({"type": "agent-stream", "chunk": {"event": "on_chat_model_stream", "run_id": RUN, "data": {"chunk": {"content": text}}}})
}

fn complete(response: &str, message: u8) -> Value {
    let id = format!("0190c8a0-5b7e-7a10-8000-0000000000{message:02x}");
    json!({"type": "agent-complete", "result": {"response": response, "messageId": id}})
}

/// What the events come to, without styles.
fn written(view: &mut View, events: &[Value]) -> String {
    let request = RequestId::new("r1").unwrap();
    let outs = events.iter().zip(0..).flat_map(|(kind, at)| view.event(Some(&request), &event(kind, at * 1000)));
    plain(outs)
}

fn plain(outs: impl IntoIterator<Item = Out>) -> String {
    let text = outs.into_iter().map(|out| match out {
        Out::Words(words) => words,
        Out::Row(row) => row + "\n",
        Out::Note(row) => format!("[{row}]\n"),
        Out::End(row) => format!("({row})\n"),
    });
    anstream::adapter::strip_str(&text.collect::<String>()).to_string()
}

#[test]
fn an_answer_is_plain_text_as_it_comes_or_drawn_as_its_lines_end() {
    let events = [start(), text("**Hel"), text("lo**\nwor"), text("ld"), complete("**Hello**\nworld", 1)];
    assert_eq!(written(&mut view(false), &events), "**Hello**\nworld(4.0 s)\n");
    assert_eq!(written(&mut view(true), &events), "Hello\nworld\n(4.0 s)\n");
}

#[test]
fn a_tool_has_a_row_when_it_begins_and_a_card_when_it_ends() {
    let tool = json!({"type": "tool-start", "toolCallId": "1", "toolName": "read_file", "toolInput": {"path": "a.txt"}});
    let end = json!({"type": "tool-end", "toolCallId": "1", "toolName": "read_file", "toolOutput": "one\ntwo"});
    let events = [start(), text("Looking."), tool, end.clone(), text("Done."), complete("Looking.Done.", 1)];
    let expected = "Looking.\n[→ read_file a.txt]\n[✓ read_file done 1.0 s ]\n[  └ one (+1 lines)]\nDone.\n(5.0 s)\n";
    assert_eq!(written(&mut view(true), &events), expected);
    let mut live = View::new(Look { rich: true, live: true, width: 60 });
    assert_eq!(written(&mut live, &events[..3]), "Looking.\n");
    let rows = live.live(4000).join("\n");
    assert_eq!(anstream::adapter::strip_str(&rows).to_string(), "⋯ read_file 2.0 s a.txt");
    assert!(written(&mut live, &[end]).contains("✓ read_file done"));
    assert_eq!(live.live(4000), Vec::<String>::new());
}

#[test]
fn thoughts_are_folded_to_one_row() {
    let thought = |text: &str| json!({"type": "agent-stream", "chunk": {"event": "on_chat_model_reasoning", "run_id": RUN, "data": {"chunk": {"content": text}}}});
    let events = [start(), thought("First\n"), thought("then this"), text("So."), complete("So.", 1)];
    assert_eq!(written(&mut view(true), &events), "[thought 2.0 s: First then this]\nSo.\n(4.0 s)\n");
}

#[test]
fn a_snapshot_behind_a_lost_connection_repeats_nothing() {
    let mut view = view(true);
    let tool = json!({"type": "tool", "toolCallId": "1", "toolName": "clock", "toolInput": {}, "toolOutput": "noon"});
    let snapshot = json!({"type": "agent-snapshot", "runId": RUN, "requestId": "r1", "prompt": "hello", "parts": [
        {"type": "text", "text": "One.\n"}, tool, {"type": "text", "text": "Two.\nThr"}]});
    assert_eq!(written(&mut view, &[start(), text("One."), text("\n")]), "One.\n");
    assert_eq!(written(&mut view, std::slice::from_ref(&snapshot)), "[→ clock]\n[✓ clock done 0 ms ]\n[  └ noon]\nTwo.\n");
    assert_eq!(written(&mut view, &[snapshot, text("ee."), complete("One.\nTwo.\nThree.", 1)]), "Three.\n(2.0 s)\n");
}

#[test]
fn a_step_that_was_broken_off_is_told_again_and_no_other() {
    let mut view = view(true);
    let snapshot = json!({"type": "agent-snapshot", "runId": RUN, "requestId": "r1", "prompt": "hello", "parts": [
        {"type": "text", "text": "Step one.\n"}]});
    assert_eq!(written(&mut view, &[start(), text("Step one.\n"), text("Step tw")]), "Step one.\n");
    let again = written(&mut view, &[snapshot, text("Another two."), complete("Step one.\nAnother two.", 1)]);
    assert_eq!(again, "Step tw\n[broken off; the last step is done again:]\nAnother two.\n(2.0 s)\n");
}

#[test]
fn an_answer_whose_end_was_missed_is_completed_from_what_was_stored_and_told_once() {
    let mut view = view(true);
    let stored = json!({"type": "session-message", "messageId": "0190c8a0-5b7e-7a10-8000-000000000001", "role": "assistant",
        "content": "One. Two.", "requestId": "r1", "message": {"id": "0190c8a0-5b7e-7a10-8000-000000000001", "role": "assistant",
        "content": "One. Two.", "createdAt": 0, "seq": 9, "requestId": "r1", "parts": [{"type": "text", "text": "One. Two."}]}});
    assert_eq!(written(&mut view, &[start(), text("One.")]), "");
    assert_eq!(written(&mut view, &[stored, complete("One. Two.", 1)]), "One. Two.\n");
    assert!(!view.is_running());
}

#[test]
fn a_request_that_joined_a_run_is_not_answered_twice() {
    let mut view = view(true);
    assert_eq!(written(&mut view, &[start(), text("Both.\n")]), "Both.\n");
    let joined = RequestId::new("r2").unwrap();
    let outs = view.event(Some(&joined), &event(&complete("Both.\n", 1), 1000));
    assert_eq!(plain(outs), "(1.0 s)\n");
    assert_eq!(written(&mut view, &[complete("Both.\n", 1)]), "");
}

#[test]
fn another_requests_failure_does_not_end_the_run() {
    let mut view = view(true);
    written(&mut view, &[start(), text("Going on")]);
    let other = RequestId::new("r2").unwrap();
    let outs = view.event(Some(&other), &event(&json!({"type": "agent-error", "error": "cancelled"}), 1000));
    assert_eq!(plain(outs), "(ended: cancelled)\n");
    assert!(view.is_running());
}

#[test]
fn a_session_that_was_handed_a_task_is_indented_and_is_no_part_of_the_answer() {
    let mut view = view(false);
    let delegated = json!({"type": "delegate-start", "childSessionId": "agent:helper:delegate:main:x:1", "childAgentId": "helper", "parentCallId": "1"});
    assert_eq!(written(&mut view, &[start(), delegated]), "[agent helper is at work]\n");
    let mut child = event(&text("From below.\n"), 0);
    child.session_id = "agent:helper:delegate:main:x:1".parse().unwrap();
    child.parent_session_id = Some("agent:main:main".parse().unwrap());
    assert_eq!(plain(view.event(None, &child)), "[│ From below.]\n");
    assert_eq!(written(&mut view, &[text("From above.")]), "From above.");
}

#[test]
fn nothing_that_anyone_wrote_speaks_to_the_terminal() {
    let attack = "\x1b]0;owned\x07\x1b[2J\u{9b}2J\u{202e}";
    let tool = json!({"type": "tool-start", "toolCallId": "1", "toolName": attack, "toolInput": {"a": attack, "b": attack}});
    let end = json!({"type": "tool-end", "toolCallId": "1", "toolName": attack, "toolOutput": attack, "isError": true});
    let retry = json!({"type": "agent-stream", "chunk": {"event": "on_chat_model_retry", "run_id": RUN, "data": {"afterMs": 1, "reason": attack}}});
    let mut result = complete("", 1);
    result["result"]["model"] = json!(attack);
    let answered = json!({"type": "question-answered", "questionId": "0190c8a0-5b7e-7a10-8000-000000000003", "answer": attack});
    for rich in [true, false] {
        let events = [
            start(),
            text(attack),
            text("\x1b"),
            text("[2J\n"),
            tool.clone(),
            end.clone(),
            retry.clone(),
            answered.clone(),
            result.clone(),
        ];
        let mut view = view(rich);
        let request = RequestId::new("r1").unwrap();
        let mut outs: Vec<Out> = events.iter().flat_map(|kind| view.event(Some(&request), &event(kind, 0))).collect();
        outs.extend(view.event(Some(&request), &event(&json!({"type": "agent-error", "error": attack}), 0)));
        let all: String = outs.iter().map(|out| format!("{out:?}")).collect();
        for out in outs {
            let (Out::Words(row) | Out::Row(row) | Out::Note(row) | Out::End(row)) = out;
            // Our own styles are `ESC [ digits m`.
            for (at, _) in row.match_indices('\x1b') {
                let style = row[at + 1..].strip_prefix('[').and_then(|rest| rest.split_once('m'));
                assert!(style.is_some_and(|(digits, _)| digits.chars().all(|c| c.is_ascii_digit() || c == ';')), "{row:?}");
            }
            assert!(!row.contains(['\x07', '\u{9b}', '\u{202e}']), "{row:?}");
        }
        assert!(all.contains("␛]0;owned␇"), "{all}");
    }
}
