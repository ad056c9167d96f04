//! Sessions that are copies: forks, exports and imports.

use crate::Dispatch;
use crate::error::Refused;
use tokio::sync::mpsc;
use wingman_message::{AgentId, MessageId, SessionKey};
use wingman_store::{CopiedMessage, NewCopy, SessionCopy, SessionExport, SessionRecord};

/// What threads that the gateway opens by itself are called after.
const THREADS: &str = "webui";
/// How many messages an import may have.
pub const MAX_IMPORTED: u64 = 1_000_000;
/// The longest name of a session, in characters.
const MAX_NAME: usize = 200;

/// A piece of an import.
#[derive(Debug)]
pub enum Piece {
    /// More messages, in order.
    Messages(Vec<CopiedMessage>),
    /// That was all. Without it, the import came to no good end.
    End,
}

impl Dispatch {
    /// Makes a session of what was said in `source` up to the message `until`, that one included.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`] when there is no such session, or no such message in it
    pub async fn fork_session(
        &self,
        source: &SessionKey,
        until: MessageId,
        name: Option<String>,
    ) -> Result<SessionRecord, Refused> {
        let (store, source) = (self.session_store(source).await?, source.clone());
        let from = store.session(&source).await?;
        let name = name.or_else(|| from.as_ref().and_then(|from| from.name.as_deref()).map(fork_of));
        let new = NewCopy { key: self.new_thread(source.agent()), name, workdir: from.and_then(|from| from.workdir) };
        self.run_to_end(async move { Ok(store.fork_session(&source, until, new).await?) }).await
    }

    /// Begins to read a whole session; none when there is no such session.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn export_session(&self, key: &SessionKey) -> Result<Option<SessionExport>, Refused> {
        Ok(self.session_store(key).await?.export_session(key).await?)
    }

    /// Makes a session of the messages that come through `pieces`. It is there once [`Piece::End`] has come; where the sender
    /// goes away before, or sends an error, nothing of it is kept.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::AgentDisabled`]; [`Refused::Invalid`] when it is too long or was broken off; the error that was sent.
    pub async fn import_session(
        &self,
        agent: &AgentId,
        name: Option<String>,
        mut pieces: mpsc::Receiver<Result<Piece, Refused>>,
    ) -> Result<SessionRecord, Refused> {
        self.registry.roster.taking(agent)?;
        let new = NewCopy { key: self.new_thread(agent), name, workdir: None };
        let (store, abort) = (self.store.agent(agent).await?, self.registry.shared.abort.clone());
        self.run_to_end(async move {
            let mut copy = store.begin_copy(new).await?;
            let taken = abort.run_until_cancelled(take(&mut copy, &mut pieces)).await;
            match taken.unwrap_or(Err(Refused::ShuttingDown)) {
                Ok(()) => Ok(copy.finish().await?),
                Err(refused) => {
                    copy.give_up().await;
                    Err(refused)
                }
            }
        })
        .await
    }

    fn new_thread(&self, agent: &AgentId) -> SessionKey {
        SessionKey::thread(agent, THREADS, &MessageId::new(self.now_ms()).to_string())
    }
}

async fn take(copy: &mut SessionCopy, pieces: &mut mpsc::Receiver<Result<Piece, Refused>>) -> Result<(), Refused> {
    loop {
        match pieces.recv().await {
            Some(Ok(Piece::Messages(messages))) => copy.append(messages).await?,
            Some(Ok(Piece::End)) => return Ok(()),
            Some(Err(refused)) => return Err(refused),
            None => return Err(Refused::Invalid("the import was broken off; nothing of it was kept".to_owned())),
        }
        if copy.len() > MAX_IMPORTED {
            return Err(Refused::Invalid(format!("more than {MAX_IMPORTED} messages are not taken; split the file")));
        }
    }
}

fn fork_of(name: &str) -> String {
    const MARK: &str = " (fork)";
    let name = name.strip_suffix(MARK).unwrap_or(name);
    let kept: String = name.chars().take(MAX_NAME - MARK.len()).collect();
    kept + MARK
}
