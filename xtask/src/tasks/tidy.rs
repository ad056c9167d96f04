//! `tidy`: the rules of this repository that no compiler and no lint knows; they are in `crate::tidy`.

use crate::{project::Project, tidy};
use anyhow::{Result, bail};

pub(crate) fn perform(project: &Project) -> Result<()> {
    let tree = tidy::Tree::load(project.root())?;
    let findings = tidy::check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            eprintln!("tidy: {} files, nothing found", tree.len());
            Ok(())
        }
        1 => bail!("tidy found 1 thing"),
        number => bail!("tidy found {number} things"),
    }
}
