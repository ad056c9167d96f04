//! One loaded plugin: its calls, each admitted, made in a fresh instance, and held against its record.

use crate::access::{Access, Accounts};
use crate::actor::Polled;
use crate::breaker::Breaker;
use crate::host::Health;
use crate::operator::PluginSettings;
use crate::sandbox::{self, Sandbox, Subject};
use crate::v0_1::{self, Speaker};
use bytes::Bytes;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use wingman_manifest::Manifest;
use wingman_message::{
    AccountName, ChannelName, HttpRequest, Inbound, Outbound, Place, PluginFailure, PluginState, PluginStatus, Receipt, Received,
    ToolInvocation, ToolOutput, ToolProgress, ToolSpec, WebhookDelivery,
};

/// A plugin that can be called. It never changes: another version, or another word of the operator, is another value.
pub(crate) struct Plugin {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) built_in: bool,
    pub(crate) entry: Arc<v0_1::Entry>,
    pub(crate) settings: PluginSettings,
    pub(crate) accounts: Accounts,
    /// What the operator should know of its grants and accounts.
    pub(crate) notes: Vec<String>,
    /// The tools that it offers in its unnamed account, as it calls them; for a plugin of kind tool.
    pub(crate) tools: Vec<ToolSpec>,
    /// Calls of this plugin at once.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) breaker: Arc<Breaker>,
}

/// Where calls are made, and the admission to it. It lets in fewer than the pool holds, so the pool is never exhausted.
pub(crate) struct Stage {
    pub(crate) sandbox: Arc<Sandbox>,
    /// Calls at once.
    pub(crate) slots: Semaphore,
    /// Sockets that are kept and networks that are being asked, at once.
    pub(crate) actor_slots: Semaphore,
    pub(crate) wait: Duration,
}

/// One call in a fresh instance: `guest` asks, `check` reads what came back. Boxed: it is large, and is handed on several times.
macro_rules! fresh {
    ($self:ident, $stage:ident, $subject:expr, |$store:ident, $at:ident| $guest:expr, |$returned:ident| $check:expr) => {
        Box::pin(async {
            let (mut store, timer) = $stage.sandbox.enter($subject, $self.manifest.limits);
            let guest = async {
                let $store = &mut store;
                let instance = $self.entry.instantiate($store).await?;
                let $at = &instance;
                $guest.await
            };
            let outcome = timer.drive(guest).await;
            let $returned = outcome.map_err(|stop| sandbox::explain(stop, store.data()))?;
            let $store = store.data();
            let checked: Result<_, PluginFailure> = $check;
            checked.map_err(|failure| $store.blamed(failure))
        })
    };
}

impl Plugin {
    /// What the plugin may reach in this account.
    pub(crate) fn access(&self, account: Option<&AccountName>) -> Result<&Arc<Access>, PluginFailure> {
        let access = self.accounts.get(&account.cloned()).ok_or_else(|| {
            let which = account.map_or_else(|| "an unnamed account".to_owned(), |name| format!("the account `{name}`"));
            PluginFailure::Unavailable(format!(
                "`{}` is not configured for {which}: give it one under plugins.use in the configuration",
                self.manifest.name
            ))
        })?;
        match &access.broken {
            Some(why) => Err(PluginFailure::Unavailable(format!("`{}` cannot be used: {why}", self.manifest.name))),
            None => Ok(access),
        }
    }

    /// The account that a place belongs to: the configured one of that name, or else the unnamed one.
    pub(crate) fn account_of(&self, place: &Place) -> Option<AccountName> {
        let named = place.account.as_ref().and_then(|name| AccountName::new(name).ok());
        named.filter(|name| self.accounts.contains_key(&Some(name.clone())))
    }

    pub(crate) fn subject(
        &self,
        account: Option<&AccountName>,
        progress: Option<ToolProgress>,
    ) -> Result<Subject, PluginFailure> {
        let access = Arc::clone(self.access(account)?);
        Ok(Subject { manifest: Arc::clone(&self.manifest), access, progress })
    }

