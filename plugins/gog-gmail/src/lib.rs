//! Mail as `gog gmail watch serve` posts it: one message for each mail.
//!
//! `payload` knows the shapes, `summary` what an agent reads.

mod payload;
mod summary;

use payload::Mail;
use wingman_sdk::{Delivery, Inbound, Place, Preset, Result, Sender, id, time};

/// The preset.
pub struct GogGmail;

impl Preset for GogGmail {
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>> {
        let payload = delivery.json()?;
        let mails = payload::mails(&payload)?;
        Ok(mails.into_iter().enumerate().map(|(index, mail)| message(&delivery.digest, index, &mail)).collect())
    }
}

wingman_sdk::export_preset!(GogGmail);

fn message(digest: &str, index: usize, mail: &Mail<'_>) -> Inbound {
    let account = mail.account.as_deref().unwrap_or_default();
    // Without an id of its own, a mail is what was posted and where it stood in it: the same post again is the same mail.
    let id = match mail.id.as_deref() {
        Some(id) => id::join(&[account, id]),
        None => id::join(&[account, digest, &index.to_string()]),
    };
    let place = Place {
        account: mail.account.as_deref().map(str::to_owned),
        thread: mail.thread.as_deref().map(str::to_owned),
        ..Place::default()
    };
    let sent_at = mail.date.as_deref().and_then(|date| time::parse_rfc2822(date).or_else(|| time::parse_rfc3339(date)));
    let mut message = Inbound::new(id, summary::markdown(mail))
        .at(place)
        .sent_at(sent_at)
        .with_fact("account", account)
        .with_fact("history-id", mail.history_id.as_deref().unwrap_or_default())
        .with_fact("labels", mail.labels.join(", "));
    message.sender = mail.from.as_deref().and_then(sender);
    message
}

/// `Ada Lovelace <ada@example.org>`, `"Lovelace, Ada" <ada@example.org>` or the bare address.
fn sender(from: &str) -> Option<Sender> {
    let from = from.trim();
    let (name, address) = match from.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None => ("", from),
    };
    let sender = Sender::person(if address.is_empty() { return None } else { address });
    Some(if name.is_empty() { sender } else { sender.named(name) })
}
