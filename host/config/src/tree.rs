//! The parsed file: values that know where they stand. Built from the JSONC parser's tree, which borrows and keeps
//! comments; nothing else of the crate sees the parser's types.

use std::{collections::HashSet, ops::Range};

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{ObjectProp, Value as Ast},
    common::Ranged,
    parse_to_ast,
};

use crate::{
    problem::{Code, Place, Problem},
    syntax,
};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// The number as written: 64-bit ids and `1e400` stay what they are until a type is asked for.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// What we take: JSON with comments and trailing commas. The parser knows more dialects; editors would not.
pub(crate) fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Parses the text. `None` only together with a problem; keys that stand twice are reported and the first one counts.
pub(crate) fn parse(text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    match parse_to_ast(text, &CollectOptions::default(), &options()) {
        Ok(parsed) => match parsed.value {
            Some(value) => Some(node(value, "", problems)),
            None => {
                problems.push(syntax::empty());
                None
            }
        },
        Err(error) => {
            problems.push(syntax::explain(text, &error));
            None
        }
    }
}

fn node(ast: Ast<'_>, path: &str, problems: &mut Vec<Problem>) -> Node {
    let range = ast.range();
    let kind = match ast {
        Ast::NullKeyword(_) => Kind::Null,
        Ast::BooleanLit(literal) => Kind::Bool(literal.value),
        Ast::NumberLit(literal) => Kind::Number(literal.value.to_owned()),
        Ast::StringLit(literal) => Kind::Text(literal.value.into_owned()),
        Ast::Array(array) => {
            let elements = array.elements.into_iter().enumerate();
            Kind::List(elements.map(|(index, value)| node(value, &at_index(path, index), problems)).collect())
        }
        Ast::Object(object) => Kind::Map(entries(object.properties, path, problems)),
    };
    Node { span: range.start..range.end, kind }
}

fn entries(properties: Vec<ObjectProp<'_>>, path: &str, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut seen = HashSet::new();
    let mut entries = Vec::with_capacity(properties.len());
    for property in properties {
        let range = property.name.range();
        let key_span = range.start..range.end;
        let key = property.name.into_string();
        let path = at_key(path, &key);
        let value = node(property.value, &path, problems);
        if seen.insert(key.clone()) {
            entries.push(Entry { key, key_span, value });
        } else {
            let message = format!("`{path}` is set twice");
            let twice = Problem::new(Code::DuplicateKey, path, Place::Span(key_span), message);
            problems.push(twice.label("the second time").help("keep one of the two"));
        }
    }
    entries
}

/// The path of a key in a map.
pub(crate) fn at_key(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        // Cut, so that a hostile key does not fill the screen.
        (_, false) => format!("{path}[{:?}]", key.chars().take(64).collect::<String>()),
    }
}

/// The path of an element of a list.
pub(crate) fn at_index(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

impl Node {
    /// The value of a key; `None` also if this is no map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value behind several keys.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The keys of a map; empty if this is no map.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; empty if this is no list.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.kind {
            Kind::List(elements) => elements,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.kind == Kind::Bool(true)
    }

    pub(crate) fn place(&self) -> Place {
        Place::Span(self.span.clone())
    }

    /// The place of the first character: where a map or list of many lines opens.
    pub(crate) fn opening(&self) -> Place {
        Place::Span(self.span.start..(self.span.start + 1).min(self.span.end))
    }

    /// The value without its positions, for serde.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(literal) => number(literal),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(elements) => elements.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }
}

/// A literal as a number; whole ones stay whole, `-0` too, which serde_json itself would make a float of.
fn number(literal: &str) -> serde_json::Value {
    use serde_json::Value;
    let whole = literal.parse::<i64>().map(Value::from).or_else(|_| literal.parse::<u64>().map(Value::from));
    whole.unwrap_or_else(|_| literal.parse().map_or(Value::Null, Value::Number))
}
