//! Questions that a run asks a person, and what the person says. The run waits meanwhile, for as long as it takes.

use crate::{QuestionId, RunId, SessionKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a person is asked before a tool is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Never.
    #[default]
    Never,
    /// Until it was approved once in the session.
    Ask,
    /// Before each call.
    Always,
}

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionKind {
    /// Whether a tool may be called.
    Approval,
    /// Whatever the agent wants to know.
    Question,
}

/// What a run wants to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewQuestion {
    /// The call that waits for it; one question for each call of a run.
    pub call_id: String,
    /// What kind of question it is.
    pub kind: QuestionKind,
    /// The question, for people.
    pub text: String,
    /// Answers to choose from; with none, any text answers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The tool that is called.
    pub tool: String,
    /// What it is called with.
    pub input: Value,
}

/// A question that was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The session that waits.
    pub session: SessionKey,
    /// The run that waits.
    pub run: RunId,
    /// When it was asked: milliseconds since the Unix epoch.
    pub asked_at: i64,
    /// What is asked.
    pub asked: NewQuestion,
}

/// What a person says to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Answer {
    /// The tool may be called.
    Approved,
    /// The tool may not be called.
    Denied {
        /// Why, for the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An answer in words.
    Text {
        /// The words.
        text: String,
    },
}

impl Question {
    /// The question as people on a chat network read it: the text, and numbered choices.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let NewQuestion { kind, text, choices, .. } = &self.asked;
        let approval = ["Yes".to_owned(), "No".to_owned()];
        let choices = if *kind == QuestionKind::Approval { &approval[..] } else { choices };
        let numbered = choices.iter().zip(1..).map(|(choice, number)| format!("\n{number}. {choice}"));
        std::iter::once(text.clone()).chain(numbered).collect()
    }

    /// What `text`, which somebody wrote on a chat network, answers. To an approval, all that is not plainly a yes is a no, with
    /// the words as its reason.
    #[must_use]
    pub fn answer_of(&self, text: &str) -> Answer {
        let text = text.trim();
        let plain = text.trim_end_matches(['.', '!']).to_lowercase();
        if self.asked.kind == QuestionKind::Approval {
            return match plain.as_str() {
                "1" | "y" | "yes" | "ok" | "okay" | "approve" | "approved" => Answer::Approved,
                "2" | "n" | "no" | "deny" | "denied" => Answer::Denied { reason: None },
                _ => Answer::Denied { reason: Some(text.to_owned()) },
            };
        }
        let number = plain.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let chosen = number.and_then(|index| self.asked.choices.get(index));
        Answer::Text { text: chosen.cloned().unwrap_or_else(|| text.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: QuestionKind, choices: &[&str]) -> Question {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        let asked = NewQuestion {
            call_id: "1".into(),
            kind,
            text: "Which one?".into(),
            choices,
            tool: "ask_user".into(),
            input: Value::Null,
        };
        let session = "agent:main:main".parse().unwrap();
        Question { id: QuestionId::new(0), session, run: RunId::new(0), asked_at: 0, asked }
    }

    #[test]
    fn a_number_chooses_and_words_stand_for_themselves() {
        let which = question(QuestionKind::Question, &["Red", "Blue"]);
        assert_eq!(which.to_markdown(), "Which one?\n1. Red\n2. Blue");
        for (said, meant) in [("2", "Blue"), (" 1. ", "Red"), ("3", "3"), ("0", "0"), ("Green, please.", "Green, please.")] {
            assert_eq!(which.answer_of(said), Answer::Text { text: meant.into() }, "{said}");
        }
    }

    #[test]
    fn what_is_not_plainly_a_yes_approves_nothing() {
        let may_it = question(QuestionKind::Approval, &[]);
        assert_eq!(may_it.to_markdown(), "Which one?\n1. Yes\n2. No");
        for yes in ["1", "Yes.", " OK!", "approve"] {
            assert_eq!(may_it.answer_of(yes), Answer::Approved, "{yes}");
        }
        assert_eq!(may_it.answer_of("no"), Answer::Denied { reason: None });
        let reason = Some("yes, but not now".to_owned());
        assert_eq!(may_it.answer_of("yes, but not now"), Answer::Denied { reason });
    }
}
