//! What a line that was typed means.

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Say(String),
    Steer(String),
    Help,
    Sessions,
    New(Option<String>),
    Open(String),
    Name(String),
    Cancel,
    Quit,
    Nothing,
    /// What to write instead.
    Unclear(String),
}

pub(super) const HELP: &str = "\
/sessions         the newest sessions of this agent
/open KEY         go on in another session
/new [NAME]       begin a new session
/name NAME        give this session another name
/steer TEXT       say something that joins the run in flight
/cancel, Ctrl-C   stop the run in flight
/quit, Ctrl-D     leave; what runs goes on in the gateway
//TEXT            say something that begins with a slash
A line that ends with \\ goes on in the next one; so does pasted text. What is said while a run is in flight waits for its turn.";

impl Command {
    pub(super) fn read(line: &str) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Self::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else { return Self::Say(continued(line)) };
        if command.starts_with('/') {
            return Self::Say(continued(command));
        }
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match (name, rest) {
            ("help", _) => Self::Help,
            ("sessions", _) => Self::Sessions,
            ("new", "") => Self::New(None),
            ("new", name) => Self::New(Some(name.to_owned())),
            ("open", "") => Self::Unclear("write /open KEY; /sessions lists the keys".to_owned()),
            ("open", key) => Self::Open(key.to_owned()),
            ("name", "") => Self::Unclear("write /name NAME".to_owned()),
            ("name", name) => Self::Name(name.to_owned()),
            ("steer", "") => Self::Unclear("write /steer TEXT".to_owned()),
            ("steer", text) => Self::Steer(continued(text)),
            ("cancel", _) => Self::Cancel,
            ("quit" | "exit", _) => Self::Quit,
            (name, _) => {
                let name: String = name.chars().take(40).collect();
                Self::Unclear(format!("there is no command /{name}; /help lists them, //{name} says it"))
            }
        }
    }
}

/// The line goes on in the next one.
pub(super) fn is_open(line: &str) -> bool {
    let slashes = line.len() - line.trim_end_matches('\\').len();
    slashes % 2 == 1
}

/// Lines that were joined by a backslash are lines without it.
fn continued(text: &str) -> String {
    text.replace("\\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_unless_it_is_a_command() {
        let say = |text: &str| Command::Say(text.into());
        assert_eq!(Command::read(" hello "), say("hello"));
        assert_eq!(Command::read("one\\\ntwo"), say("one\ntwo"));
        assert_eq!(Command::read("//help me"), say("/help me"));
        assert_eq!(Command::read("/new  A name"), Command::New(Some("A name".into())));
        assert_eq!(Command::read("/steer to the left"), Command::Steer("to the left".into()));
        assert_eq!(Command::read("   "), Command::Nothing);
    }

    #[test]
    fn a_command_that_is_none_is_not_sent_to_the_agent() {
        assert!(matches!(Command::read("/qiut"), Command::Unclear(hint) if hint.contains("/qiut") && hint.contains("/help")));
        assert!(matches!(Command::read("/name"), Command::Unclear(_)));
    }

    #[test]
    fn a_backslash_at_the_end_opens_the_next_line_and_two_are_a_backslash() {
        assert!(is_open("one\\") && !is_open("one") && !is_open("one\\\\"));
    }
}
