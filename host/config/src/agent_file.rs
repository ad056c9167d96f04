//! `agents/<id>/agent.md` in the state folder: one agent in a file of its own. Front matter (YAML) says what it is, the text behind it
//! what it is told before every conversation.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::json;

use crate::{
    file::{AgentEntry, Approval, Context, QueueMode},
    nearest::nearest,
    text::{AgentId, CommandText, ModelName, PathText},
    write::{self, WriteError},
};

/// The file's name.
const FILE: &str = "agent.md";
/// The line above and below the front matter.
const FENCE: &str = "---";
/// The largest file that is read.
const MAX_BYTES: u64 = 256 << 10;
/// How many folders are looked into.
const MAX_AGENTS: usize = 1_000;

/// A mistake in an agent's own file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct AgentFileError {
    /// The agent, by the name of its folder.
    pub id: AgentId,
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// What was found in the folder of agents.
#[derive(Debug, Clone, Default)]
pub(crate) struct AgentFiles {
    /// Each agent and its file, by id.
    pub(crate) entries: Vec<(PathBuf, AgentEntry)>,
    /// Those that cannot be used, by id.
    pub(crate) broken: Vec<AgentFileError>,
}

impl AgentFiles {
    /// All ids, of what cannot be used, too: whoever names one of them is not mistaken.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.iter().map(|(_, entry)| entry.id.as_str());
        entries.chain(self.broken.iter().map(|broken| broken.id.as_str()))
    }
}

/// What may stand in the front matter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct FrontMatter {
    id: Option<AgentId>,
    name: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    model: Option<ModelName>,
    fallback_models: Vec<ModelName>,
    tools: Option<Vec<String>>,
    commands: Option<Vec<CommandText>>,
    workspace: Option<PathText>,
    queue_mode: QueueMode,
    approval: BTreeMap<String, Approval>,
    delegates: Vec<AgentId>,
    context: Option<Context>,
}

const KEYS: [&str; 13] = [
    "id",
    "name",
    "description",
    "enabled",
    "model",
    "fallbackModels",
    "tools",
    "commands",
    "workspace",
    "queueMode",
    "approval",
    "delegates",
    "context",
];

/// The folder that holds the agents' own folders: `<stateDir>/agents`.
#[derive(Debug, Clone)]
pub struct AgentFolder(PathBuf);

impl AgentFolder {
    /// The agents below `folder`, which need not be there.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The agent's file, whether or not it is there.
    #[must_use]
    pub fn file(&self, id: &AgentId) -> PathBuf {
        self.0.join(id.as_str()).join(FILE)
    }