    /// Calls `normalize`.
    pub(crate) async fn normalize(
        &self,
        stage: &Stage,
        channel: &ChannelName,
        delivery: WebhookDelivery,
    ) -> Result<Vec<Inbound>, PluginFailure> {
        let subject = self.subject(None, None)?;
        let mut delivery = v0_1::delivery(delivery, stage.sandbox.clock.now_ms());
        if delivery.settings.is_empty() {
            delivery.settings.clone_from(&subject.access.settings);
        }
        let from = Speaker { channel, account: None };
        let call = fresh!(self, stage, subject, |store, at| self.entry.normalize(store, at, &delivery), |returned| {
            v0_1::normalized(returned, from, &self.manifest.limits)
        });
        self.guarded(stage, call).await
    }

    /// Calls `receive`.
    pub(crate) async fn receive(
        &self,
        stage: &Stage,
        from: Speaker<'_>,
        request: HttpRequest,
    ) -> Result<Received, PluginFailure> {
        let subject = self.subject(from.account, None)?;
        let request = v0_1::request(request);
        let call = fresh!(self, stage, subject, |store, at| self.entry.receive(store, at, &request), |returned| {
            v0_1::received(returned, from, &self.manifest.limits)
        });
        self.guarded(stage, call).await
    }

    /// Calls `deliver`.
    pub(crate) async fn deliver(&self, stage: &Stage, outbound: Outbound) -> Result<Receipt, PluginFailure> {
        let subject = self.subject(self.account_of(&outbound.place).as_ref(), None)?;
        let outbound = v0_1::outbound(outbound);
        let call = fresh!(self, stage, subject, |store, at| self.entry.deliver(store, at, &outbound), |returned| {
            let blamed = |failure: PluginFailure| store.blamed(failure);
            v0_1::receipt(returned, &self.manifest.limits)
                .map(|receipt| Receipt { unfinished: receipt.unfinished.map(blamed), ..receipt })
        });
        self.guarded(stage, call).await
    }

    /// Calls `typing`.
    pub(crate) async fn typing(&self, stage: &Stage, place: &Place, context: Option<&str>) -> Result<Duration, PluginFailure> {
        let subject = self.subject(self.account_of(place).as_ref(), None)?;
        let place = v0_1::place(place);
        let call = fresh!(self, stage, subject, |store, at| self.entry.typing(store, at, &place, context), |returned| {
            returned.map(|ms| Duration::from_millis(ms.into())).map_err(v0_1::failure)
        });
        self.guarded(stage, call).await
    }

    /// Calls `react`.
    pub(crate) async fn react(
        &self,
        stage: &Stage,
        place: &Place,
        (message, emoji): (&str, Option<&str>),
    ) -> Result<(), PluginFailure> {
        let subject = self.subject(self.account_of(place).as_ref(), None)?;
        let place = v0_1::place(place);
        let call = fresh!(self, stage, subject, |store, at| self.entry.react(store, at, (&place, message, emoji)), |returned| {
            returned.map_err(v0_1::failure)
        });
        self.guarded(stage, call).await
    }

    /// Calls `locate`, and fetches the file under the plugin's grants: its media type, and the bytes.
    pub(crate) async fn fetch(
        &self,
        stage: &Stage,
        account: Option<&AccountName>,
        reference: &str,
    ) -> Result<(String, Bytes), PluginFailure> {
        let subject = self.subject(account, None)?;
        let call = Box::pin(async {
            let (mut store, timer) = stage.sandbox.enter(subject, self.manifest.limits);
            let guest = async {
                let instance = self.entry.instantiate(&mut store).await?;
                self.entry.locate(&mut store, &instance, reference).await
            };
            let outcome = timer.drive(guest).await;
            let request = outcome.map_err(|stop| sandbox::explain(stop, store.data()))?.map_err(v0_1::failure)?;
            v0_1::download(store.data_mut(), request).await.map_err(v0_1::failure)
        });
        self.guarded(stage, call).await
    }

    /// Calls `register`, or `unregister` where there is no address.
    pub(crate) async fn register(
        &self,
        stage: &Stage,
        account: Option<&AccountName>,
        public_url: Option<&str>,
    ) -> Result<(), PluginFailure> {
        let subject = self.subject(account, None)?;
        match public_url {
            Some(url) => {
                let call = fresh!(self, stage, subject, |store, at| self.entry.register(store, at, url), |returned| {
                    returned.map_err(v0_1::failure)
                });
                self.guarded(stage, call).await
            }
            None => {
                let call = fresh!(self, stage, subject, |store, at| self.entry.unregister(store, at), |returned| {
                    returned.map_err(v0_1::failure)
                });
                self.guarded(stage, call).await
            }
        }
    }

