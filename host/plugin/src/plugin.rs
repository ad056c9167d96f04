//! One loaded plugin: its calls, each admitted, made in a fresh instance, and held against its record.

use crate::breaker::Breaker;
use crate::manifest::Manifest;
use crate::sandbox::{self, Sandbox};
use crate::v0_1;
use std::future::Future;
use std::time::Duration;
use tokio::sync::Semaphore;
use wingman_message::{ChannelName, HttpRequest, Inbound, PluginFailure, PluginState, PluginStatus, Received, WebhookDelivery};

/// A plugin that can be called.
pub(crate) struct Plugin {
    pub(crate) manifest: Manifest,
    pub(crate) built_in: bool,
    pub(crate) entry: v0_1::Entry,
    /// Calls of this plugin at once.
    pub(crate) slots: Semaphore,
    pub(crate) breaker: Breaker,
}

/// Admission to the sandbox, shared by all plugins. It lets in fewer than the pool holds, so the pool is never exhausted.
pub(crate) struct Gate {
    pub(crate) slots: Semaphore,
    pub(crate) wait: Duration,
}

impl Plugin {
    /// Calls `normalize`.
    pub(crate) async fn normalize(
        &self,
        sandbox: &Sandbox,
        gate: &Gate,
        channel: &ChannelName,
        delivery: WebhookDelivery,
    ) -> Result<Vec<Inbound>, PluginFailure> {
        let call = async {
            let limits = self.manifest.limits;
            let delivery = v0_1::delivery(delivery, sandbox.clock.now_ms());
            let (mut store, timer) = sandbox.enter(&self.manifest.name, limits);
            let outcome = timer.drive(self.entry.normalize(&mut store, &delivery)).await;
            v0_1::normalized(outcome.map_err(|stop| sandbox::explain(stop, store.data()))?, channel, &limits)
        };
        self.guarded(sandbox, gate, call).await
    }

    /// Calls `receive`.
    pub(crate) async fn receive(
        &self,
        sandbox: &Sandbox,
        gate: &Gate,
        channel: &ChannelName,
        request: HttpRequest,
    ) -> Result<Received, PluginFailure> {
        let call = async {
            let limits = self.manifest.limits;
            let request = v0_1::request(request);
            let (mut store, timer) = sandbox.enter(&self.manifest.name, limits);
            let outcome = timer.drive(self.entry.receive(&mut store, &request)).await;
            v0_1::received(outcome.map_err(|stop| sandbox::explain(stop, store.data()))?, channel, &limits)
        };
        self.guarded(sandbox, gate, call).await
    }

    /// Makes a call if the breaker and the slots allow it, and tells the breaker how it went.
    async fn guarded<R>(
        &self,
        sandbox: &Sandbox,
        gate: &Gate,
        call: impl Future<Output = Result<R, PluginFailure>> + Send,
    ) -> Result<R, PluginFailure> {
        let name = &self.manifest.name;
        let leave = self
            .breaker
            .enter(sandbox.clock.now_ms())
            .map_err(|reason| PluginFailure::Quarantined { name: name.clone(), reason })?;
        let slots = async {
            // Its own slots first: whoever waits for these holds none of everyone's.
            let own = self.slots.acquire().await;
            (own, gate.slots.acquire().await)
        };
        let Ok((Ok(_own), Ok(_shared))) = tokio::time::timeout(gate.wait, slots).await else { return Err(PluginFailure::Busy) };
        let outcome = call.await;
        if let Err(failure) = &outcome
            && failure.is_misbehaviour()
        {
            tracing::warn!(plugin = %name, %failure, "a plugin misbehaved; its call failed");
        }
        leave.settle(&outcome, sandbox.clock.now_ms());
        outcome
    }

    pub(crate) fn status(&self) -> PluginStatus {
        let standing = self.breaker.standing();
        PluginStatus {
            name: self.manifest.name.to_string(),
            version: self.manifest.version.to_string(),
            kind: self.manifest.kind.to_string(),
            contract: self.manifest.contract.to_string(),
            built_in: self.built_in,
            grants: v0_1::grants(self.manifest.kind),
            state: if standing.quarantined { PluginState::Quarantined } else { PluginState::Ready },
            failures: standing.failures,
            last_error: standing.last_error,
        }
    }
}