    /// What tells a change of any agent's file: when each was written, and how long it is.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<(PathBuf, Option<std::time::SystemTime>, u64)> {
        let files = self.ids().into_iter().map(|id| self.file(&id));
        let stamp = |file: PathBuf| {
            let metadata = fs::metadata(&file).ok()?;
            Some((file, metadata.modified().ok(), metadata.len()))
        };
        files.filter_map(stamp).collect()
    }

    /// The agent as its file describes it; none where there is no file.
    ///
    /// # Errors
    /// [`AgentFileError`] with the line.
    pub fn entry(&self, id: &AgentId) -> Result<Option<AgentEntry>, AgentFileError> {
        read(&self.file(id), id)
    }

    /// Whether the agent can be written down so that it is read again.
    ///
    /// # Errors
    /// [`AgentFileError`] with what is wrong.
    pub fn check(&self, agent: &AgentEntry) -> Result<(), AgentFileError> {
        let (file, text) = (self.file(&agent.id), render_agent(agent));
        if text.len() as u64 > MAX_BYTES {
            let message = format!("the instructions are too long: an agent's file has at most {} KiB", MAX_BYTES >> 10);
            return Err(AgentFileError { id: agent.id.clone(), file, line: None, message });
        }
        parse_agent(&file, &agent.id, &text).map(drop)
    }

    /// Writes the agent's file, in one step. A new one, or else the one that is there is replaced.
    ///
    /// # Errors
    /// [`WriteError::Exists`] when there is a file and `is_new`; [`WriteError::Io`].
    pub fn write(&self, agent: &AgentEntry, is_new: bool) -> Result<PathBuf, WriteError> {
        let (file, text) = (self.file(&agent.id), render_agent(agent));
        if is_new {
            write::write_new(&file, &text)?
        } else {
            write::replace(&file, &text)?
        }
        Ok(file)
    }

    /// The file's text, as it is; none where there is no file, or none that can be read.
    #[must_use]
    pub fn text(&self, id: &AgentId) -> Option<String> {
        fs::read_to_string(self.file(id)).ok()
    }

    /// Puts a text that [`Self::text`] gave back in its place.
    ///
    /// # Errors
    /// [`WriteError::Io`]
    pub fn put_back(&self, id: &AgentId, text: &str) -> Result<(), WriteError> {
        let file = self.file(id);
        if file.exists() { write::replace(&file, text) } else { write::write_new(&file, text) }
    }

    /// Removes the agent's file, and nothing else: what it has said and kept stays. False where there is none.
    ///
    /// # Errors
    /// [`WriteError::Io`]
    pub fn remove(&self, id: &AgentId) -> Result<bool, WriteError> {
        let file = self.file(id);
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(WriteError::Io { file, source }),
        }
    }

    /// All agents that have a file.
    pub(crate) fn read(&self) -> AgentFiles {
        let mut found = AgentFiles::default();
        for id in self.ids() {
            let file = self.file(&id);
            match read(&file, &id) {
                Ok(Some(entry)) => found.entries.push((file, entry)),
                Ok(None) => {}
                Err(error) => found.broken.push(error),
            }
        }
        found
    }

    /// The names of the folders that an agent may have, in order.
    fn ids(&self) -> Vec<AgentId> {
        let Ok(folders) = fs::read_dir(&self.0) else { return Vec::new() };
        let names = folders.take(MAX_AGENTS).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut ids: Vec<AgentId> = names.filter_map(|name| AgentId::parse(&name).ok()).collect();
        ids.sort();
        ids
    }
}

/// None where there is no file.
fn read(file: &Path, id: &AgentId) -> Result<Option<AgentEntry>, AgentFileError> {
    let wrong = |message: String| AgentFileError { id: id.clone(), file: file.to_owned(), line: None, message };
    let metadata = match fs::metadata(file) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        metadata => metadata.map_err(|error| wrong(format!("it cannot be read: {error}")))?,
    };
    // A pipe would never end.
    if !metadata.is_file() {
        return Err(wrong("it is no file".to_owned()));
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(wrong(format!("it is larger than {} KiB", MAX_BYTES >> 10)));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
    parse_agent(file, id, &text).map(Some)
}

/// An agent from its file's text. `id` is the name of its folder.
///
/// # Errors
/// [`AgentFileError`] with the line.
pub fn parse_agent(file: &Path, id: &AgentId, text: &str) -> Result<AgentEntry, AgentFileError> {
    let wrong = |line, message: String| AgentFileError { id: id.clone(), file: file.to_owned(), line, message };
    let (matter, body) =
        split(text).ok_or_else(|| wrong(Some(1), format!("the front matter has no end; write a line `{FENCE}` behind it")))?;
    let matter_read: FrontMatter = match matter {
        Some(matter) if !matter.trim().is_empty() => serde_saphyr::from_str(matter).map_err(|error| {
            // Its first line is the file's second.
            let line = error.location().map(|location| location.line() + 1);
            wrong(line, words(&error.without_snippet().to_string()))
        })?,
        _ => FrontMatter::default(),
    };
    let FrontMatter {
        id: named,
        name,
        description,
        enabled,
        model,
        fallback_models,
        tools,
        commands,
        workspace,
        queue_mode,
        approval,
        delegates,
        context,
    } = matter_read;
    let line_of = |key: &str| {
        let lines = matter.unwrap_or_default().lines();
        lines.zip(2_u64..).find(|(line, _)| line.starts_with(&format!("{key}:"))).map(|(_, number)| number)
    };
    if let Some(named) = named.filter(|named| named != id) {
        let message = format!("`id` is \"{named}\", but the folder is called \"{id}\"; make them one, or leave `id` out");
        return Err(wrong(line_of("id"), message));
    }
    for (key, value, most) in [("name", &name, 100), ("description", &description, 500)] {
        let is_wrong =
            |value: &String| value.trim().is_empty() || value.chars().count() > most || value.chars().any(char::is_control);
        if value.as_ref().is_some_and(is_wrong) {
            return Err(wrong(line_of(key), format!("`{key}` has 1 to {most} characters, none of them a control character")));
        }
    }
    if tools.iter().flatten().any(String::is_empty) {
        return Err(wrong(line_of("tools"), "`tools` has an empty name".to_owned()));
    }
    if let Some(mistake) = context.as_ref().and_then(Context::mistake) {
        return Err(wrong(line_of("context"), mistake.to_owned()));
    }
    let body = body.trim();
    Ok(AgentEntry {
        name,
        description,
        enabled: enabled.unwrap_or(true),
        model,
        fallback_models,
        tools,
        commands,
        workspace,
        queue_mode,
        approval,
        delegates,
        instructions: (!body.is_empty()).then(|| body.to_owned()),
        context,
        ..AgentEntry::new(id.clone())
    })
}

