//! Questions that runs ask people: who is asked, and what comes of an answer.

use crate::Dispatch;
use crate::error::Refused;
use crate::retry::Next;
use crate::session::{Command, Shared};
use crate::turn::persist;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use wingman_message::{Answer, Outbound, Phase, Question, QuestionId, QuestionKind, SessionKey};
use wingman_store::{AgentStore, QuestionTarget};

/// How much of a call's input people are shown, in characters.
const MAX_INPUT: usize = 1_000;
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// How long to wait before looking again whether earlier replies have been delivered.
const BEHIND_OTHERS: Duration = Duration::from_millis(500);

/// What somebody says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionReply {
    /// The answer in words.
    pub answer: Option<String>,
    /// Whether the call may be made.
    pub approve: Option<bool>,
    /// Why not, for the model.
    pub reason: Option<String>,
}

impl Dispatch {
    /// Open questions of all agents, the oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`Refused::Store`]
    pub async fn open_questions(&self, limit: usize) -> Result<Vec<Question>, Refused> {
        let mut questions = Vec::new();
        for agent in self.registry.agents() {
            questions.extend(self.store.agent(&agent.info().id).await?.open_questions(limit).await?);
        }
        questions.sort_by_key(|question| (question.asked_at, question.id));
        questions.truncate(limit);
        Ok(questions)
    }

    /// Answers a question: when this returns, the answer is durable, and the run goes on.
    ///
    /// # Errors
    /// [`Refused::UnknownQuestion`]; [`Refused::Invalid`] when the reply does not fit the question; [`Refused::Answered`] when it
    /// was answered before, or its run has ended.
    pub async fn answer(&self, session: &SessionKey, question: QuestionId, reply: QuestionReply) -> Result<(), Refused> {
        let (dispatch, session) = (self.clone(), session.clone());
        self.run_to_end(async move {
            dispatch.registry.agent(session.agent())?;
            let store = dispatch.store.agent(session.agent()).await?;
            let asked = store.question(question).await?.filter(|asked| asked.question.session == session);
            let asked = asked.ok_or(Refused::UnknownQuestion(question))?;
            let answer = read(&asked.question, reply)?;
            store.answer(question, answer).await.map_err(|error| Refused::of_answer(question, error))?;
            dispatch.go_on(&session).await
        })
        .await
    }

    /// Tells the session's task that a question was answered.
    pub(crate) async fn go_on(&self, session: &SessionKey) -> Result<(), Refused> {
        let task = self.registry.task(session).await?;
        // A task that just ended leaves the answer to the next one, which reads it from the store.
        let _ = task.send(Command::Answered).await;
        Ok(())
    }
}

/// What a reply means to a question.
fn read(question: &Question, reply: QuestionReply) -> Result<Answer, Refused> {
    let QuestionReply { answer, approve, reason } = reply;
    let too_long = [&answer, &reason].into_iter().flatten().any(|text| text.len() > MAX_ANSWER);
    if too_long {
        return Err(Refused::Invalid(format!("an answer has at most {MAX_ANSWER} bytes")));
    }
    match (question.asked.kind, approve, answer) {
        (QuestionKind::Approval, Some(true), None) => Ok(Answer::Approved),
        (QuestionKind::Approval, Some(false), None) => Ok(Answer::Denied { reason }),
        (QuestionKind::Approval, _, _) => {
            Err(Refused::Invalid("this question asks for an approval: say `approve`, true or false".to_owned()))
        }
        (QuestionKind::Question, None, Some(text)) if !text.trim().is_empty() => Ok(Answer::Text { text }),
        (QuestionKind::Question, _, _) => Err(Refused::Invalid("say an `answer`, and nothing else".to_owned())),
    }
}

/// A call's input, as people are shown it.
pub(crate) fn shortened(input: &Value) -> String {
    let text = input.to_string();
    match text.char_indices().nth(MAX_INPUT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Sends a question out to the chat network that its run answers, behind the replies that wait for that place. What cannot be sent
/// is tried again as replies are; those who watch the session are asked in any case.
pub(crate) async fn send(shared: Arc<Shared>, store: AgentStore, question: Arc<Question>) {
    let (couriers, abort) = (&shared.couriers, &shared.abort);
    let target = persist(abort, || store.question_target(question.id)).await.flatten();
    let Some(QuestionTarget { place, reply_to, context }) = target else { return };
    let since = tokio::time::Instant::now();
    let mut attempts = 0;
    loop {
        while !matches!(store.outbox_next(&place).await, Ok(None)) {
            tokio::time::sleep(BEHIND_OTHERS).await;
        }
        let outbound = Outbound {
            id: question.id.to_string(),
            place: place.clone(),
            reply_to: reply_to.clone(),
            markdown: question.to_markdown(),
            attachments: Vec::new(),
            phase: Phase::Finish,
            previous: Vec::new(),
            context: context.clone(),
        };
        let failure = match couriers.office.components.deliver(outbound).await {
            Ok(receipt) => receipt.unfinished,
            Err(failure) => Some(failure),
        };
        let Some(failure) = failure else {
            // Durable, so that the next life of the process does not ask again.
            persist(abort, || store.question_sent(question.id)).await;
            return;
        };
        tracing::info!(question = %question.id, %failure, "a question could not be sent");
        match couriers.office.retry.after(&failure, attempts, since.elapsed()) {
            Next::RetryAfter(pause) => tokio::time::sleep(pause).await,
            Next::GiveUp => return,
        }
        attempts += 1;
    }
}
