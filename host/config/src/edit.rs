//! Changes by program that a person cannot tell from careful ones by hand: comments, order and layout stay.
//!
//! A [`Document`] is text; each change parses it with comments, changes one place and keeps the new text. Nothing is
//! written before [`Document::save`], which refuses what the gateway would refuse.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jsonc_parser::cst::{CstArray, CstInputValue as Input, CstNode, CstObject, CstRootNode};
use secrecy::ExposeSecret;

use crate::{
    file::{AgentEntry, Context, Provider, QueueMode, WebhookEntry},
    load::{ConfigError, Environment, parse},
    overrides::Overrides,
    tree::{self, Kind},
    write::{self, WriteError},
};

/// Why a change was not made or not written. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file cannot be read, or would not be valid with the change.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The place of the change is not what it should be, for example `agents.list` is no list.
    #[error("`{path}` in the configuration is not {expected}; mend it by hand first")]
    Unexpected {
        /// The setting.
        path: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The text is not JSON with comments. Read the file for a report with the place.
    #[error("the configuration has a mistake of syntax; mend it by hand first")]
    Syntax,
    /// Someone else changed the file since it was opened.
    #[error("{} was changed meanwhile; try again", .file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A configuration file open for changes.
#[derive(Clone)]
pub struct Document {
    file: PathBuf,
    opened: String,
    text: String,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text holds secrets.
        f.debug_struct("Document").field("file", &self.file).finish_non_exhaustive()
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

pub(crate) type Properties = Vec<(&'static str, Option<Input>)>;

impl Document {
    /// Reads the file.
    ///
    /// # Errors
    /// [`EditError::Config`] if it cannot be read.
    pub fn open(file: &Path) -> Result<Self, EditError> {
        let read = fs::read_to_string(file);
        let text = read.map_err(|source| ConfigError::Read { file: file.to_owned(), source })?;
        Ok(Self { file: file.to_owned(), opened: text.clone(), text })
    }

    /// The text with all changes so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds an agent to `agents.list`, or makes the one with its id like this.
    ///
    /// # Errors
    /// [`EditError::Syntax`] or [`EditError::Unexpected`]; nothing is changed then.
    pub fn put_agent(&mut self, agent: &AgentEntry) -> Result<(), EditError> {
        self.change(|root| put(&agents_list(root)?, agent.id.as_str(), agent_properties(agent)))
    }

    /// Removes an agent and the bindings that name it. `false` if there is none with this id.
    ///
    /// # Errors
    /// As [`Document::put_agent`].
    pub fn remove_agent(&mut self, id: &str) -> Result<bool, EditError> {
        self.change(|root| {
            let Some(agents) = root.object_value("agents") else { return Ok(false) };
            let removed = remove(agents.array_value("list").as_ref(), "id", id);
            if removed {
                remove(agents.array_value("bindings").as_ref(), "agentId", id);
            }
            Ok(removed)
        })
    }

    /// Adds a webhook to `webhooks`, or makes the one with its id like this.
    ///
    /// # Errors
    /// As [`Document::put_agent`].
    pub fn put_webhook(&mut self, webhook: &WebhookEntry) -> Result<(), EditError> {
        self.change(|root| put(&webhooks(root)?, webhook.id.as_str(), webhook_properties(webhook)))
    }

    /// Removes a webhook. `false` if there is none with this id.
    ///
    /// # Errors
    /// As [`Document::put_agent`].
    pub fn remove_webhook(&mut self, id: &str) -> Result<bool, EditError> {
        self.change(|root| Ok(remove(root.array_value("webhooks").as_ref(), "id", id)))
    }

    /// Adds a model provider, or makes the one with its name like this.
    ///
    /// # Errors
    /// As [`Document::put_agent`].
    pub fn put_provider(&mut self, name: &str, provider: &Provider) -> Result<(), EditError> {
        self.change(|root| {
            let unexpected = |path| EditError::Unexpected { path, expected: "a group" };
            let providers = root.object_value_or_create("providers").ok_or_else(|| unexpected("providers"))?;
            let entry = providers.object_value_or_create(name).ok_or_else(|| unexpected("providers"))?;
            let text = |text: Option<&str>| text.map(Input::from);
            set(
                &entry,
                vec![
                    ("baseUrl", text(provider.base_url.as_ref().map(crate::text::BaseUrl::as_str))),
                    ("apiKeyEnv", text(provider.api_key_env.as_ref().map(crate::text::EnvName::as_str))),
                ],
            );
            Ok(())
        })
    }

    /// Checks the text as the gateway would and writes it in one step, if there is a change.
    ///
    /// # Errors
    /// [`EditError::Config`] with what would be wrong, [`EditError::Changed`], [`EditError::Write`].
    pub fn save(&mut self, environment: &Environment) -> Result<(), EditError> {
        if self.text == self.opened {
            return Ok(());
        }
        parse(&self.file, self.text.as_bytes(), environment, &Overrides::default())?;
        if Self::open(&self.file)?.text != self.opened {
            return Err(EditError::Changed { file: self.file.clone() });
        }
        write::replace(&self.file, &self.text)?;
        self.opened.clone_from(&self.text);
        Ok(())
    }

    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&CstObject) -> Result<T, EditError>) -> Result<T, EditError> {
        let (mark, text) =
            self.text.split_at(if self.text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 });
        let root = CstRootNode::parse(text, &tree::options()).map_err(|_| EditError::Syntax)?;
        let expected = "a group";
        let object = root.object_value_or_create().ok_or(EditError::Unexpected { path: "the file", expected })?;
        let outcome = change(&object)?;
        self.text = format!("{mark}{root}");
        Ok(outcome)
    }
}

