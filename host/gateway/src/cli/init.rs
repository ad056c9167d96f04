//! `wingman init`: a first configuration, with an agent in it.

mod ask;
mod bundled;

use super::gateway::fresh_token;
use crate::credentials::CredentialsFile;
use crate::{settings, show};
use anyhow::{Context, Result, bail};
use bundled::Bundled;
use secrecy::SecretString;
use std::io::IsTerminal;
use std::path::Path;
use wingman_config::{AgentEntry, AgentId, CONFIG_FILE, Config, Document, Environment, ModelName, Overrides, StarterOptions};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The first agent's id
    #[arg(long, value_name = "NAME", default_value = "main")]
    agent: String,
    /// Bundled agents to add, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    agents: Vec<String>,
    /// The agents' model [default: demo:echo, which needs no key and no network]
    #[arg(long, value_name = "PROVIDER:MODEL")]
    model: Option<String>,
    /// The model provider to set up
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The provider's API key, to be kept in <stateDir>/credentials.json
    #[arg(long, value_name = "KEY", requires = "provider")]
    token: Option<SecretString>,
    /// Leave the configuration as it is
    #[arg(long)]
    skip_config: bool,
    /// Make no folders for agents
    #[arg(long)]
    skip_agent: bool,
}

/// What to set up, once all questions are answered.
struct Plan {
    agent: AgentId,
    bundled: Vec<&'static Bundled>,
    model: ModelName,
    /// A provider and its key.
    key: Option<(String, SecretString)>,
}

impl Args {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let environment = settings::environment()?;
        let file = match config {
            Some(file) => file.to_owned(),
            None => environment.cwd.join(".wingman").join(CONFIG_FILE),
        };
        if !self.skip_config && file.exists() {
            bail!("{} is there already; `--skip-config` leaves it as it is, `--config FILE` writes another one", file.display());
        }
        let plan = self.plan()?;
        if !self.skip_config {
            write(&file, &plan, &environment)?;
            anstream::println!("{}  {}", show::good("written"), file.display());
        }
        let config = settings::load(Some(&file), &Overrides::default())?;
        self.set_up(&config, plan)?;
        anstream::println!("\nNext: `wingman gateway start`, then `wingman agent \"hello\"`.");
        Ok(())
    }

    fn plan(&self) -> Result<Plan> {
        let nothing_said = self.model.is_none() && self.provider.is_none() && self.agents.is_empty();
        let is_interactive =
            nothing_said && !self.skip_config && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let agent = AgentId::parse(&self.agent).map_err(|bad| anyhow::anyhow!("`--agent {}`: {bad}", self.agent))?;
        if is_interactive {
            return ask::plan(&agent);
        }
        let model = match (&self.model, &self.provider) {
            (Some(model), _) => parse_model(model)?,
            (None, Some(provider)) => example_model(provider)?,
            (None, None) => ModelName::demo(),
        };
        let bundled = self.agents.iter().map(|name| bundled::find(name)).collect::<Result<_>>()?;
        let key = self.provider.clone().zip(self.token.clone());
        Ok(Plan { agent, bundled, model, key })
    }

    fn set_up(&self, config: &Config, plan: Plan) -> Result<()> {
        if let Some((provider, key)) = plan.key {
            let credentials = CredentialsFile::in_state_dir(&config.gateway.state_dir);
            credentials.set(&provider, &key)?;
            anstream::println!("{}  the key for {provider}, in {}", show::good("kept   "), credentials.path().display());
        }
        if !self.skip_agent {
            for agent in &config.agents.list {
                for folder in [&agent.workspace, &agent.agent_dir] {
                    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
                }
                anstream::println!("{}  agent {} ({})", show::good("ready  "), agent.id.as_str(), agent.model.as_str());
            }
        }
        Ok(())
    }
}

fn write(file: &Path, plan: &Plan, environment: &Environment) -> Result<()> {
    let mut options = StarterOptions::new(SecretString::from(fresh_token()?));
    options.agent = plan.agent.clone();
    options.model = plan.model.clone();
    wingman_config::write_new(file, &wingman_config::starter(&options))?;
    if plan.bundled.is_empty() {
        return Ok(());
    }
    let mut document = Document::open(file)?;
    for bundled in &plan.bundled {
        document.put_agent(&bundled.entry(&plan.model)?)?;
    }
    Ok(document.save(environment)?)
}

fn parse_model(model: &str) -> Result<ModelName> {
    ModelName::parse(model).map_err(|bad| anyhow::anyhow!("`--model {model}`: {bad}"))
}

/// The model that a provider is begun with.
fn example_model(provider: &str) -> Result<ModelName> {
    let known = wingman_agent::providers();
    let Some(found) = known.iter().find(|known| known.name == provider) else {
        let names: Vec<&str> = known.iter().map(|known| known.name).collect();
        bail!(
            "there is no provider `{provider}`; there are: {}. For another server that speaks the same API as one of them, give `--model {provider}:MODEL`",
            names.join(", ")
        );
    };
    parse_model(&format!("{}:{}", found.name, found.example_model))
}

impl Bundled {
    fn entry(&self, model: &ModelName) -> Result<AgentEntry> {
        let id = AgentId::parse(self.id).map_err(|bad| anyhow::anyhow!("{}: {bad}", self.id))?;
        Ok(AgentEntry {
            name: Some(self.name.to_owned()),
            model: Some(model.clone()),
            instructions: Some(self.instructions.to_owned()),
            ..AgentEntry::new(id)
        })
    }
}
