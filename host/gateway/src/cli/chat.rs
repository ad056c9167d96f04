//! `wingman chat`: a conversation on the terminal.

mod api;
mod command;
mod editor;
mod link;

use super::agent::{Target, options};
use super::runtime;
use super::terminal::clean::{one_line, visible};
use super::terminal::question;
use super::terminal::screen::Screen;
use super::terminal::view::{Look, Out, View};
use crate::exit::Failure;
use crate::show;
use anyhow::{Context as _, Result, bail};
use api::Api;
use command::Command;
use editor::{Editor, Input};
use link::{Happened, Link};
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;
use wingman_client::ClientError;
use wingman_message::{AgentId, SessionKey};
use wingman_protocol::{AgentEventKind, AgentFrame, PendingQuestion, QueueMode, Role};

/// How many messages are shown of what was said before.
const PAST: usize = 6;
/// How many sessions are listed.
const LISTED: usize = 20;
/// How long is waited before a lost connection is made again: at first, and at most.
const PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(15);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The agent [default: the default agent]
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// The session to go on with [default: the agent's main session]
    #[arg(long, value_name = "KEY")]
    session: Option<SessionKey>,
    #[command(flatten)]
    target: Target,
}

impl Args {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let Self { agent, session, target } = self;
        if let (Some(agent), Some(session)) = (&agent, &session)
            && session.agent() != agent
        {
            bail!("{session} is a session of {}, not of {agent}: leave out `--agent`", session.agent());
        }
        let (found, config) = target.find(config)?;
        // Without a configuration there is no folder to keep it in.
        let history = config.map(|config| config.gateway.state_dir.join("chat-history"));
        runtime()?.block_on(async {
            let api = Api::new(&found.url, found.secret.clone())?;
            let session = match session {
                Some(session) => session,
                None => SessionKey::main(&chosen(&api, agent).await?),
            };
            let link = Link::connect(options(&found.url, found.secret.as_ref()), session.clone()).await;
            let link = link.map_err(|error| failure(&error))?;
            let editor = Editor::open(history)?;
            let screen = Screen::of_this_process();
            let view = View::new(Look { rich: true, live: false, ..screen.look() });
            let mut chat = Chat { api, link, editor, screen, view, questions: VecDeque::new() };
            let talked = chat.talk(session).await;
            let Chat { link, editor, .. } = chat;
            editor.close().await;
            link.close().await;
            talked
        })
    }
}

async fn chosen(api: &Api, agent: Option<AgentId>) -> Result<AgentId> {
    let agents = api.agents().await?;
    match agent {
        Some(agent) if agents.iter().any(|known| known.id == agent) => Ok(agent),
        Some(agent) => {
            let known = agents.iter().map(|known| known.id.as_str()).collect::<Vec<_>>().join(", ");
            bail!("there is no agent {agent}; there are: {known}")
        }
        None => {
            let default = agents.iter().find(|agent| agent.default).or_else(|| agents.first());
            Ok(default.context("the gateway has no agents")?.id.clone())
        }
    }
}

/// A conversation.
struct Chat {
    api: Api,
    link: Link,
    editor: Editor,
    screen: Screen,
    view: View,
    /// The first of them is being asked.
    questions: VecDeque<PendingQuestion>,
}

/// Whether the conversation goes on.
#[derive(PartialEq, Eq)]
enum Next {
    On,
    Leave,
}