fn agents_list(root: &CstObject) -> Result<CstArray, EditError> {
    let agents = root.object_value_or_create("agents");
    let agents = agents.ok_or(EditError::Unexpected { path: "agents", expected: "a group" })?;
    agents.array_value_or_create("list").ok_or(EditError::Unexpected { path: "agents.list", expected: "a list" })
}

fn webhooks(root: &CstObject) -> Result<CstArray, EditError> {
    let webhooks = root.array_value_or_create("webhooks");
    webhooks.ok_or(EditError::Unexpected { path: "webhooks", expected: "a list" })
}

/// Sets the properties of the element with this id, appended if there is none.
fn put(list: &CstArray, id: &str, properties: Properties) -> Result<(), EditError> {
    if let Some(object) = find(list, "id", id).next() {
        set(&object, properties);
        return Ok(());
    }
    let present = properties.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    // One line an element reads badly from the third setting on.
    list.ensure_multiline();
    list.append(Input::Object(present.collect()));
    Ok(())
}

/// Removes what has this value; a list that is not there holds nothing to remove.
fn remove(list: Option<&CstArray>, key: &str, value: &str) -> bool {
    let found: Vec<_> = list.into_iter().flat_map(|list| find(list, key, value)).collect();
    let any = !found.is_empty();
    found.into_iter().for_each(CstObject::remove);
    any
}

/// The objects of the list whose `key` is this text.
fn find(list: &CstArray, key: &str, value: &str) -> impl Iterator<Item = CstObject> {
    list.elements().into_iter().filter_map(|element| element.as_object()).filter(move |object| {
        let text = object.get(key).and_then(|property| property.value()?.as_string_lit()?.decoded_value().ok());
        text.as_deref() == Some(value)
    })
}

/// Changes what differs, adds what is missing, removes what is `None`; other properties and all comments stay.
pub(crate) fn set(object: &CstObject, properties: Properties) {
    for (key, value) in properties {
        match (object.get(key), value) {
            (Some(property), Some(value)) => {
                if !property.value().is_some_and(|old| same(&old, &value)) {
                    property.set_value(value);
                }
            }
            (None, Some(value)) => {
                object.append(key, value);
            }
            (Some(property), None) => property.remove(),
            (None, None) => {}
        }
    }
}

