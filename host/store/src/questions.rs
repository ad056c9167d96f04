//! Questions that runs ask people. A question is stored before anybody is asked, and its answer before the run goes on: both
//! outlive the process. A question is answered once.

use crate::accept::{self, Accepted, NewDelivery};
use crate::agent::AgentStore;
use crate::codec::{from_json, parse, text_at, to_json};
use crate::error::{Outcome, StoreError};
use crate::outbox;
use crate::turn::open_run;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wingman_message::{Answer, Inbound, NewQuestion, Place, Question, QuestionId, RunId, SessionKey};

/// A question and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What was said; none while it is open.
    pub answer: Option<Answer>,
    /// It was sent out to the chat network that its run answers.
    pub is_sent: bool,
}

/// Where a question is sent out to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionTarget {
    /// The place.
    pub place: Place,
    /// The network's id of the message that the run answers.
    pub reply_to: Option<String>,
    /// [`Inbound::context`] of that message.
    pub context: Option<String>,
}

/// All queries name the same columns, in the order in which [`read`] takes them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT q.id, s.key, q.run, q.body_json, q.asked_at, q.answer_json, q.is_sent
             FROM questions q JOIN sessions s ON s.id = q.session ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE q.id = ?1");
const BY_CALL: &str = select!("WHERE q.delivery = ?1 AND q.call = ?2");
pub(crate) const PENDING: &str = "SELECT q.id, s.key, q.run, q.body_json, q.asked_at, q.answer_json, q.is_sent
     FROM questions q INDEXED BY questions_pending JOIN sessions s ON s.id = q.session
     WHERE q.state = 'pending' ORDER BY q.asked_at, q.id LIMIT ?1";
pub(crate) const PENDING_AT: &str = select!(
    "WHERE q.session = (SELECT id FROM sessions WHERE key = ?1) AND q.state = 'pending' AND q.place_json = ?2 AND q.sender IS ?3
     ORDER BY q.asked_at LIMIT 1"
);
pub(crate) const APPROVED: &str = "SELECT answer_json FROM questions INDEXED BY questions_approved
     WHERE session = (SELECT id FROM sessions WHERE key = ?1) AND tool = ?2 AND state = 'answered'";

