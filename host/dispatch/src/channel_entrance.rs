//! The channels' entrance: messages of chat networks, whether a network sent them or a plugin fetched them. The bindings decide
//! whose they are. Durable before anybody is told so. What asks for no turn goes on to `aside`.

use crate::Dispatch;
use crate::aside::{Heard, sorted};
use crate::error::Refused;
use crate::fingerprint;
use crate::queue::Waiting;
use async_trait::async_trait;
use wingman_message::{
    AccountName, ChannelName, DeliveryId, Entrance, HttpReply, Inbound, Intake, IntakeError, Origin, Place, QueueMode,
    SessionKey, SessionSource, UnverifiedRequest, VerifiedRequest,
};
use wingman_store::{Accepted, MAX_MESSAGES_PER_DELIVERY, NewDelivery, StoreError};

/// Which of the operator's accounts messages came in by.
#[derive(Debug, Clone)]
pub(crate) struct Doorway {
    channel: ChannelName,
    account: Option<AccountName>,
}

/// What messages ask for.
#[derive(Debug, Clone, Copy)]
enum Asks {
    Turn,
    Nothing,
    /// Of a message that came before.
    Change,
}

impl Dispatch {
    /// Accepts messages of a chat network: when this returns, they are durable, repeats left out. Messages of one conversation are
    /// one turn. Messages of bots, and those in a group that are not addressed to the agent, ask for none: the session's next turn
    /// is shown the newest of them. The same holds for edits, deletions and reactions, but for those of a message that still waits
    /// for its turn, which is changed or cancelled.
    ///
    /// # Errors
    /// [`Refused::QueueFull`], [`Refused::Store`], [`Refused::ShuttingDown`]: what is missing may be handed over again, all of it.
    pub async fn channel(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        messages: Vec<Inbound>,
    ) -> Result<(), Refused> {
        let dispatch = self.clone();
        let doorway = Doorway { channel: channel.clone(), account: account.cloned() };
        self.run_to_end(async move { dispatch.accept_channel(&doorway, messages).await }).await
    }

    /// Verifies a request from outside, has the channel's component read it, and accepts what is in it. The answer is for the
    /// sender, who may have it because all is durable.
    ///
    /// # Errors
    /// [`Refused::NoEntrance`], [`Refused::Unverified`], [`Refused::Plugin`], and those of [`Self::channel`].
    pub async fn channel_request(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        request: UnverifiedRequest,
    ) -> Result<HttpReply, Refused> {
        let (dispatch, doorway) = (self.clone(), Doorway { channel: channel.clone(), account: account.cloned() });
        self.run_to_end(async move { dispatch.read_request(&doorway, request).await }).await
    }

    async fn read_request(&self, doorway: &Doorway, request: UnverifiedRequest) -> Result<HttpReply, Refused> {
        let Doorway { channel, account } = doorway;
        let (channel, account) = (channel, account.as_ref());
        let components = &self.entrances.components;
        let VerifiedRequest { request, seen } = components.verify(Entrance::Channel { channel, account }, request)?;
        let received = components.receive(channel, account, request).await?;
        self.accept_channel(doorway, received.messages).await?;
        if let Some(seen) = seen {
            seen.commit();
        }
        Ok(received.reply)
    }

    async fn accept_channel(&self, doorway: &Doorway, messages: Vec<Inbound>) -> Result<(), Refused> {
        let Heard { requests, overheard, amendments } = sorted(self.take_answers(doorway, messages).await?);
        // First, so that the turn that is asked for knows what was said around it.
        for (place, messages) in by_place(overheard) {
            self.accept_at(doorway, &place, messages, Asks::Nothing).await?;
        }
        for (place, messages) in by_place(requests) {
            self.accept_at(doorway, &place, messages, Asks::Turn).await?;
        }
        for amendment in amendments {
            let place = amendment.place.clone();
            self.accept_at(doorway, &place, vec![amendment], Asks::Change).await?;
        }
        Ok(())
    }

