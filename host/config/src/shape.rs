//! The tree against the JSON Schema: unknown keys, types, ranges, choices, required settings.
//!
//! It interprets the schema that `schema` makes from the types of `file`, the very one that editors get. Only the
//! keywords that those types produce are understood; a test in `schema` fails when a new one turns up. What no schema
//! can say (one setting against another) is in `check`.

use serde_json::{Map, Value};

use crate::{
    nearest::nearest,
    problem::{Code, Place, Problem},
    text::{self, BadText},
    tree::{Entry, Kind, Node, at_index, at_key},
};

/// Checks the whole file.
pub(crate) fn check(root: &Node, schema: &Value, problems: &mut Vec<Problem>) {
    Checker { schema, problems }.node(root, schema, "");
}

/// Keywords that `Checker` acts on or may ignore. The schema's test compares.
#[cfg(test)]
pub(crate) const KEYWORDS: &[&str] = &[
    "$ref",
    "$defs",
    "$schema",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "oneOf",
    "anyOf",
    "const",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "format",
    "pattern",
    "description",
    "title",
    "default",
    "writeOnly",
];

struct Checker<'a> {
    schema: &'a Value,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn node(&mut self, node: &Node, schema: &'a Value, path: &str) {
        let at = Site { path, schema, target: self.target(schema) };
        if let Some(forms) = at.get("anyOf").and_then(Value::as_array) {
            match forms.iter().find(|form| fits(form, node)) {
                Some(form) => self.node(node, form, path),
                None => self.problems.push(wrong_type(node, &at)),
            }
            return;
        }
        match (at.kind(), &node.kind) {
            ("object", Kind::Map(entries)) => self.map(node, entries, &at),
            ("array", Kind::List(elements)) => {
                if let Some(items) = at.get("items") {
                    for (index, element) in elements.iter().enumerate() {
                        self.node(element, items, &at_index(path, index));
                    }
                }
            }
            ("integer", Kind::Number(literal)) => self.integer(node, literal, &at),
            ("number", Kind::Number(literal)) => self.number(node, literal, &at),
            ("string", Kind::Text(text)) => self.text(node, text, &at),
            ("boolean", Kind::Bool(_)) | ("", _) => {}
            _ => self.problems.push(wrong_type(node, &at)),
        }
    }

    /// Follows a `$ref` into `$defs`.
    fn target(&self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|link| link.strip_prefix("#/$defs/"));
        name.and_then(|name| self.schema.get("$defs")?.get(name)).unwrap_or(schema)
    }

    fn map(&mut self, node: &Node, entries: &[Entry], at: &Site<'a, '_>) {
        let known = at.get("properties").and_then(Value::as_object);
        let any = at.get("additionalProperties").filter(|schema| schema.is_object());
        if at.get("additionalProperties").is_some_and(|any| *any == Value::Bool(true)) {
            return;
        }
        // A misspelt key is one mistake: it is not missing as well.
        let mut meant = Vec::new();
        for entry in entries {
            let path = at_key(at.path, &entry.key);
            match known.and_then(|known| known.get(&entry.key)).or(any) {
                Some(schema) => self.node(&entry.value, schema, &path),
                None => {
                    meant.extend(meant_by(&entry.key, known));
                    self.problems.push(self.unknown_key(entry, &path, at.path, known));
                }
            }
        }
        for name in at.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !meant.contains(&name) && !entries.iter().any(|entry| entry.key == name) {
                let message = format!("{} lacks `{name}`", group(at.path));
                let schema = known.and_then(|known| known.get(name));
                let help = schema.and_then(|schema| self.description(schema)).unwrap_or_default();
                let missing = Problem::new(Code::Missing, at_key(at.path, name), node.opening(), message);
                self.problems.push(missing.label(format!("`{name}` is missing here")).help(help));
            }
        }
    }

    fn description(&self, schema: &'a Value) -> Option<&'a str> {
        schema.get("description").or_else(|| self.target(schema).get("description")).and_then(Value::as_str)
    }

    fn unknown_key(&self, entry: &Entry, path: &str, parent: &str, known: Option<&Map<String, Value>>) -> Problem {
        let names = || known.into_iter().flat_map(Map::keys).map(String::as_str);
        let key: String = entry.key.chars().take(64).collect();
        let help = if let Some(meant) = meant_by(&key, known) {
            format!("did you mean `{meant}`?")
        } else if let Some(home) = self.home_of(&key, self.schema, "").filter(|home| home != parent) {
            let home = if home.is_empty() { "the top level of the file".to_owned() } else { format!("`{home}`") };
            format!("`{key}` belongs in {home}")
        } else {
            let names: Vec<_> = names().filter(|name| !name.starts_with('$')).map(|name| format!("`{name}`")).collect();
            format!("{} takes {}", group(parent), names.join(", "))
        };
        let message = format!("unknown setting `{path}`");
        Problem::new(Code::UnknownKey, path, Place::Span(entry.key_span.clone()), message).label("no such setting").help(help)
    }

    /// The group that has a setting of this name, searched through objects only: in a list the answer would be vague.
    fn home_of(&self, key: &str, schema: &'a Value, path: &str) -> Option<String> {
        let properties = self.target(schema).get("properties")?.as_object()?;
        if properties.contains_key(key) {
            return Some(path.to_owned());
        }
        properties.iter().find_map(|(name, schema)| self.home_of(key, schema, &at_key(path, name)))
    }

    fn integer(&mut self, node: &Node, literal: &str, at: &Site<'a, '_>) {
        let Ok(number) = literal.parse::<i128>() else {
            self.problems.push(wrong_type(node, at));
            return;
        };
        let (min, max) = at.range();
        if number < min || number > max {
            let message = format!("`{}` must be from {min} to {max}", at.path);
            let shown: String = literal.chars().take(40).collect();
            let outside = Problem::new(Code::OutOfRange, at.path, node.place(), message);
            self.problems.push(outside.label(format!("{shown} is outside")).help(at.description()));
        }
    }

    fn number(&mut self, node: &Node, literal: &str, at: &Site<'a, '_>) {
        let (min, max) = at.number_range();
        // A literal that is too long for a number is infinite, and outside.
        if !literal.parse::<f64>().is_ok_and(|number| (min..=max).contains(&number)) {
            let message = format!("`{}` must be from {min} to {max}", at.path);
            let shown: String = literal.chars().take(40).collect();
            let outside = Problem::new(Code::OutOfRange, at.path, node.place(), message);
            self.problems.push(outside.label(format!("{shown} is outside")).help(at.description()));
        }
    }

    fn text(&mut self, node: &Node, value: &str, at: &Site<'a, '_>) {
        let choices = at.choices();
        let length = value.chars().count() as u64;
        let limit = |keyword| at.get(keyword).and_then(Value::as_u64);
        let rule = at.get("format").and_then(Value::as_str).and_then(text::rule);
        let problem = |message: String| Problem::new(Code::BadValue, at.path, node.place(), message);
        if !choices.is_empty() {
            if !choices.contains(&value) {
                self.problems.push(problem(at.refuses(value, true)).label("not one of the choices").help(pick(value, &choices)));
            }
        } else if let Some(rule) = rule {
            if let Err(BadText(right)) = (rule.check)(value) {
                self.problems.push(problem(at.refuses(value, rule.may_quote)).label("not possible here").help(right));
            }
        } else if limit("minLength").is_some_and(|min| length < min) {
            self.problems.push(problem(format!("`{}` is empty", at.path)).label("empty").help(at.description()));
        } else if let Some(max) = limit("maxLength").filter(|max| length > *max) {
            let message = format!("`{}` is longer than {max} characters", at.path);
            self.problems.push(problem(message).label(format!("{length} characters")).help(at.description()));
        }
    }
}