impl AgentStore {
    /// Asks a question for `run`, unless it was asked before for the same call: then it is that one, with its answer if it has one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run; [`StoreError::Finished`].
    pub async fn ask(&self, run: RunId, new: NewQuestion) -> Result<Asked, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let lead = open_run(connection, run)?;
                // However often the process ends while it is open, the run is not what ends it.
                connection.prepare_cached("UPDATE deliveries SET attempts = 0 WHERE ordinal = ?1")?.execute([lead.ordinal])?;
                let by_call = |connection: &Connection| one(connection, BY_CALL, params![lead.ordinal, new.call_id]);
                if let Some(asked) = by_call(connection)? {
                    return Ok(asked);
                }
                let place: Option<String> = connection
                    .prepare_cached("SELECT iif(channel IS NULL, NULL, place_json) FROM deliveries WHERE ordinal = ?1")?
                    .query_row([lead.ordinal], |row| row.get(0))?;
                let sender = last_inbound(connection, lead.ordinal)?.and_then(|inbound| inbound.sender).map(|sender| sender.id);
                connection
                    .prepare_cached(
                        "INSERT INTO questions (id, delivery, session, run, call, tool, body_json, asked_at, place_json, sender, state)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending')",
                    )?
                    .execute(params![
                        QuestionId::new(now).to_string(),
                        lead.ordinal,
                        lead.session,
                        run.to_string(),
                        new.call_id,
                        new.tool,
                        to_json(&new)?,
                        now,
                        place,
                        sender
                    ])?;
                by_call(connection)?.ok_or_else(|| StoreError::NotFound("question".to_owned()).into())
            })
            .await
    }

    /// Answers a question; when this returns, the answer is durable.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it was answered before, or its run has ended.
    pub async fn answer(&self, question: QuestionId, answer: Answer) -> Result<(), StoreError> {
        let now = self.clock.now_ms();
        self.database.write(move |connection| settle(connection, question, &answer, now)).await
    }

    /// Answers a question by what came in through a channel: both are stored, or neither. What came has no turn of its own.
    ///
    /// # Errors
    /// As [`Self::answer`] and [`AgentStore::accept`].
    pub async fn accept_answer(&self, new: NewDelivery, question: QuestionId, answer: Answer) -> Result<Accepted, StoreError> {
        self.check_key(&new.session)?;
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let accepted = accept::accept_answer(connection, &new)?;
                if matches!(accepted, Accepted::New { .. }) {
                    settle(connection, question, &answer, now)?;
                }
                Ok(accepted)
            })
            .await
    }

    /// The question.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn question(&self, question: QuestionId) -> Result<Option<Asked>, StoreError> {
        self.database.read(move |connection| one(connection, BY_ID, params![question.to_string()])).await
    }

    /// Open questions, the oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn open_questions(&self, limit: usize) -> Result<Vec<Question>, StoreError> {
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(PENDING)?;
                let mut rows = statement.query([crate::codec::limit(limit)])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(read(row)?.question);
                }
                Ok(found)
            })
            .await
    }

    /// The oldest open question of the session that `sender` is asked at `place`.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn open_question_at(
        &self,
        session: &SessionKey,
        place: &Place,
        sender: Option<&str>,
    ) -> Result<Option<Question>, StoreError> {
        let (session, place, sender) = (session.clone(), place.clone(), sender.map(str::to_owned));
        self.database
            .read(move |connection| {
                let asked = one(connection, PENDING_AT, params![session.as_str(), to_json(&place)?, sender])?;
                Ok(asked.map(|asked| asked.question))
            })
            .await
    }

    /// A call of `tool` was approved in the session before.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn was_approved(&self, session: &SessionKey, tool: &str) -> Result<bool, StoreError> {
        let (session, tool) = (session.clone(), tool.to_owned());
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(APPROVED)?;
                let mut rows = statement.query([session.as_str(), &tool])?;
                while let Some(row) = rows.next()? {
                    if text_at(row, 0)?.map(from_json::<Answer>).transpose()? == Some(Answer::Approved) {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .await
    }

    /// Where the question is to be sent out to; none where those who watch the session are asked.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn question_target(&self, question: QuestionId) -> Result<Option<QuestionTarget>, StoreError> {
        self.database
            .read(move |connection| {
                let found: Option<(i64, Option<String>)> = connection
                    .prepare_cached("SELECT delivery, place_json FROM questions WHERE id = ?1")?
                    .query_row([question.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((delivery, Some(place))) = found else { return Ok(None) };
                let (reply_to, context) =
                    last_inbound(connection, delivery)?.map_or((None, None), |inbound| (Some(inbound.id), inbound.context));
                Ok(Some(QuestionTarget { place: from_json(&place)?, reply_to, context }))
            })
            .await
    }

    /// Remembers that the question was sent out.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn question_sent(&self, question: QuestionId) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection.prepare_cached("UPDATE questions SET is_sent = 1 WHERE id = ?1")?.execute([question.to_string()])?;
                Ok(())
            })
            .await
    }
}

/// The run of the delivery has ended: nobody needs to answer what it asked.
pub(crate) fn withdraw(connection: &Connection, delivery: i64) -> Outcome<()> {
    connection
        .prepare_cached("UPDATE questions SET state = 'withdrawn' WHERE delivery = ?1 AND state = 'pending'")?
        .execute([delivery])?;
    Ok(())
}

fn settle(connection: &Connection, question: QuestionId, answer: &Answer, now: i64) -> Outcome<()> {
    let state: Option<String> = connection
        .prepare_cached("SELECT state FROM questions WHERE id = ?1")?
        .query_row([question.to_string()], |row| row.get(0))
        .optional()?;
    match state.as_deref() {
        None => Err(StoreError::NotFound(format!("question `{question}`")).into()),
        Some("pending") => {
            connection
                .prepare_cached("UPDATE questions SET state = 'answered', answer_json = ?2, answered_at = ?3 WHERE id = ?1")?
                .execute(params![question.to_string(), to_json(answer)?, now])?;
            Ok(())
        }
        Some("answered") => Err(StoreError::Conflict(format!("question `{question}` was answered before")).into()),
        Some(_) => Err(StoreError::Conflict(format!("the run that asked `{question}` has ended")).into()),
    }
}

fn last_inbound(connection: &Connection, delivery: i64) -> Outcome<Option<Inbound>> {
    let last: Option<String> =
        connection.prepare_cached(outbox::LAST_INBOUND)?.query_row([delivery], |row| row.get(0)).optional()?;
    last.as_deref().map(from_json).transpose()
}

fn one(connection: &Connection, query: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<Option<Asked>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Outcome<Asked> {
    let question = Question {
        id: parse(&row.get::<_, String>(0)?)?,
        session: parse(&row.get::<_, String>(1)?)?,
        run: parse(&row.get::<_, String>(2)?)?,
        asked: from_json(&row.get::<_, String>(3)?)?,
        asked_at: row.get(4)?,
    };
    Ok(Asked { question, answer: text_at(row, 5)?.map(from_json).transpose()?, is_sent: row.get(6)? })
}
