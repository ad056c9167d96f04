//! The questions of `wingman init` on a terminal.

use super::{Plan, bundled, example_model, parse_model};
use anyhow::Result;
use secrecy::SecretString;
use wingman_config::AgentId;

/// Asks for what the command line left open.
pub(super) fn plan(agent: &AgentId) -> Result<Plan> {
    cliclack::intro("Wingman Gateway")?;
    let agent = cliclack::input("What is your first agent called?")
        .default_input(agent.as_str())
        .validate(|id: &String| AgentId::parse(id).map(|_| ()).map_err(|bad| bad.to_string()))
        .interact::<String>()?;
    let agent = AgentId::parse(&agent).map_err(|bad| anyhow::anyhow!("{bad}"))?;

    let mut select = cliclack::select("Which model provider does it use?");
    for provider in wingman_agent::providers() {
        let hint = if provider.name == "demo" { "works at once, without key or network" } else { "" };
        select = select.item(provider.name, provider.title, hint);
    }
    let provider: &str = select.interact()?;
    let known = wingman_agent::providers().iter().find(|known| known.name == provider);

    let suggestion = example_model(provider)?;
    let model = if provider == "demo" {
        suggestion
    } else {
        let name: String = cliclack::input("Which model?").default_input(suggestion.model()).interact()?;
        parse_model(&format!("{provider}:{name}"))?
    };
    let variable = known.and_then(|known| known.key_variable);
    let key = match variable {
        Some(variable) if std::env::var_os(variable).is_none() => {
            let question = format!("Its API key? (Empty: it will be in {variable} when the gateway starts)");
            let key = cliclack::password(question).allow_empty().interact()?;
            (!key.is_empty()).then(|| (provider.to_owned(), SecretString::from(key)))
        }
        _ => None,
    };
    let mut choice = cliclack::multiselect("Which bundled agents shall be there too?").required(false);
    for agent in bundled::AGENTS {
        choice = choice.item(agent.id, agent.name, "");
    }
    let chosen: Vec<&str> = choice.interact()?;
    cliclack::outro("That is all.")?;
    Ok(Plan { agent, bundled: chosen.into_iter().map(bundled::find).collect::<Result<_>>()?, model, key })
}
