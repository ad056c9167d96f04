//! The network in memory, and the components that speak to it: they keep what was sent, and fail as they are told.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use wingman_message::{
    AccountName, ChannelName, ChannelSkills, Components, Entrance, HttpReply, HttpRequest, Inbound, InboundKind, Outbound, Phase,
    Place, PluginFailure, PluginName, PluginStatus, Receipt, Received, Seen, Unverified, UnverifiedRequest, VerifiedRequest,
    WebhookDelivery,
};

pub(crate) struct Network {
    /// It can change what it shows; if not, it says so to the first words.
    pub(crate) edits: AtomicBool,
    pub(crate) types: AtomicBool,
    /// What the next calls come to, one each; then all succeed.
    pub(crate) next: Mutex<VecDeque<Result<Receipt, PluginFailure>>>,
    /// While it is closed, calls wait.
    gate: watch::Sender<bool>,
    /// What requests and deliveries hold.
    pub(crate) messages: Mutex<Vec<Inbound>>,
    pub(crate) committed: std::sync::Arc<AtomicUsize>,
    pub(crate) presets_fail: AtomicBool,
    at_once: AtomicUsize,
    pub(crate) overlapped: AtomicBool,
    calls: watch::Sender<Vec<Outbound>>,
    typed: watch::Sender<usize>,
    /// What the next reactions come to; then all succeed.
    next_reactions: Mutex<VecDeque<PluginFailure>>,
    reactions: watch::Sender<Vec<(String, Option<String>)>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            edits: true.into(),
            types: false.into(),
            next: Mutex::default(),
            gate: watch::Sender::new(true),
            messages: Mutex::default(),
            committed: std::sync::Arc::default(),
            presets_fail: false.into(),
            at_once: AtomicUsize::new(0),
            overlapped: false.into(),
            calls: watch::Sender::new(Vec::new()),
            typed: watch::Sender::new(0),
            next_reactions: Mutex::default(),
            reactions: watch::Sender::default(),
        }
    }
}

impl Network {
    pub(crate) fn fails(&self, failures: impl IntoIterator<Item = PluginFailure>) {
        self.next.lock().unwrap().extend(failures.into_iter().map(Err));
    }

    pub(crate) fn open(&self, open: bool) {
        self.gate.send_replace(open);
    }

    pub(crate) fn sent(&self) -> Vec<Outbound> {
        self.calls.borrow().clone()
    }

    /// The calls so far, once they are what is waited for.
    pub(crate) async fn until(&self, enough: impl Fn(&[Outbound]) -> bool) -> Vec<Outbound> {
        let mut calls = self.calls.subscribe();
        let waiting = calls.wait_for(|calls| enough(calls));
        match tokio::time::timeout(Duration::from_secs(10), waiting).await {
            Ok(calls) => calls.unwrap().clone(),
            Err(_) => panic!("it never came so far: {:?}", self.sent()),
        }
    }

    /// The whole replies so far, once there are so many.
    pub(crate) async fn finished(&self, count: usize) -> Vec<Outbound> {
        let finished = |calls: &[Outbound]| calls.iter().filter(|call| call.phase == Phase::Finish).count();
        let calls = self.until(|calls| finished(calls) >= count).await;
        calls.into_iter().filter(|call| call.phase == Phase::Finish).collect()
    }

    pub(crate) fn fails_to_react(&self, failures: impl IntoIterator<Item = PluginFailure>) {
        self.next_reactions.lock().unwrap().extend(failures);
    }

    /// The reactions so far, failed ones too, once there are so many.
    pub(crate) async fn reacted(&self, count: usize) -> Vec<(String, Option<String>)> {
        let mut reactions = self.reactions.subscribe();
        let waiting = reactions.wait_for(|reactions| reactions.len() >= count);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap().clone()
    }

    pub(crate) async fn typed(&self, times: usize) {
        let mut typed = self.typed.subscribe();
        tokio::time::timeout(Duration::from_secs(10), typed.wait_for(|typed| *typed >= times)).await.unwrap().unwrap();
    }
}

/// Counts what was durable when it was remembered.
struct Signature(std::sync::Arc<AtomicUsize>);