    /// Calls `probe`.
    pub(crate) async fn probe(&self, stage: &Stage, account: Option<&AccountName>) -> Result<Health, PluginFailure> {
        let subject = self.subject(account, None)?;
        let call = fresh!(self, stage, subject, |store, at| self.entry.probe(store, at), |returned| v0_1::health(returned));
        self.guarded(stage, call).await
    }

    /// Calls `poll`. It takes none of the slots for calls, but one of those for actors: an account asks one question at a time,
    /// and may wait for long.
    pub(crate) async fn poll(&self, stage: &Stage, from: Speaker<'_>, cursor: Option<&str>) -> Result<Polled, PluginFailure> {
        let subject = self.subject(from.account, None)?;
        let _slot = stage.actor_slots.acquire().await;
        let call = fresh!(self, stage, subject, |store, at| self.entry.poll(store, at, cursor), |returned| {
            v0_1::polled(returned, from, &self.manifest.limits)
        });
        self.judged(stage, call).await
    }

    /// Calls `tools`.
    pub(crate) async fn list_tools(&self, stage: &Stage) -> Result<Vec<ToolSpec>, PluginFailure> {
        let subject = self.subject(None, None)?;
        let call = fresh!(self, stage, subject, |store, at| self.entry.tools(store, at), |returned| {
            v0_1::tools(returned.map_err(v0_1::failure)?, &self.manifest.limits)
        });
        self.guarded(stage, call).await
    }

    /// Calls the tool that the plugin calls `tool`.
    pub(crate) async fn call(&self, stage: &Stage, tool: &str, invocation: &ToolInvocation) -> Result<ToolOutput, PluginFailure> {
        let subject = self.subject(None, Some(invocation.progress.clone()))?;
        let asked = v0_1::invocation(tool, invocation);
        let call = fresh!(self, stage, subject, |store, at| self.entry.call(store, at, &asked), |returned| {
            v0_1::tool_output(returned, &self.manifest.limits)
        });
        self.guarded(stage, call).await
    }

    /// Makes a call if the breaker and the slots allow it, and tells the breaker how it went.
    async fn guarded<R>(
        &self,
        stage: &Stage,
        call: impl Future<Output = Result<R, PluginFailure>> + Send,
    ) -> Result<R, PluginFailure> {
        let admitted = async {
            let slots = async {
                // Its own slots first: whoever waits for these holds none of everyone's.
                let own = self.slots.acquire().await;
                (own, stage.slots.acquire().await)
            };
            let Ok((Ok(_own), Ok(_shared))) = tokio::time::timeout(stage.wait, slots).await else {
                return Err(PluginFailure::Busy);
            };
            call.await
        };
        self.judged(stage, admitted).await
    }

    /// Makes a call if the breaker allows it, and tells the breaker how it went.
    pub(crate) async fn judged<R>(
        &self,
        stage: &Stage,
        call: impl Future<Output = Result<R, PluginFailure>> + Send,
    ) -> Result<R, PluginFailure> {
        let (name, clock) = (&self.manifest.name, &stage.sandbox.clock);
        let entered = self.breaker.enter(clock.now_ms());
        let leave = entered.map_err(|reason| PluginFailure::Quarantined { name: name.clone(), reason })?;
        let outcome = call.await;
        if let Err(failure) = &outcome
            && failure.is_misbehaviour()
        {
            tracing::warn!(plugin = %name, %failure, "a plugin misbehaved; its call failed");
        }
        leave.settle(&outcome, clock.now_ms());
        outcome
    }

    pub(crate) fn status(&self) -> PluginStatus {
        let standing = self.breaker.standing();
        let mut grants = self.entry.imports.clone();
        grants.extend(crate::access::in_words(&self.manifest, &self.settings, self.built_in));
        PluginStatus {
            name: self.manifest.name.to_string(),
            version: self.manifest.version.to_string(),
            kind: self.manifest.kind.to_string(),
            contract: self.manifest.contract.to_string(),
            built_in: self.built_in,
            grants,
            state: if standing.quarantined { PluginState::Quarantined } else { PluginState::Ready },
            failures: standing.failures,
            last_error: standing.last_error,
            notes: self.notes.clone(),
        }
    }
}