/// The front matter, if there is any, and the text behind it. None where the front matter has no end.
fn split(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = text.strip_prefix(FENCE).and_then(after_line_end) else { return Some((None, text)) };
    let mut begin = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Some((Some(rest.get(..begin).unwrap_or_default()), rest.get(begin + line.len()..).unwrap_or_default()));
        }
        begin += line.len();
    }
    None
}

fn after_line_end(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '\r']);
    if text.is_empty() { Some(text) } else { text.strip_prefix('\n') }
}

/// The parser's words, and what was probably meant where a key is unknown.
fn words(error: &str) -> String {
    let unknown = error.split_once("unknown field `").and_then(|(_, rest)| rest.split_once('`')).map(|(key, _)| key);
    match unknown {
        Some(key) => match nearest(key, KEYS) {
            Some(meant) => format!("unknown setting `{key}`; did you mean `{meant}`?"),
            None => format!("unknown setting `{key}`; an agent's file takes {}", KEYS.map(|key| format!("`{key}`")).join(", ")),
        },
        None => error.lines().next().unwrap_or_default().to_owned(),
    }
}

/// The text of an agent's file, which [`parse_agent`] reads again. What the file cannot say (`default`, `agentDir`) is left out.
#[must_use]
pub fn render_agent(agent: &AgentEntry) -> String {
    let AgentEntry {
        id,
        name,
        description,
        enabled,
        default: _,
        workspace,
        agent_dir: _,
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
    let text = |text: Option<&str>| text.map(|text| json!(text));
    let lines = [
        ("id", text(Some(id.as_str()))),
        ("name", text(name.as_deref())),
        ("description", text(description.as_deref())),
        ("enabled", (!enabled).then(|| json!(false))),
        ("model", text(model.as_ref().map(ModelName::as_str))),
        ("fallbackModels", (!fallback_models.is_empty()).then(|| json!(fallback_models))),
        ("tools", tools.as_ref().map(|tools| json!(tools))),
        ("commands", commands.as_ref().map(|commands| json!(commands))),
        ("workspace", text(workspace.as_ref().map(PathText::as_str))),
        ("queueMode", (*queue_mode != QueueMode::default()).then(|| json!(queue_mode))),
        ("approval", (!approval.is_empty()).then(|| json!(approval))),
        ("delegates", (!delegates.is_empty()).then(|| json!(delegates))),
        ("context", context.as_ref().map(|context| json!(context))),
    ];
    // JSON is YAML, and no value can break out of its quotes.
    let lines: String = lines.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}\n", value?))).collect();
    format!("{FENCE}\n{lines}{FENCE}\n\n{}\n", instructions.as_deref().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id() -> AgentId {
        AgentId::parse("helper").unwrap()
    }

    fn parsed(text: &str) -> Result<AgentEntry, AgentFileError> {
        parse_agent(Path::new("agent.md"), &id(), text)
    }

    #[test]
    fn front_matter_says_what_it_is_and_the_rest_what_it_is_told() {
        let text = "---\r\nname: Helper\ndescription: Reads mail, and answers\nmodel: demo:echo\ntools: [memory, current_time]\n\
                    enabled: false\ncontext:\n  maxTokens: 9000\n---\n\nYou help.\n---\nStill instructions.\n";
        let agent = parsed(text).unwrap();
        assert_eq!((agent.name.as_deref(), agent.enabled), (Some("Helper"), false));
        assert_eq!(agent.tools.unwrap(), ["memory", "current_time"]);
        assert_eq!(agent.instructions.as_deref(), Some("You help.\n---\nStill instructions."));
        assert_eq!(agent.context, Some(Context { max_tokens: 9_000, ..Context::default() }));
    }

    #[test]
    fn a_file_without_front_matter_is_all_instructions() {
        let agent = parsed("You help.\n").unwrap();
        assert_eq!((agent.instructions.as_deref(), agent.enabled, agent.model), (Some("You help."), true, None));
    }

    #[test]
    fn a_mistake_is_shown_with_its_line_and_what_would_be_right() {
        for (text, shown) in [
            ("---\nname: A\nmodle: demo:echo\n---\n", "agent.md:3: unknown setting `modle`; did you mean `model`?"),
            (
                "---\nname: A\nid: other\n---\n",
                "agent.md:3: `id` is \"other\", but the folder is called \"helper\"; make them one, or leave `id` out",
            ),
            ("---\nname: A\n", "agent.md:1: the front matter has no end; write a line `---` behind it"),
            ("---\nenabled: true\ncontext: { compactAt: 7 }\n---\n", "agent.md:3: `context.compactAt` must be from 0.1 to 0.95"),
            ("---\nname: \"\"\n---\n", "agent.md:2: `name` has 1 to 100 characters, none of them a control character"),
        ] {
            assert_eq!(parsed(text).unwrap_err().to_string(), shown);
        }
        let model = parsed("---\n\nmodel: gpt\n---\n").unwrap_err();
        assert!(model.line == Some(3) && model.message.contains("provider:model-name"), "{model}");
        let broken = parsed("---\nname: [\n---\n").unwrap_err();
        assert!(broken.line.is_some(), "{broken}");
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        text.push_str("---\n");
        assert!(parsed(&text).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            name in prop::option::of("\\PC{1,40}"), description in prop::option::of("\\PC{1,40}"), enabled: bool,
            tools in prop::option::of(prop::collection::vec("[a-z_*:\\-#\"' ]{1,20}", 0..5)), body in "(\\PC|\n){0,200}",
            max_tokens in 2_000_u64..1_000_000, fallbacks in 0_usize..3, is_allowed: bool,
            approval in prop::collection::vec("[a-z_*:\\-#\"' ]{1,20}", 0..3),
        ) {
            let commands = is_allowed.then(|| vec![CommandText::parse("git status").unwrap()]);
            let agent = AgentEntry {
                name: name.filter(|name| !name.trim().is_empty()),
                description: description.filter(|text| !text.trim().is_empty()),
                enabled,
                tools,
                model: Some(ModelName::demo()),
                fallback_models: vec![ModelName::demo(); fallbacks],
                commands,
                queue_mode: QueueMode::Steer,
                approval: approval.into_iter().map(|tool| (tool, Approval::Always)).collect(),
                delegates: vec![id(); fallbacks],
                instructions: Some(body.trim().to_owned()).filter(|body| !body.is_empty()),
                context: Some(Context { max_tokens, ..Context::default() }),
                ..AgentEntry::new(id())
            };
            prop_assert_eq!(parsed(&render_agent(&agent)), Ok(agent));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(---\n|id: |name: |[\\[\\]{}&*!|>'\"%@`:,#?-]|\n| |\\PC){0,60}") {
            let _ = parsed(&text);
        }
    }
}