/// One setting: its path, its schema as it stands there, and the schema that it refers to.
struct Site<'a, 'p> {
    path: &'p str,
    schema: &'a Value,
    target: &'a Value,
}

impl<'a> Site<'a, '_> {
    fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.schema.get(keyword).or_else(|| self.target.get(keyword))
    }

    fn kind(&self) -> &'a str {
        // A choice of documented constants has no type of its own; all of ours are text.
        self.get("type").and_then(Value::as_str).unwrap_or(if self.get("oneOf").is_some() { "string" } else { "" })
    }

    fn description(&self) -> &'a str {
        self.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    fn choices(&self) -> Vec<&'a str> {
        let documented = self.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        let plain = self.get("enum").and_then(Value::as_array).into_iter().flatten();
        documented.filter_map(|choice| choice.get("const")).chain(plain).filter_map(Value::as_str).collect()
    }

    fn range(&self) -> (i128, i128) {
        let bound = |keyword| self.get(keyword).and_then(Value::as_i64).map(i128::from);
        // JavaScript's largest exact integer, where the schema names no bound: editors and browsers read this file too.
        (bound("minimum").unwrap_or(0), bound("maximum").unwrap_or((1 << 53) - 1))
    }

    fn number_range(&self) -> (f64, f64) {
        let bound = |keyword| self.get(keyword).and_then(Value::as_f64);
        (bound("minimum").unwrap_or(0.0), bound("maximum").unwrap_or(f64::MAX))
    }

    fn is_secret(&self) -> bool {
        self.get("writeOnly").is_some()
    }

    fn refuses(&self, value: &str, may_quote: bool) -> String {
        if may_quote && !self.is_secret() {
            format!("`{}` cannot be {}", self.path, quoted(value))
        } else {
            format!("`{}` cannot be this", self.path)
        }
    }

    fn should_be(&self) -> String {
        if let Some(forms) = self.get("anyOf").and_then(Value::as_array) {
            let forms = forms.iter().map(|form| Site { path: self.path, schema: form, target: form }.should_be());
            return forms.collect::<Vec<_>>().join(" or ");
        }
        match self.kind() {
            "object" => "a group `{ ... }`".to_owned(),
            "array" => "a list `[ ... ]`".to_owned(),
            "integer" => {
                let (min, max) = self.range();
                format!("a whole number from {min} to {max}")
            }
            "number" => {
                let (min, max) = self.number_range();
                format!("a number from {min} to {max}")
            }
            "boolean" => "true or false".to_owned(),
            _ => "text in double quotes".to_owned(),
        }
    }
}

