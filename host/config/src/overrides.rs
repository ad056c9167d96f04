//! Options of the command line that stand above the file, and the same rules for them.

use secrecy::{ExposeSecret, SecretString};

use crate::{
    file::AuthMode,
    problem::{Code, Place, Problem},
    shape::quoted,
    text::{BadText, Host},
};

/// What the command line says instead of the file. Values are as typed; [`load`](crate::load) checks them with the
/// rules of the file, and an error names the option.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--host`
    pub host: Option<String>,
    /// `--port`
    pub port: Option<u16>,
    /// `--auth-mode`: token, password or none.
    pub auth_mode: Option<String>,
    /// `--token`
    pub token: Option<SecretString>,
    /// `--password`
    pub password: Option<SecretString>,
    /// `--name`
    pub name: Option<String>,
}

impl Overrides {
    /// Reports what is wrong with the options by themselves.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        let bad = |option, path: &str, message| Problem::new(Code::BadValue, path, Place::Option(option), message);
        if let Some(host) = &self.host
            && let Err(BadText(right)) = Host::parse(host)
        {
            problems.push(bad("--host", "gateway.host", format!("the host cannot be {}", quoted(host))).help(right));
        }
        if let Some(mode) = &self.auth_mode
            && parse_mode(mode).is_none()
        {
            let message = format!("the authentication mode cannot be {}", quoted(mode));
            problems.push(bad("--auth-mode", "gateway.auth.mode", message).help("possible: token, password, none"));
        }
        if self.name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > 100) {
            problems.push(bad("--name", "gateway.name", "the name must have 1 to 100 characters".to_owned()));
        }
        let secrets = [("--token", "token", &self.token), ("--password", "password", &self.password)];
        for (option, what, secret) in secrets {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
                problems.push(bad(option, &format!("gateway.auth.{what}"), format!("the {what} is empty")));
            }
        }
    }

    pub(crate) fn mode(&self) -> Option<AuthMode> {
        self.auth_mode.as_deref().and_then(parse_mode)
    }

    pub(crate) fn host(&self) -> Option<Host> {
        self.host.as_deref().and_then(|host| Host::parse(host).ok())
    }
}

pub(crate) fn parse_mode(text: &str) -> Option<AuthMode> {
    match text {
        "token" => Some(AuthMode::Token),
        "password" => Some(AuthMode::Password),
        "none" => Some(AuthMode::None),
        _ => None,
    }
}