/// Whether the node already says this. Then its layout and inner comments are left alone.
fn same(old: &CstNode, new: &Input) -> bool {
    let old = tree::parse(&old.to_string(), &mut Vec::new());
    old.is_some_and(|old| same_value(&old.kind, new))
}

fn same_value(old: &Kind, new: &Input) -> bool {
    match (old, new) {
        (Kind::Text(old), Input::String(new)) | (Kind::Number(old), Input::Number(new)) => old == new,
        (Kind::Bool(old), Input::Bool(new)) => old == new,
        (Kind::List(old), Input::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_value(&old.kind, new))
        }
        _ => false,
    }
}

fn agent_properties(agent: &AgentEntry) -> Properties {
    let AgentEntry {
        id,
        name,
        description,
        enabled,
        default,
        workspace,
        agent_dir,
        model,
        fallback_models,
        tools,
        commands,
        instructions,
        queue_mode,
        approval,
        delegates,
        context,
    } = agent;
    let approvals = approval.iter().map(|(tool, when)| (tool.clone(), Input::from(when.as_str())));
    let text = |text: Option<&str>| text.map(Input::from);
    vec![
        ("id", text(Some(id.as_str()))),
        ("name", text(name.as_deref())),
        ("description", text(description.as_deref())),
        ("enabled", (!enabled).then_some(Input::Bool(false))),
        ("default", default.then_some(Input::Bool(true))),
        ("workspace", text(workspace.as_ref().map(crate::text::PathText::as_str))),
        ("agentDir", text(agent_dir.as_ref().map(crate::text::PathText::as_str))),
        ("model", text(model.as_ref().map(crate::text::ModelName::as_str))),
        ("fallbackModels", texts(fallback_models.iter().map(crate::text::ModelName::as_str))),
        ("tools", tools.as_ref().map(|tools| Input::Array(tools.iter().map(|tool| Input::from(tool.as_str())).collect()))),
        ("commands", commands.as_ref().and_then(|commands| texts(commands.iter().map(crate::text::CommandText::as_str)))),
        ("instructions", text(instructions.as_deref())),
        ("queueMode", text((*queue_mode != QueueMode::default()).then(|| queue_mode.as_str()))),
        ("approval", (!approval.is_empty()).then(|| Input::Object(approvals.collect()))),
        ("delegates", texts(delegates.iter().map(crate::text::AgentId::as_str))),
        ("context", context.as_ref().map(context_input)),
    ]
}

fn context_input(context: &Context) -> Input {
    let Context { max_tokens, compact_at, keep_recent } = context;
    let numbers =
        [("maxTokens", max_tokens.to_string()), ("compactAt", compact_at.to_string()), ("keepRecent", keep_recent.to_string())];
    Input::Object(numbers.into_iter().map(|(key, number)| (key.to_owned(), Input::Number(number))).collect())
}

fn webhook_properties(webhook: &WebhookEntry) -> Properties {
    let WebhookEntry { id, name, agent_id, secret, enabled, preset, session_id, event_label, allowed_ips, created_at } = webhook;
    let text = |text: Option<&str>| text.map(Input::from);
    vec![
        ("id", text(Some(id.as_str()))),
        ("name", text(name.as_deref())),
        ("agentId", text(Some(agent_id.as_str()))),
        ("secret", text(Some(secret.expose_secret()))),
        ("enabled", Some(Input::Bool(*enabled))),
        ("preset", text(preset.as_deref())),
        ("sessionId", text(session_id.as_deref())),
        ("eventLabel", text(event_label.as_deref())),
        ("allowedIps", texts(allowed_ips.iter().map(crate::text::IpRange::as_str))),
        ("createdAt", created_at.map(|at| Input::Number(at.to_string()))),
    ]
}

pub(crate) fn texts<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Option<Input> {
    (texts.len() > 0).then(|| Input::Array(texts.map(Input::from).collect()))
}
