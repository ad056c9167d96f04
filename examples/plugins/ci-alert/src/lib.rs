//! A first preset of your own: a CI server's webhook becomes one message.

use serde::Deserialize;
use wingman_sdk::{Delivery, Inbound, PluginError, Preset, Result, Sender, id};

/// What the CI server posts. Fields that are not named here are ignored.
#[derive(Deserialize)]
struct Build {
    pipeline: String,
    status: String,
    branch: Option<String>,
    commit: Option<String>,
    url: Option<String>,
}

/// The preset.
pub struct CiAlert;

impl Preset for CiAlert {
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>> {
        let build: Build = delivery.json()?;
        if build.pipeline.is_empty() {
            return Err(PluginError::invalid_input("`pipeline` is empty: send the pipeline's name"));
        }
        // Nobody needs to be told that all is well.
        if build.status == "success" {
            return Ok(Vec::new());
        }
        let branch = build.branch.as_deref().unwrap_or("an unknown branch");
        let mut text = format!("CI: {} is **{}** on {branch}.", build.pipeline, build.status);
        if let Some(url) = &build.url {
            text.push_str(&format!("\n\n{url}"));
        }
        // The payload has no id, so its digest is one: the same build posted twice is one message.
        let message = Inbound::new(id::join(&[&build.pipeline, &delivery.digest]), text)
            .from_sender(Sender::bot(build.pipeline))
            .with_fact("commit", build.commit.unwrap_or_default());
        Ok(vec![message])
    }
}

wingman_sdk::export_preset!(CiAlert);

#[cfg(test)]
mod tests {
    use super::*;

    fn normalize(body: &str) -> Result<Vec<Inbound>> {
        CiAlert::normalize(Delivery::for_test(body))
    }

    #[test]
    fn a_failed_build_is_one_message() {
        let body =
            r#"{"pipeline": "web", "status": "failed", "branch": "main", "commit": "abc123", "url": "https://ci.example.com/7"}"#;
        let message = normalize(body).unwrap().remove(0);
        assert_eq!(message.text, "CI: web is **failed** on main.\n\nhttps://ci.example.com/7");
        assert_eq!(message.facts, [("commit".to_owned(), "abc123".to_owned())]);
        assert_eq!(message.id, normalize(body).unwrap().remove(0).id);
    }

    #[test]
    fn a_green_build_is_nothing_to_say() {
        assert!(normalize(r#"{"pipeline": "web", "status": "success"}"#).unwrap().is_empty());
    }

    #[test]
    fn a_payload_without_a_status_is_refused_by_name() {
        let error = normalize(r#"{"pipeline": "web"}"#).unwrap_err();
        assert!(matches!(&error, PluginError::InvalidInput(reason) if reason.contains("`status`")), "{error}");
    }
}
