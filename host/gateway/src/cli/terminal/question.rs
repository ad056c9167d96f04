//! Questions that runs ask people, as a terminal shows them and reads their answers.

use super::clean::{one_line, visible};
use crate::show;
use wingman_protocol::{AnswerRequest, PendingQuestion, QuestionKind};

/// The rows that ask `question`.
pub(crate) fn asked(question: &PendingQuestion, width: usize) -> Vec<String> {
    let mut rows: Vec<String> = visible(&question.text).lines().map(|line| format!("{} {line}", show::good("?"))).collect();
    if question.kind == QuestionKind::Approval {
        // The whole input: nobody should approve what they were not shown.
        let input = question.tool_input.to_string();
        rows.push(format!("  {} {}", one_line(&question.tool_name, width), visible(&input)));
    }
    for (number, choice) in (1..).zip(question.choices.iter().flatten()) {
        rows.push(format!("  {number}) {}", one_line(choice, width.saturating_sub(6))));
    }
    rows
}

/// What a person may type.
pub(crate) fn hint(question: &PendingQuestion) -> &'static str {
    match (question.kind, &question.choices) {
        (QuestionKind::Approval, _) => "y allows it, n refuses; `n why` tells the agent why",
        (QuestionKind::Question, Some(_)) => "answer with a number, or in words",
        (QuestionKind::Question, None) => "answer in words",
    }
}

/// How it is answered where this terminal cannot.
pub(crate) fn elsewhere(question: &PendingQuestion) -> String {
    format!(
        "waiting for an answer: give it on the page, in `wingman chat --session {}`, or by POST /api/sessions/{}/questions/{}",
        question.session_id, question.session_id, question.id
    )
}

/// The answer that `line` gives; none where it gives none.
pub(crate) fn read(question: &PendingQuestion, line: &str) -> Option<AnswerRequest> {
    let line = line.trim();
    let reply = |answer, approve, reason| {
        let (session_id, question_id) = (question.session_id.clone(), question.id);
        Some(AnswerRequest { session_id, question_id, answer, approve, reason })
    };
    if question.kind == QuestionKind::Approval {
        let (word, rest) = line.split_once(|character: char| !character.is_alphanumeric()).unwrap_or((line, ""));
        let rest = rest.trim();
        return match word.to_lowercase().as_str() {
            // "yes, but" is no yes.
            "y" | "yes" if rest.is_empty() => reply(None, Some(true), None),
            "n" | "no" => reply(None, Some(false), (!rest.is_empty()).then(|| rest.to_owned())),
            _ => None,
        };
    }
    if line.is_empty() {
        return None;
    }
    let chosen = line.parse::<usize>().ok().and_then(|number| question.choices.as_ref()?.get(number.checked_sub(1)?).cloned());
    reply(Some(chosen.unwrap_or_else(|| line.to_owned())), None, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question(kind: &str, choices: &[&str]) -> PendingQuestion {
        let mut question = json!({
            "id": "0190c8a0-5b7e-7a10-8000-0000000000c1", "kind": kind, "sessionId": "agent:main:main", "agentId": "main",
            "runId": "0190c8a0-5b7e-7a10-8000-0000000000c2", "toolCallId": "1", "toolName": "run_command",
            "toolInput": {"command": "rm -rf \u{1b}[2Kbuild"}, "text": "May I?\u{1b}[8m", "askedAt": 0,
        });
        if !choices.is_empty() {
            question["choices"] = json!(choices);
        }
        serde_json::from_value(question).unwrap()
    }

    #[test]
    fn only_a_plain_yes_allows_a_tool() {
        let question = question("approval", &[]);
        let approve = |line: &str| read(&question, line).map(|reply| (reply.approve.unwrap(), reply.reason));
        assert_eq!(approve(" Y "), Some((true, None)));
        assert_eq!(approve("yes"), Some((true, None)));
        assert_eq!(approve("no"), Some((false, None)));
        assert_eq!(approve("n, not on a friday"), Some((false, Some("not on a friday".into()))));
        for unclear in ["", "yes, but not now", "yesterday", "nothing", "ok", "what does it do?"] {
            assert_eq!(approve(unclear), None, "{unclear:?}");
        }
    }

    #[test]
    fn a_choice_is_made_by_number_or_in_words() {
        let question = question("question", &["red", "blue"]);
        let answer = |line: &str| read(&question, line).and_then(|reply| reply.answer);
        assert_eq!(answer("2").as_deref(), Some("blue"));
        assert_eq!(answer("3").as_deref(), Some("3"));
        assert_eq!(answer("0").as_deref(), Some("0"));
        assert_eq!(answer("green").as_deref(), Some("green"));
        assert_eq!(answer("  "), None);
    }

    #[test]
    fn a_question_shows_all_that_would_be_approved_and_obeys_none_of_it() {
        let rows = asked(&question("approval", &[]), 20).join("\n");
        let plain = anstream::adapter::strip_str(&rows).to_string();
        assert!(plain.contains("rm -rf") && plain.contains("build") && plain.contains("May I?␛[8m"), "{plain}");
    }
}