impl Chat {
    async fn talk(&mut self, session: SessionKey) -> Result<()> {
        self.enter(session).await?;
        if self.editor.is_terminal() {
            self.note("/help lists the commands").await;
        }
        let mut is_ending = false;
        loop {
            // A script's last words are answered before it ends.
            if is_ending && !self.link.is_waiting() && !self.view.is_running() {
                return Ok(());
            }
            tokio::select! {
                input = self.editor.input(), if !is_ending => match input {
                    Some(Input::Line(line)) => {
                        if self.line(&line).await == Next::Leave {
                            return Ok(());
                        }
                        self.editor.proceed();
                    }
                    Some(Input::Interrupt) => {
                        self.cancel().await;
                        self.editor.proceed();
                    }
                    Some(Input::End) | None => {
                        is_ending = true;
                        if self.editor.is_terminal() {
                            return self.leave().await;
                        }
                    }
                },
                happened = self.link.next() => match happened {
                    Happened::Event(frame) => self.event(&frame).await,
                    Happened::Refused(why) => self.problem(&why).await,
                    Happened::NothingToCancel => self.note("it has ended already").await,
                    Happened::AnswerRefused(id, why) => {
                        self.questions.retain(|question| question.id != id);
                        self.problem(&why).await;
                        self.ask_next().await;
                    }
                    Happened::Done => {}
                    Happened::Lost(why) => {
                        if self.again(&why).await? == Next::Leave {
                            return Ok(());
                        }
                    }
                },
                _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted.into()),
            }
        }
    }

    /// Goes on in `session`: shows what was said last, and then what happens.
    async fn enter(&mut self, session: SessionKey) -> Result<()> {
        let past = self.api.messages(&session, PAST).await?;
        let newest = past.last().map(|message| message.seq);
        self.view.forget();
        self.questions.clear();
        self.view.resize(self.screen.width());
        self.note(&format!("{session}")).await;
        for message in &past {
            self.write(&self.view.message(message)).await;
        }
        self.link.watch(session, newest).await.map_err(|error| failure(&error))
    }

    async fn line(&mut self, line: &str) -> Next {
        let command = Command::read(line);
        let is_answer = matches!(command, Command::Say(_)) && self.editor.is_terminal();
        if is_answer && let Some(question) = self.questions.front() {
            match question::read(question, line) {
                Some(answer) => self.link.answer(answer),
                None => {
                    let hint = question::hint(question);
                    self.note(&format!("a question waits: {hint}. What you wrote was not sent; arrow up brings it back")).await;
                }
            }
            return Next::On;
        }
        let done = match command {
            Command::Nothing => Ok(()),
            Command::Quit => return self.leave().await.map_or(Next::On, |()| Next::Leave),
            Command::Help => {
                self.editor.print(&command::HELP.lines().map(show::faint).collect::<Vec<_>>()).await;
                Ok(())
            }
            Command::Say(text) => self.say(text, QueueMode::Queue),
            Command::Steer(text) => self.say(text, QueueMode::Steer),
            Command::Cancel => {
                self.cancel().await;
                Ok(())
            }
            Command::Sessions => self.list().await,
            Command::New(name) => self.begin(name).await,
            Command::Open(key) => self.open(&key).await,
            Command::Name(name) => self.rename(name).await,
            Command::Unclear(hint) => Err(anyhow::anyhow!(hint)),
        };
        if let Err(error) = done {
            self.problem(&format!("{error:#}")).await;
        }
        Next::On
    }

    fn say(&mut self, text: String, mode: QueueMode) -> Result<()> {
        let asked = self.link.ask(text, mode);
        asked.map(drop).context("too much is unanswered: wait, or stop something with /cancel")
    }

    async fn cancel(&mut self) {
        if !self.link.cancel() {
            let hint = if self.view.is_running() { "this run is another client's" } else { "nothing runs; Ctrl-D leaves" };
            self.note(hint).await;
        }
    }

    async fn list(&mut self) -> Result<()> {
        let sessions = self.api.sessions(self.link.session().agent(), LISTED).await?;
        let rows = sessions.iter().map(|session| {
            let here = if session.id == *self.link.session() { show::good("*") } else { " ".to_owned() };
            let running = if session.running { show::good(" running") } else { String::new() };
            format!("{here} {}  {}{running}", session.id, show::faint(&one_line(&session.name, 60)))
        });
        self.editor.print(&rows.collect::<Vec<_>>()).await;
        Ok(())
    }

    async fn begin(&mut self, name: Option<String>) -> Result<()> {
        let made = self.api.create(self.link.session().agent(), name).await?;
        self.enter(made.id).await
    }

    async fn open(&mut self, key: &str) -> Result<()> {
        let session: SessionKey = key.parse().context("/sessions lists the keys")?;
        self.enter(session).await
    }

    async fn rename(&mut self, name: String) -> Result<()> {
        let renamed = self.api.rename(self.link.session(), name).await?;
        self.note(&format!("this session is called {}", one_line(&renamed.name, 80))).await;
        Ok(())
    }

    async fn leave(&mut self) -> Result<()> {
        if self.view.is_running() || self.link.is_waiting() {
            let session = self.link.session().clone();
            self.note(&format!("it goes on in the gateway; `wingman chat --session {session}` comes back to it")).await;
        }
        Ok(())
    }

    async fn event(&mut self, frame: &AgentFrame) {
        self.view.resize(self.screen.width());
        let event = &frame.payload;
        // What was typed here stands there already.
        let is_echo = matches!(&event.kind, AgentEventKind::SessionMessage { role: Role::User, request_id: Some(id), .. }
            if self.link.is_own(id));
        if is_echo {
            return;
        }
        let outs = self.view.event(frame.id.as_ref(), event);
        self.write(&outs).await;
        match &event.kind {
            AgentEventKind::QuestionAsked { question } => self.asked(question).await,
            AgentEventKind::AgentSnapshot { question: Some(question), .. } => self.asked(question).await,
            AgentEventKind::QuestionAnswered { question_id, .. } => {
                let was_first = self.questions.front().is_some_and(|first| first.id == *question_id);
                self.questions.retain(|question| question.id != *question_id);
                if was_first {
                    self.ask_next().await;
                }
            }
            AgentEventKind::DelegateStart { child_session_id, .. } => self.link.watch_child(child_session_id.clone()),
            // A run that ended asks nothing any more.
            kind if kind.is_final() => self.questions.retain(|question| question.session_id != event.session_id),
            _ => {}
        }
    }

    async fn asked(&mut self, question: &PendingQuestion) {
        if self.questions.iter().any(|known| known.id == question.id) {
            return;
        }
        self.questions.push_back(question.clone());
        if self.questions.len() == 1 || !self.editor.is_terminal() {
            self.pose(question).await;
        }
    }

    async fn ask_next(&mut self) {
        if let Some(question) = self.questions.front().cloned().filter(|_| self.editor.is_terminal()) {
            self.pose(&question).await;
        }
    }

    async fn pose(&mut self, question: &PendingQuestion) {
        let mut rows = question::asked(question, self.screen.width());
        let is_here = self.editor.is_terminal();
        let hint = if is_here { question::hint(question).to_owned() } else { question::elsewhere(question) };
        rows.push(show::faint(&hint));
        self.editor.print(&rows).await;
    }

    /// Connects again, for as long as it takes or until somebody leaves. What is typed meanwhile is said afterwards.
    async fn again(&mut self, why: &str) -> Result<Next> {
        self.problem(&format!("{why}; connecting again")).await;
        self.questions.clear();
        let mut pause = PAUSE;
        loop {
            tokio::select! {
                connected = attempt(&mut self.link, pause) => match connected {
                    Ok(()) => {
                        self.note("connected").await;
                        return Ok(Next::On);
                    }
                    Err(error @ ClientError::Rejected(_)) => return Err(failure(&error)),
                    Err(_) => pause = (pause * 2).min(MAX_PAUSE),
                },
                input = self.editor.input(), if self.editor.is_terminal() => match input {
                    Some(Input::Line(line)) => {
                        if self.line_meanwhile(&line).await == Next::Leave {
                            return Ok(Next::Leave);
                        }
                        self.editor.proceed();
                    }
                    Some(Input::Interrupt | Input::End) | None => return self.leave().await.map(|()| Next::Leave),
                },
                _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted.into()),
            }
        }
    }

    /// What is typed without a connection: words wait for it, commands need it.
    async fn line_meanwhile(&mut self, line: &str) -> Next {
        let said = match Command::read(line) {
            Command::Quit => return self.leave().await.map_or(Next::On, |()| Next::Leave),
            Command::Nothing => Ok(()),
            Command::Say(text) => self.say(text, QueueMode::Queue),
            Command::Steer(text) => self.say(text, QueueMode::Steer),
            _ => Err(anyhow::anyhow!("there is no connection yet; /quit leaves")),
        };
        if let Err(error) = said {
            self.problem(&format!("{error:#}")).await;
        }
        Next::On
    }

    async fn write(&self, outs: &[Out]) {
        let rows: Vec<String> = outs
            .iter()
            .map(|out| match out {
                Out::Words(row) | Out::Row(row) | Out::Note(row) | Out::End(row) => row.clone(),
            })
            .collect();
        self.editor.print(&rows).await;
    }

    async fn note(&self, text: &str) {
        self.editor.print(&[show::faint(&visible(text))]).await;
    }

    async fn problem(&self, text: &str) {
        self.editor.print(&[format!("{} {}", show::bad("!"), visible(text))]).await;
    }
}

async fn attempt(link: &mut Link, pause: Duration) -> Result<(), ClientError> {
    tokio::time::sleep(pause).await;
    link.again().await
}

fn failure(error: &ClientError) -> anyhow::Error {
    let message = visible(&error.to_string()).into_owned();
    match error {
        ClientError::Rejected(_) => Failure::Refused(format!("{message}; see `--token`")).into(),
        ClientError::Refused(_) => anyhow::anyhow!(message),
        _ => Failure::Unreachable(format!("{message}; `wingman gateway start` starts a gateway")).into(),
    }
}