impl Seen for Signature {
    fn commit(self: Box<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Components for Network {
    async fn normalize(&self, _: &PluginName, _: WebhookDelivery) -> Result<Vec<Inbound>, PluginFailure> {
        if self.presets_fail.load(Ordering::SeqCst) {
            return Err(PluginFailure::Trapped("unreachable".into()));
        }
        Ok(self.messages.lock().unwrap().clone())
    }

    async fn receive(
        &self,
        channel: &ChannelName,
        _: Option<&AccountName>,
        request: HttpRequest,
    ) -> Result<Received, PluginFailure> {
        if channel.as_str() == "client" {
            return Ok(said_by_client(channel, &request));
        }
        let reply = HttpReply { status: 200, headers: vec![], body: request.body };
        Ok(Received { reply, messages: self.messages.lock().unwrap().clone() })
    }

    fn has_rules(&self, preset: &PluginName) -> bool {
        preset.as_str() == "signed"
    }

    fn verify(&self, entrance: Entrance<'_>, request: UnverifiedRequest) -> Result<VerifiedRequest, Unverified> {
        let secret = match entrance {
            Entrance::Channel { channel, .. } if channel.as_str() != "parlor" => {
                return Err(Unverified::NoEntrance("no such channel".into()));
            }
            Entrance::Channel { .. } => "the channel's",
            Entrance::Preset { secret, .. } => secret,
        };
        let signature = request.request.headers.iter().find(|header| header.name == "x-signature");
        if signature.is_none_or(|signature| signature.value != secret) {
            return Err(Unverified::Refused("the signature is wrong".into()));
        }
        let seen = Some(Box::new(Signature(self.committed.clone())) as Box<dyn Seen>);
        Ok(VerifiedRequest { request: request.request, seen })
    }

    async fn deliver(&self, outbound: Outbound) -> Result<Receipt, PluginFailure> {
        if self.at_once.fetch_add(1, Ordering::SeqCst) > 0 {
            self.overlapped.store(true, Ordering::SeqCst);
        }
        let n = {
            let mut n = 0;
            self.calls.send_modify(|calls| {
                calls.push(outbound.clone());
                n = calls.len();
            });
            n
        };
        self.gate.subscribe().wait_for(|open| *open).await.unwrap();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if let Some(told) = self.next.lock().unwrap().pop_front() {
            return told;
        }
        let edits = self.edits.load(Ordering::SeqCst);
        if !edits && outbound.phase != Phase::Finish {
            return Err(PluginFailure::Unsupported("messages cannot be edited".into()));
        }
        let ids = if outbound.previous.is_empty() { vec![format!("m-{n}")] } else { outbound.previous };
        Ok(Receipt { ids, edit_after: edits.then_some(Duration::from_millis(10)), unfinished: None })
    }

    async fn typing(&self, _: &Place, _: Option<&str>) -> Result<Duration, PluginFailure> {
        self.typed.send_modify(|typed| *typed += 1);
        Ok(Duration::from_millis(1))
    }

    async fn react(&self, _: &Place, message: &str, emoji: Option<&str>) -> Result<(), PluginFailure> {
        self.reactions.send_modify(|reactions| reactions.push((message.to_owned(), emoji.map(str::to_owned))));
        self.next_reactions.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }

    fn skills(&self, _: &ChannelName) -> Option<ChannelSkills> {
        Some(ChannelSkills { presence: self.types.load(Ordering::SeqCst) })
    }

    fn list(&self) -> Vec<PluginStatus> {
        Vec::new()
    }
}

/// A client's request: its payload's `content`, under the id in its address.
fn said_by_client(channel: &ChannelName, request: &HttpRequest) -> Received {
    let payload: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let message = Inbound {
        id: request.url.clone(),
        kind: InboundKind::Message,
        place: Place::of(channel.clone()),
        sender: None,
        text: payload["content"].as_str().unwrap().to_owned(),
        attachments: vec![],
        mentioned: true,
        reply_to: None,
        sent_at: None,
        facts: vec![],
        context: None,
    };
    Received { reply: HttpReply { status: 200, headers: vec![], body: "".into() }, messages: vec![message] }
}
