//! One question to an agent: events are written as they come, whoever sits at the terminal is asked what the run wants to know.

use crate::cli::terminal::clean::{json_line, one_line};
use crate::cli::terminal::keyboard::Keyboard;
use crate::cli::terminal::question;
use crate::cli::terminal::screen::Screen;
use crate::cli::terminal::view::{Out, View};
use crate::exit::Failure;
use crate::show;
use anyhow::Result;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, SelectAll};
use futures::{FutureExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::time::Duration;
use wingman_client::{Client, ClientError, ConnectOptions, Run, Watch};
use wingman_message::{Clock as _, QuestionId, RequestId, SessionKey, SystemClock};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentRequest, AnswerRequest, PendingQuestion};

/// How often a lost connection is made again, and how long is waited before the first time; twice as long each time.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(250);
/// How many delegated sessions are watched.
const MAX_WATCHED: usize = 32;

/// Where an answer goes.
pub(crate) struct Output {
    json: bool,
    screen: Screen,
    view: View,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let screen = Screen::of_this_process();
        let view = View::new(screen.look());
        Self { json, screen, view }
    }

    fn event(&mut self, request: &RequestId, event: &AgentEvent, is_own: bool) -> Result<()> {
        if self.json {
            // The raw events are those of the run that was asked for.
            if is_own {
                anstream::println!("{}", json_line(&serde_json::to_string(event)?));
            }
            return Ok(());
        }
        self.view.resize(self.screen.width());
        let mut outs = self.view.event(is_own.then_some(request), event);
        // What a run has used is for people, and why it failed is told once, at the end.
        let is_told_later = is_own && matches!(event.kind, AgentEventKind::AgentError { .. });
        outs.retain(|out| !matches!(out, Out::End(_)) || (self.screen.is_watched() && !is_told_later));
        self.write(&outs)
    }

    fn write(&mut self, outs: &[Out]) -> Result<()> {
        let live = if self.json { Vec::new() } else { self.view.live(SystemClock.now_ms()) };
        Ok(self.screen.show(outs, &live)?)
    }

    fn note(&mut self, text: &str) -> Result<()> {
        self.write(&[Out::Note(show::faint(text))])
    }
}

/// What the connection is asked for beside the run.
enum Done {
    Watching(Box<Result<Watch, ClientError>>),
    Answered(QuestionId, Result<(), ClientError>),
}

/// A question to an agent, under way.
struct Asking {
    client: Client,
    output: Output,
    request: RequestId,
    /// Sessions that tasks were handed to.
    watched: Vec<SessionKey>,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The first of them is being asked.
    questions: VecDeque<PendingQuestion>,
}

/// Asks, and returns when the request has ended.
pub(crate) async fn ask(options: ConnectOptions, request: AgentRequest, output: Output) -> Result<()> {
    let spinner = show::spinner("connecting");
    let client = Client::connect(options).await;
    spinner.finish_and_clear();
    let client = client.map_err(|error| failure(&error))?;
    let mut run = client.request_agent(request.clone()).await.map_err(|error| failure(&error))?;
    let id = run.request_id().clone();
    let (watched, work, questions) = (Vec::new(), FuturesUnordered::new(), VecDeque::new());
    let mut asking = Asking { client, output, request: id, watched, work, questions };
    let ended = asking.until_end(&mut run, &request).await;
    asking.output.screen.finish()?;
    ended
}

impl Asking {
    async fn until_end(&mut self, run: &mut Run, request: &AgentRequest) -> Result<()> {
        let mut children: SelectAll<Watch> = SelectAll::new();
        let mut keyboard = Keyboard::of_this_process();
        let mut redraw = tokio::time::interval(Duration::from_secs(1));
        let mut interrupted = false;
        let mut error = None;
        loop {
            let may_ask = keyboard.is_there() && !self.questions.is_empty();
            tokio::select! {
                event = run.next_event() => match event {
                    Some(Ok(event)) => {
                        if let AgentEventKind::AgentError { error: why, .. } = &event.kind {
                            error = Some(why.to_string());
                        }
                        self.event(&event, true, &keyboard)?;
                    }
                    Some(Err(ClientError::Lost(why))) => {
                        children.clear();
                        *run = self.again(request, &why).await?;
                    }
                    Some(Err(error)) => return Err(failure(&error)),
                    None => return end(error, interrupted),
                },
                Some(frame) = children.next(), if !children.is_empty() => {
                    // A connection that is lost ends the run's events too.
                    if let Ok(frame) = frame {
                        self.event(&frame.payload, false, &keyboard)?;
                    }
                }
                Some(done) = self.work.next(), if !self.work.is_empty() => match done {
                    Done::Watching(watch) => children.extend(*watch),
                    Done::Answered(id, answered) => self.answered(id, answered, &keyboard)?,
                },
                line = keyboard.line(), if may_ask || keyboard.is_read() => self.line(line.as_deref())?,
                _ = redraw.tick(), if self.output.screen.look().live => self.output.write(&[])?,
                _ = tokio::signal::ctrl_c() => {
                    if std::mem::replace(&mut interrupted, true) {
                        return Err(Failure::Interrupted.into());
                    }
                    self.output.note("cancelling; Ctrl-C again leaves at once")?;
                    run.cancel().await.map_err(|error| failure(&error))?;
                }
            }
        }
    }

