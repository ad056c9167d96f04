//! The clients' entrance: from a request as a client wrote it to a place in a session's queue.

use crate::error::Refused;
use crate::fingerprint;
use crate::queue::Waiting;
use crate::{Dispatch, What, hub};
use bytes::Bytes;
use std::sync::Arc;
use wingman_message::{
    AgentId, ChannelName, ClientId, DeliveryId, Header, HttpRequest, Inbound, Origin, Place, PluginFailure, QueueMode, RequestId,
    SessionKey, SessionSource,
};
use wingman_store::{Accepted, DeliveryRecord, NewDelivery, Original, StoreError};

/// A client's request, not yet normalised.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    /// The client.
    pub client: ClientId,
    /// Its name for the request; the same name again is the same request.
    pub request: RequestId,
    /// The agent, where the client chooses it.
    pub agent: Option<AgentId>,
    /// The session, where the client chooses it.
    pub session: Option<SessionKey>,
    /// The network that the client speaks for, where it is not the clients' own.
    pub channel: Option<ChannelName>,
    /// What it does where the session is busy; the agent's own mode where the client does not say.
    pub mode: Option<QueueMode>,
    /// The request's payload: a JSON object, as the client sent it.
    pub payload: Bytes,
}

/// A request that is normalised and routed, and not yet accepted.
#[derive(Debug)]
pub struct Prepared {
    request: ClientRequest,
    fingerprint: [u8; 32],
    session: SessionKey,
    messages: Vec<Inbound>,
}

impl Prepared {
    /// The session that the request is for.
    #[must_use]
    pub fn session(&self) -> &SessionKey {
        &self.session
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Submitted {
    /// It is accepted: whatever happens now, it will be answered.
    Accepted {
        /// How many requests stand before it.
        position: usize,
    },
    /// It was accepted earlier, and is not finished.
    InFlight,
    /// It was accepted earlier, and this is what came of it.
    Finished(What),
}

impl Dispatch {
    /// Normalises and routes a request. Nothing is kept.
    ///
    /// # Errors
    /// [`Refused`] when the component cannot use it, or no agent or session fits.
    pub async fn prepare(&self, request: ClientRequest) -> Result<Prepared, Refused> {
        let fingerprint = fingerprint::of_json(&request.payload);
        let url =
            format!("/clients/{}/requests/{}", path_segment(request.client.as_str()), path_segment(request.request.as_str()));
        let call = HttpRequest {
            method: "POST".to_owned(),
            url,
            headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
            body: request.payload.clone(),
        };
        let entrance = &self.entrances.client_channel;
        let received = self.entrances.components.receive(entrance, None, call).await?;
        let Some(first) = received.messages.first() else {
            return Err(Refused::Plugin(PluginFailure::InvalidOutput("a request of a client gave no message".to_owned())));
        };
        let place = Place { channel: request.channel.clone().unwrap_or_else(|| entrance.clone()), ..first.place.clone() };
        let session = self.session_for(request.agent.as_ref(), request.session.as_ref(), &place)?;
        Ok(Prepared { request, fingerprint, session, messages: received.messages })
    }

    /// Accepts a request: when this returns, it is durable.
    ///
    /// # Errors
    /// [`Refused`]; nothing is kept.
    pub async fn submit(&self, prepared: Prepared) -> Result<Submitted, Refused> {
        let dispatch = self.clone();
        // A task of its own: a client that goes away between "stored" and "told the session" must not leave a request behind.
        self.run_to_end(async move { dispatch.submit_now(prepared).await }).await
    }

    async fn submit_now(&self, prepared: Prepared) -> Result<Submitted, Refused> {
        let Prepared { request, fingerprint, session, messages } = prepared;
        if let Some((agent, record)) = self.find_request(&request.client, &request.request).await? {
            return self.repeat(&agent, &record, &request.request, fingerprint).await;
        }
        let now = self.clock.now_ms();
        let origin = Origin::Client { client: request.client.clone(), request: request.request.clone() };
        let mode = request.mode.unwrap_or(self.registry.agent(session.agent())?.info().queue_mode);
        let max_queued = if mode == QueueMode::Reject { 1 } else { self.limits.queued_per_session };
        let new = NewDelivery {
            id: DeliveryId::new(now),
            scope: "client".to_owned(),
            session: session.clone(),
            session_name: None,
            source: SessionSource::Client,
            origin: origin.clone(),
            received_at: now,
            fingerprint,
            raw: Some(Original { content_type: "application/json".to_owned(), headers: Vec::new(), body: request.payload }),
            messages,
            max_queued,
            mode,
        };
        match self.store.agent(session.agent()).await?.accept(new).await? {
            Accepted::New { delivery, ordinal, .. } => {
                let waiting = Waiting::new(delivery, &origin, None, mode);
                let position = self.registry.enqueue(&session, ordinal, waiting).await?;
                Ok(Submitted::Accepted { position })
            }
            Accepted::Duplicate { delivery, .. } => {
                let record = self.store.agent(session.agent()).await?.delivery(delivery).await?;
                let record = record.ok_or_else(|| Refused::IdReused(request.request.clone()))?;
                self.repeat(session.agent(), &record, &request.request, fingerprint).await
            }
            Accepted::Full { .. } if mode == QueueMode::Reject => Err(Refused::SessionBusy),
            Accepted::Full { queued } => Err(Refused::QueueFull { queued }),
        }
    }

    /// A request id that was used before: for the same request, what came of it; for another, an error.
    async fn repeat(
        &self,
        agent: &AgentId,
        record: &DeliveryRecord,
        request: &RequestId,
        fingerprint: [u8; 32],
    ) -> Result<Submitted, Refused> {
        if record.fingerprint != fingerprint {
            return Err(Refused::IdReused(request.clone()));
        }
        if !record.state.is_finished() {
            return Ok(Submitted::InFlight);
        }
        let answer = match record.answer {
            Some(answer) => self.store.agent(agent).await?.message(answer).await?,
            None => None,
        };
        Ok(Submitted::Finished(match answer {
            Some(answer) => hub::stored_event(&record.session, &Arc::new(answer)).what,
            None => What::Failed { answer: None, error: "the request was cancelled".into() },
        }))
    }

    /// The request, in whichever agent's store it is: a client may have named another agent the first time.
    async fn find_request(
        &self,
        client: &ClientId,
        request: &RequestId,
    ) -> Result<Option<(AgentId, DeliveryRecord)>, StoreError> {
        for agent in self.registry.agents() {
            let id = &agent.info().id;
            if let Some(record) = self.store.agent(id).await?.delivery_by_request(client, request).await? {
                return Ok(Some((id.clone(), record)));
            }
        }
        Ok(None)
    }

    /// The session that a client's words are for: the one it names, or its agent's for the place, or the routed one.
    fn session_for(&self, agent: Option<&AgentId>, session: Option<&SessionKey>, place: &Place) -> Result<SessionKey, Refused> {
        let session = match (agent, session) {
            (Some(agent), Some(session)) if agent != session.agent() => {
                return Err(Refused::ForeignSession { session: session.clone(), agent: agent.clone() });
            }
            (_, Some(session)) => session.clone(),
            (Some(agent), None) => self.registry.roster.router().session(agent, place),
            (None, None) => self.registry.roster.router().route(place).session,
        };
        self.registry.roster.taking(session.agent())?;
        Ok(session)
    }
}

/// Percent-encodes what would end or confuse a path segment (RFC 3986, 3.3).
fn path_segment(id: &str) -> String {
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}
