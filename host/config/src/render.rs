//! A report for people: the message, the place, the line itself with a mark under it, and what would be right.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters, ThemeStyles,
};

use crate::problem::{Place, Problem, Report, Severity};

/// How a report is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Colours and box-drawing characters, for terminals.
    Fancy,
    /// ASCII without colours, for pipes, logs and terminals that want none.
    Plain,
}

/// Columns that a report may take.
const WIDTH: usize = 100;

impl Report {
    /// The report as text, with a final newline. Values of secrets are starred.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        let theme = match look {
            Look::Fancy => GraphicalTheme::unicode(),
            Look::Plain => GraphicalTheme { characters: ascii(), styles: ThemeStyles::none() },
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(WIDTH).with_context_lines(1);
        let code = NamedSource::new(self.source().name(), self.source().masked());
        let mut text = String::new();
        for problem in self.problems() {
            let shown = Shown { problem, name: self.source().name(), code: &code };
            // Writing to a String does not fail; should miette refuse to draw, the plain line still tells all.
            if handler.render_report(&mut text, &shown).is_err() {
                text.push_str(&problem.message);
            }
            text.push('\n');
        }
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        let count = |severity| self.problems().iter().filter(|problem| problem.code.severity() == severity).count();
        let words = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
        let parts = [words(count(Severity::Error), "mistake"), words(count(Severity::Warning), "warning")];
        let more = (self.omitted() > 0).then(|| format!("{} more not shown", self.omitted()));
        let parts: Vec<_> = parts.into_iter().flatten().chain(more).collect();
        if parts.is_empty() { String::new() } else { format!("{}: {}\n", self.source().name(), parts.join(", ")) }
    }
}

fn ascii() -> ThemeCharacters {
    ThemeCharacters { error: "x".into(), warning: "!".into(), ..ThemeCharacters::ascii() }
}

/// One problem as miette wants it.
struct Shown<'a> {
    problem: &'a Problem,
    name: &'a str,
    code: &'a NamedSource<String>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem.place {
            Place::Span(_) => f.write_str(&self.problem.message),
            Place::File => write!(f, "{}: {}", self.name, self.problem.message),
            Place::Option(option) => write!(f, "{option}: {}", self.problem.message),
        }
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(format!("config::{}", self.problem.code.as_str())))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.code.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        (!self.problem.help.is_empty()).then(|| Box::new(&self.problem.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        matches!(self.problem.place, Place::Span(_)).then_some(self.code as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Place::Span(span) = &self.problem.place else { return None };
        let label = (!self.problem.label.is_empty()).then(|| self.problem.label.clone());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, span.clone()))))
    }
}