    fn event(&mut self, event: &AgentEvent, is_own: bool, keyboard: &Keyboard) -> Result<()> {
        self.output.event(&self.request, event, is_own)?;
        match &event.kind {
            AgentEventKind::QuestionAsked { question } => self.asked(question, keyboard),
            AgentEventKind::AgentSnapshot { question: Some(question), .. } => self.asked(question, keyboard),
            AgentEventKind::QuestionAnswered { question_id, .. } => {
                let was_first = self.questions.front().is_some_and(|first| first.id == *question_id);
                self.questions.retain(|question| question.id != *question_id);
                if was_first { self.ask_next(keyboard) } else { Ok(()) }
            }
            AgentEventKind::DelegateStart { child_session_id, .. } if !self.output.json => {
                self.watch(child_session_id.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn asked(&mut self, question: &PendingQuestion, keyboard: &Keyboard) -> Result<()> {
        if self.questions.iter().any(|known| known.id == question.id) {
            return Ok(());
        }
        self.questions.push_back(question.clone());
        // One after the other where they are answered here; all at once where they are not.
        match keyboard.is_there() {
            true if self.questions.len() > 1 => Ok(()),
            true => self.pose(question, question::hint(question)),
            false => self.pose(question, &question::elsewhere(question)),
        }
    }

    fn pose(&mut self, question: &PendingQuestion, hint: &str) -> Result<()> {
        let width = self.output.screen.width();
        let mut outs: Vec<Out> = question::asked(question, width).into_iter().map(Out::Note).collect();
        outs.push(Out::Note(show::faint(hint)));
        self.output.write(&outs)
    }

    fn ask_next(&mut self, keyboard: &Keyboard) -> Result<()> {
        match self.questions.front().cloned() {
            Some(question) if keyboard.is_there() => self.pose(&question, question::hint(&question)),
            _ => Ok(()),
        }
    }

    fn line(&mut self, line: Option<&str>) -> Result<()> {
        let Some(line) = line else {
            // Nobody will type any more: the run goes on when somebody answers elsewhere.
            let all: Vec<Out> =
                self.questions.iter().map(|question| Out::Note(show::faint(&question::elsewhere(question)))).collect();
            return self.output.write(&all);
        };
        let Some(question) = self.questions.front() else {
            return if line.trim().is_empty() { Ok(()) } else { self.output.note("nothing is asked; this was not sent") };
        };
        match question::read(question, line) {
            Some(answer) => {
                self.answer(answer);
                Ok(())
            }
            None => self.output.note(question::hint(question)),
        }
    }

    fn answer(&mut self, answer: AnswerRequest) {
        let (client, id) = (self.client.clone(), answer.question_id);
        self.work.push(async move { Done::Answered(id, client.answer(answer).await) }.boxed());
    }

    fn answered(&mut self, id: QuestionId, answered: Result<(), ClientError>, keyboard: &Keyboard) -> Result<()> {
        match answered {
            Ok(()) => {}
            Err(error @ ClientError::Refused(_)) => {
                self.output.note(&one_line(&error.to_string(), 400))?;
            }
            // The question is asked again with the run's snapshot, once the connection is back.
            Err(_) => return Ok(()),
        }
        self.questions.retain(|question| question.id != id);
        self.ask_next(keyboard)
    }

    fn watch(&mut self, session: SessionKey) {
        if self.watched.len() >= MAX_WATCHED || self.watched.contains(&session) {
            return;
        }
        self.watched.push(session.clone());
        let client = self.client.clone();
        self.work.push(async move { Done::Watching(Box::new(client.subscribe(session, None).await)) }.boxed());
    }

    /// Connects again. The same request under the same id goes on where it was, or has the outcome that it had.
    async fn again(&mut self, request: &AgentRequest, why: &str) -> Result<Run> {
        self.output.note(&format!("the connection was lost ({}): connecting again", one_line(why, 200)))?;
        self.questions.clear();
        self.work.clear();
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted.into()),
            }
            pause *= 2;
            match self.client.reconnect().await {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => return Err(failure(&error)),
                Err(error @ ClientError::Rejected(_)) => return Err(failure(&error)),
                Err(_) => {}
            }
        }
        for session in std::mem::take(&mut self.watched) {
            self.watch(session);
        }
        let run = self.client.request_agent_as(self.request.clone(), request.clone()).await;
        run.map_err(|error| failure(&error))
    }
}

fn end(error: Option<String>, interrupted: bool) -> Result<()> {
    match error {
        Some(_) if interrupted => Err(Failure::Interrupted.into()),
        Some(error) => Err(Failure::RunFailed(crate::cli::terminal::clean::visible(&error).into_owned()).into()),
        None => Ok(()),
    }
}

fn failure(error: &ClientError) -> anyhow::Error {
    let message = crate::cli::terminal::clean::visible(&error.to_string()).into_owned();
    match error {
        ClientError::Rejected(_) => Failure::Refused(format!("{message}; see `--token`")).into(),
        ClientError::Refused(_) => Failure::RunFailed(message).into(),
        _ => Failure::Unreachable(format!("{message}; `wingman gateway start` starts a gateway, `--local` does without")).into(),
    }
}
