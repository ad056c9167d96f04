//! The project that the commands of plugin authors work on, and what they build.

use crate::show;
use anyhow::{Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};
use wingman_guest::{Allow, Built, Language, Project, Tools};

/// The folder in a project that holds what is made.
const OUT: &str = "out";
/// Compiled code, for the workbench alone: the name keeps it from being taken for a plugin.
const COMPILED: &str = ".compiled";

/// A project, and how it is built.
#[derive(Args)]
pub(super) struct ProjectArgs {
    /// The plugin's project
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    tools: ToolsArgs,
}

/// Where compilers are kept.
#[derive(Args)]
pub(super) struct ToolsArgs {
    /// Where compilers for JavaScript and Python are kept [default: wingman/guest-tools in the user's cache folder]
    #[arg(long = "tools", value_name = "DIR", env = "WINGMAN_TOOLS_DIR")]
    cache: Option<PathBuf>,
}

/// A project that was built.
pub(super) struct Ready {
    pub(super) project: Project,
    pub(super) built: Built,
}

impl ProjectArgs {
    /// Opens the project.
    pub(super) fn open(&self) -> Result<Project> {
        open(&self.dir)
    }

    /// Builds the project into its own `out`.
    pub(super) fn build(&self) -> Result<Ready> {
        build(open(&self.dir)?, &self.tools)
    }

    /// Builds `project` into `out_dir/<name>`.
    pub(super) fn build_into(&self, project: &Project, out_dir: &Path) -> Result<Built> {
        self.tools.build(project, out_dir)
    }
}

pub(super) fn open(dir: &Path) -> Result<Project> {
    let dir = std::path::absolute(dir).with_context(|| format!("no folder {}", dir.display()))?;
    Project::open(dir).context("`wingman plugin new NAME` begins a project")
}

pub(super) fn build(project: Project, tools: &ToolsArgs) -> Result<Ready> {
    let built = tools.build(&project, &project.dir.join(OUT))?;
    Ok(Ready { project, built })
}

impl ToolsArgs {
    fn build(&self, project: &Project, out_dir: &Path) -> Result<Built> {
        let cache = self.cache.clone().map_or_else(default_cache, Ok)?;
        let tools = Tools::new(cache, Allow::Nothing);
        let spinner = match project.language {
            // Cargo shows its own progress.
            Language::Rust => indicatif::ProgressBar::hidden(),
            Language::JavaScript | Language::Python => {
                show::spinner("compiling, 10 to 20 s; the first time on a machine the compiler is fetched")
            }
        };
        let built = project.build(&tools, out_dir);
        spinner.finish_and_clear();
        Ok(built?)
    }
}

impl Ready {
    /// The project's folder for what is made.
    pub(super) fn out(&self) -> PathBuf {
        self.project.dir.join(OUT)
    }

    /// Where the workbench keeps compiled code of this project; `use_` keeps two versions apart.
    pub(super) fn compiled(&self, use_: &str) -> PathBuf {
        self.out().join(COMPILED).join(use_)
    }

    pub(super) fn fixtures(&self) -> PathBuf {
        self.project.dir.join("fixtures")
    }
}

fn default_cache() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    Ok(cache.context("there is no home folder: say where compilers are kept with `--tools DIR`")?.join("wingman/guest-tools"))
}