    /// Accepts what came in at one place, so many at a time as a delivery may hold.
    async fn accept_at(&self, doorway: &Doorway, place: &Place, messages: Vec<Inbound>, asks: Asks) -> Result<(), Refused> {
        let session = self.registry.roster.router().route(place).session;
        if let Err(refused @ Refused::AgentDisabled(_)) = self.registry.roster.taking(session.agent()) {
            // A network that is told to try again would do so for ever, and what comes behind it would wait.
            tracing::warn!(channel = %doorway.channel, %session, reason = %refused, "messages are not taken");
            return Ok(());
        }
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let some = messages.by_ref().take(MAX_MESSAGES_PER_DELIVERY).collect();
            let accepted = match asks {
                Asks::Turn => self.accept_conversation(doorway, session.clone(), some).await,
                Asks::Nothing => self.overhear(doorway, session.clone(), some).await,
                Asks::Change => self.amend(doorway, session.clone(), some).await,
            };
            match accepted {
                // Whoever hands it over again is refused again, for ever, and with it all that comes behind it.
                Err(Refused::Store(StoreError::Invalid(reason))) => {
                    tracing::error!(channel = %doorway.channel, %session, %reason, "messages cannot be kept, and are dropped");
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Takes out what answers a question that its sender was asked at its place. It has no turn of its own, and need not name the
    /// agent.
    async fn take_answers(&self, doorway: &Doorway, messages: Vec<Inbound>) -> Result<Vec<Inbound>, Refused> {
        let mut others = Vec::with_capacity(messages.len());
        for mut message in messages {
            message.place.channel = doorway.channel.clone();
            if let Some(account) = &doorway.account {
                message.place.account = Some(account.to_string());
            }
            let says_nothing = message.text.trim().is_empty();
            if !message.kind.is_message() || is_by_bot(&message) || says_nothing || !self.answers(doorway, &message).await? {
                others.push(message);
            }
        }
        Ok(others)
    }

    async fn answers(&self, doorway: &Doorway, message: &Inbound) -> Result<bool, Refused> {
        let session = self.registry.roster.router().route(&message.place).session;
        let store = self.store.agent(session.agent()).await?;
        let sender = message.sender.as_ref().map(|sender| sender.id.as_str());
        let Some(question) = store.open_question_at(&session, &message.place, sender).await? else { return Ok(false) };
        let new = self.channel_delivery(doorway, session.clone(), vec![message.clone()], QueueMode::Queue);
        match store.accept_answer(new, question.id, question.answer_of(&message.text)).await {
            Ok(Accepted::New { .. }) => {
                self.go_on(&session).await?;
                Ok(true)
            }
            // It came before, and was a message like any other then; or somebody else was faster, and it is one now.
            Ok(Accepted::Duplicate { .. } | Accepted::Full { .. }) | Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn channel_delivery(
        &self,
        doorway: &Doorway,
        session: SessionKey,
        messages: Vec<Inbound>,
        mode: QueueMode,
    ) -> NewDelivery {
        let now = self.clock.now_ms();
        let Doorway { channel, account } = doorway.clone();
        let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        NewDelivery {
            id: DeliveryId::new(now),
            scope: format!("channel:{}", doorway.channel),
            session,
            session_name: None,
            source: SessionSource::Channel,
            origin: Origin::Channel { channel, account },
            received_at: now,
            fingerprint: fingerprint::of_bytes(ids.join("\n").as_bytes()),
            raw: None,
            messages,
            max_queued: self.limits.queued_per_session,
            mode,
        }
    }

    async fn accept_conversation(&self, doorway: &Doorway, session: SessionKey, messages: Vec<Inbound>) -> Result<(), Refused> {
        let place = messages.first().map(|message| message.place.clone());
        let mode = match self.registry.agent(session.agent())?.info().queue_mode {
            // A network hands a refused message over again, for ever: it waits instead.
            QueueMode::Reject => QueueMode::Queue,
            mode => mode,
        };
        let new = self.channel_delivery(doorway, session.clone(), messages, mode);
        let origin = new.origin.clone();
        match self.store.agent(session.agent()).await?.accept(new).await? {
            Accepted::New { delivery, ordinal, messages, .. } => {
                if messages > 0 {
                    let waiting = Waiting::new(delivery, &origin, place.as_ref(), mode);
                    self.registry.enqueue(&session, ordinal, waiting).await?;
                }
                Ok(())
            }
            Accepted::Duplicate { .. } => Ok(()),
            Accepted::Full { queued } => Err(Refused::QueueFull { queued }),
        }
    }
}

#[async_trait]
impl Intake for Dispatch {
    async fn take(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        messages: Vec<Inbound>,
    ) -> Result<(), IntakeError> {
        self.channel(channel, account, messages).await.map_err(|refused| IntakeError(refused.to_string()))
    }

    fn renewed(&self) {
        self.registry.shared.couriers.renewed();
    }
}

/// Messages by conversation, each in the order in which they came. An answer goes to one place, so that two conversations of one
/// session are two turns.
fn by_place(messages: Vec<Inbound>) -> Vec<(Place, Vec<Inbound>)> {
    let mut conversations: Vec<(Place, Vec<Inbound>)> = Vec::new();
    for message in messages {
        match conversations.iter_mut().find(|(place, _)| *place == message.place) {
            Some((_, conversation)) => conversation.push(message),
            None => conversations.push((message.place.clone(), vec![message])),
        }
    }
    conversations
}

pub(crate) fn is_by_bot(message: &Inbound) -> bool {
    message.sender.as_ref().is_some_and(|sender| sender.is_bot)
}
