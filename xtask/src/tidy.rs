//! The rules of this repository that no compiler and no lint knows: budgets, crate arrows, names, texts.
//!
//! Every rule is a function from the tree of files to findings, and one line in [`RULES`]; its tests show that it fires.
//! What is not here: anything that clippy or rustfmt already says.

mod arrows;
mod finding;
mod lines;
mod mask;
mod names;
mod sizes;
mod tree;

pub(crate) use finding::Finding;
pub(crate) use tree::Tree;

const RULES: [fn(&Tree) -> Vec<Finding>; 12] = [
    sizes::files,
    sizes::functions,
    sizes::main,
    arrows::dependencies,
    arrows::owners,
    arrows::crate_names,
    names::vendors,
    names::providers,
    lines::headers,
    lines::reasons,
    lines::machine_paths,
    lines::forbidden,
];

/// All findings, in order of file and line.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<_> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}
