//! `wingman agents`: sees to the agents of the running gateway.

mod edit;

use super::running::Gateway;
use crate::{settings, show};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wingman_config::Overrides;
use wingman_message::AgentId;
use wingman_protocol::{AgentDetails, AgentSource, AgentSummary};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the agents
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one agent in full
    Show {
        /// The agent
        id: AgentId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an agent, with a file of its own
    Create {
        /// Its id: letters, digits, `.`, `_` or `-`
        id: AgentId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change an agent: with options, or else in your editor ($VISUAL or $EDITOR)
    Edit {
        /// The agent
        id: AgentId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Have an agent take no new messages; its sessions stay
    Disable {
        /// The agent
        id: AgentId,
    },
    /// Have an agent take messages again
    Enable {
        /// The agent
        id: AgentId,
    },
    /// Remove an agent's description; what it said and kept stays in the state folder
    Delete {
        /// The agent
        id: AgentId,
    },
}

/// What can be said of an agent.
#[derive(Args)]
pub(crate) struct Fields {
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its model
    #[arg(long, value_name = "PROVIDER:MODEL")]
    model: Option<String>,
    /// The tools that it may use, by name or family, with commas between them; `all` for all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    tools: Option<Vec<String>>,
    /// What it is told before every conversation
    #[arg(long, value_name = "TEXT", conflicts_with = "instructions_file")]
    instructions: Option<String>,
    /// The same, from a file
    #[arg(long, value_name = "FILE")]
    instructions_file: Option<PathBuf>,
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let gateway = Gateway::required(&settings::load(config, &Overrides::default())?)?;
        match self {
            Self::List { json } => list(&gateway, json),
            Self::Show { id, json } => {
                let agent: AgentDetails = gateway.get(&at(&id))?;
                if json { show::json(&agent) } else { print(&agent) }
            }
            Self::Create { id, fields } => {
                let mut body = fields.body()?.unwrap_or_else(|| json!({}));
                body["id"] = json!(id);
                said("made", &gateway.send(Method::POST, "/api/agents", &body)?)
            }
            Self::Edit { id, fields } => {
                if let Some(body) = fields.body()? {
                    return said("changed", &gateway.send(Method::PUT, &at(&id), &body)?);
                }
                let Some(edited) = edit::in_editor(&gateway.get(&at(&id))?)? else { bail!("nothing was changed") };
                let sent = gateway.send(Method::PUT, &at(&id), &edited.body);
                said("changed", &sent.with_context(|| edited.still_there())?)?;
                edited.forget();
                Ok(())
            }
            Self::Disable { id } => said("disabled", &gateway.send(Method::PUT, &at(&id), &json!({ "enabled": false }))?),
            Self::Enable { id } => said("enabled", &gateway.send(Method::PUT, &at(&id), &json!({ "enabled": true }))?),
            Self::Delete { id } => {
                gateway.delete(&at(&id))?;
                anstream::println!("{}  {id}", show::good("deleted"));
                Ok(())
            }
        }
    }
}

impl Fields {
    /// What was said, as a body of the API; none where nothing was.
    fn body(self) -> Result<Option<Value>> {
        let Self { name, description, model, tools, instructions, instructions_file } = self;
        let instructions = match instructions_file {
            Some(file) => {
                let text = std::fs::read_to_string(&file);
                Some(text.with_context(|| format!("cannot read {}", file.display()))?)
            }
            None => instructions,
        };
        // An empty text takes the setting away.
        let text = |text: Option<String>| text.map(|text| if text.trim().is_empty() { Value::Null } else { json!(text) });
        let tools = tools.map(|tools| if tools == ["all"] { Value::Null } else { json!(tools) });
        let fields = [
            ("name", text(name)),
            ("description", text(description)),
            ("model", text(model)),
            ("tools", tools),
            ("instructions", text(instructions)),
        ];
        let body: serde_json::Map<String, Value> =
            fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        Ok((!body.is_empty()).then_some(Value::Object(body)))
    }
}

/// An agent's address. Its id needs no escaping: it has letters, digits, `.`, `_` and `-` alone.
fn at(id: &AgentId) -> String {
    format!("/api/agents/{id}")
}

fn said(what: &str, agent: &AgentDetails) -> Result<()> {
    anstream::println!("{}  {}", show::good(what), agent.id);
    Ok(())
}

fn list(gateway: &Gateway, json: bool) -> Result<()> {
    let agents: Vec<AgentSummary> = gateway.get("/api/agents")?;
    if json {
        return show::json(&agents);
    }
    let rows = agents.into_iter().map(|agent| {
        let state = match (agent.disabled, agent.default) {
            (true, _) => "disabled",
            (false, true) => "default",
            (false, false) => "",
        };
        let model = agent.model.unwrap_or_default();
        [agent.id.to_string(), agent.name, model, state.to_owned(), agent.description.unwrap_or_default()]
    });
    show::table(["agent", "name", "model", "", "for"], rows);
    Ok(())
}

fn print(agent: &AgentDetails) -> Result<()> {
    let source = match agent.source {
        AgentSource::Config => "the configuration file: change it there",
        AgentSource::File => "a file of its own",
    };
    let line = |key: &str, value: &str| anstream::println!("{key:<12} {value}");
    line("agent", agent.id.as_str());
    line("name", &agent.name);
    line("for", agent.description.as_deref().unwrap_or_default());
    line("model", &agent.model);
    line("state", if agent.enabled { "takes messages" } else { "disabled" });
    line("tools", &agent.available_tools.join(", "));
    line("described in", source);
    if let Some(instructions) = &agent.instructions {
        anstream::println!("\n{instructions}");
    }
    Ok(())
}
