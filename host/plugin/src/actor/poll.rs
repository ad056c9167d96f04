//! Asking a network for news: each question in a fresh instance, the cursor stored after the messages that it stands for.

use super::{Actor, LEAST_PAUSE, Pauses, is_final};
use crate::v0_1::Speaker;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wingman_message::PluginFailure;

const CURSOR: &str = "cursor";

/// Asks until told to stop, or until asking is of no use any more.
pub(super) async fn run(actor: &Actor, stop: &CancellationToken) {
    let mut pauses = Pauses::new();
    loop {
        let asked = stop.run_until_cancelled(ask(actor)).await;
        let pause = match asked {
            None => return,
            Some(Ok(wait)) => {
                pauses.reset();
                actor.standing.say("polling");
                wait.max(LEAST_PAUSE)
            }
            Some(Err(failure)) if is_final(&failure) => {
                tracing::error!(channel = %actor.channel, %failure, "polling has ended");
                actor.standing.say(format!("stopped: {failure}"));
                stop.cancelled().await;
                return;
            }
            Some(Err(failure)) => {
                tracing::warn!(channel = %actor.channel, %failure, "polling failed; it is tried again");
                actor.standing.say(format!("failing: {failure}"));
                pauses.after(&failure)
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

async fn ask(actor: &Actor) -> Result<Duration, PluginFailure> {
    let cursor = actor.stored(CURSOR).await?;
    let from = Speaker { channel: &actor.channel, account: actor.access.scope.account.as_ref() };
    let polled = actor.plugin.poll(&actor.stage, from, cursor.as_deref()).await?;
    actor.take(polled.messages).await?;
    if let Some(next) = polled.cursor.filter(|next| Some(next) != cursor.as_ref()) {
        actor.remember(CURSOR, next).await?;
    }
    Ok(polled.wait)
}
