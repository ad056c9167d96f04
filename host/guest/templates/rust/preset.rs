//! What a monitor reports becomes a message.

use serde::Deserialize;
use wingman_sdk::{Delivery, Inbound, PluginError, Preset, Result, Sender};

/// What the monitor posts. Fields that are not named here are ignored.
#[derive(Deserialize)]
struct Report {
    service: Option<String>,
    state: Option<String>,
    url: Option<String>,
}

/// The preset.
pub struct {{type}};

impl Preset for {{type}} {
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>> {
        let report: Report = delivery.json()?;
        let service = report.service.ok_or_else(|| {
            PluginError::invalid_input("`service` is missing: send the service's name")
        })?;
        let state = report
            .state
            .ok_or_else(|| PluginError::invalid_input("`state` is missing: send `up` or `down`"))?;
        // Nobody needs to be told that all is well.
        if state == "up" {
            return Ok(Vec::new());
        }
        let link = report
            .url
            .map(|url| format!("\n\n{url}"))
            .unwrap_or_default();
        // The report has no id of its own, so its digest is one: the same report twice is one message.
        let id = format!("{service}/{}", delivery.digest);
        Ok(vec![
            Inbound::new(id, format!("**{service}** is {state}.{link}"))
                .from_sender(Sender::bot(service)),
        ])
    }
}

wingman_sdk::export_preset!({{type}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_down_is_a_message_and_one_that_is_up_is_none() {
        let normalize = |body: &str| {{type}}::normalize(Delivery::for_test(body)).unwrap();
        assert_eq!(
            normalize(r#"{"service":"web","state":"down"}"#)[0].text,
            "**web** is down."
        );
        assert!(normalize(r#"{"service":"web","state":"up"}"#).is_empty());
    }
}