/// Whether a form of a setting that has several is the one that is meant: no two are of one kind.
fn fits(form: &Value, node: &Node) -> bool {
    let kind = form.get("type").and_then(Value::as_str).unwrap_or_default();
    matches!(
        (kind, &node.kind),
        ("object", Kind::Map(_)) | ("array", Kind::List(_)) | ("string", Kind::Text(_)) | ("boolean", Kind::Bool(_))
    )
}

fn meant_by<'a>(key: &str, known: Option<&'a Map<String, Value>>) -> Option<&'a str> {
    nearest(key, known.into_iter().flat_map(Map::keys).map(String::as_str))
}

fn pick(value: &str, choices: &[&str]) -> String {
    let all: Vec<_> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
    match nearest(value, choices.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"? Possible: {}", all.join(", ")),
        None => format!("possible: {}", all.join(", ")),
    }
}

fn wrong_type(node: &Node, at: &Site<'_, '_>) -> Problem {
    let place = if matches!(node.kind, Kind::Map(_) | Kind::List(_)) { node.opening() } else { node.place() };
    let name = if at.path.is_empty() { "the file".to_owned() } else { format!("`{}`", at.path) };
    let message = format!("{name} should be {}", at.should_be());
    let help = match (&node.kind, at.kind()) {
        (Kind::Null, _) => "leave the line out to use the default".to_owned(),
        (Kind::Text(text), "integer" | "number") if text.trim().parse::<i64>().is_ok() => {
            format!("write it without quotes: {}", text.trim())
        }
        (Kind::Text(text), "number") if text.trim().parse::<f64>().is_ok() => {
            format!("write it without quotes: {}", text.trim())
        }
        (Kind::Text(text), "boolean") => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => "write it without quotes: true".to_owned(),
            "false" | "no" | "off" | "0" => "write it without quotes: false".to_owned(),
            _ => at.description().to_owned(),
        },
        (Kind::Number(_), "string") if at.is_secret() => "put it in quotes".to_owned(),
        (Kind::Number(literal), "string") => format!("put it in quotes: \"{}\"", literal.chars().take(40).collect::<String>()),
        (_, "array") => "put it in a list: [ ... ]".to_owned(),
        _ => at.description().to_owned(),
    };
    Problem::new(Code::WrongType, at.path, place, message).label(format!("this is {}", found(&node.kind))).help(help)
}

fn found(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool(_) => "true or false",
        Kind::Number(literal) if literal.parse::<i128>().is_err() => "not a whole number",
        Kind::Number(_) => "a number",
        Kind::Text(_) => "text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a group",
    }
}

fn group(path: &str) -> String {
    if path.is_empty() { "the top level".to_owned() } else { format!("`{path}`") }
}

/// A value in quotes, cut so that it fits a line.
pub(crate) fn quoted(value: &str) -> String {
    let short: String = value.chars().take(60).collect();
    if short.len() < value.len() { format!("{short:?} ...") } else { format!("{short:?}") }
}
