//! `wingman plugin dev`: each change of the source is built and loaded into the running gateway, which watches its plugins folder.

use super::project::ProjectArgs;
use super::{install, list};
use crate::cli::running::Gateway;
use crate::{settings, show};
use anyhow::{Context, Result, bail};
use notify_debouncer_full::notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, DebouncedEvent, new_debouncer};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use wingman_config::{Config, Overrides};
use wingman_guest::Project;
use wingman_package::Standing;
use wingman_protocol::PluginSummary;

/// How long the source must be quiet: editors write in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How long the gateway is given to take up a new version. It waits for quiet, too, and compiles.
const VERDICT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Folders in a project that hold no source.
const ASIDE: [&str; 5] = ["out", "target", "node_modules", "fixtures", "__pycache__"];

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Build and load once, and do not wait for changes
    #[arg(long)]
    once: bool,
}

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let config = settings::load(config, &Overrides::default())?;
        let project = self.project.open()?;
        refuse_installed(&project, &config)?;
        let (changed, changes) = mpsc::sync_channel(1);
        let root = project.dir.clone();
        let heard = move |events: DebounceEventResult| {
            let is_source = |path: &Path| {
                let below = path.strip_prefix(&root).unwrap_or(path);
                !below.components().any(|part| is_aside(&part.as_os_str().to_string_lossy()))
            };
            // Reading is no change, and a build reads all of it.
            let is_change = |events: Vec<DebouncedEvent>| {
                let changes = events.iter().filter(|event| !event.kind.is_access());
                changes.flat_map(|event| &event.paths).any(|path| is_source(path))
            };
            if events.is_ok_and(is_change) {
                // One that waits already stands for all.
                let _ = changed.try_send(());
            }
        };
        let mut watcher = new_debouncer(QUIET, None, heard).context("the sources cannot be watched")?;
        watcher.watch(&project.dir, RecursiveMode::NonRecursive).context("the sources cannot be watched")?;
        for folder in source_folders(&project.dir)? {
            watcher.watch(&folder, RecursiveMode::Recursive).context("the sources cannot be watched")?;
        }
        loop {
            let built = self.load(&project, &config);
            match built {
                Err(error) if self.once => return Err(error),
                Err(error) => anstream::eprintln!("{} {error:#}", show::bad("not built:")),
                Ok(()) if self.once => return Ok(()),
                Ok(()) => {}
            }
            anstream::println!("{}", show::faint("waiting for changes; Ctrl-C ends this, and the plugin stays"));
            changes.recv().context("the sources are watched no more")?;
        }
    }

    /// Builds straight into the plugins folder, where each file is replaced in one step, and says what the gateway makes of it.
    fn load(&self, project: &Project, config: &Config) -> Result<()> {
        let gateway = Gateway::running(config)?;
        let began = Instant::now();
        let before = gateway.as_ref().map(|gateway| status(gateway, &project.name)).transpose()?.flatten();
        let built = self.project.build_into(project, &config.plugins.dir)?;
        let took = began.elapsed().as_secs_f64();
        anstream::println!("{}  {} in {took:.1} s, into {}", show::good("built"), built.name, built.dir.display());
        let Some(gateway) = gateway else {
            anstream::println!("No gateway runs that could load it: `wingman gateway start` starts one.");
            return Ok(());
        };
        match verdict(&gateway, &project.name, before.as_ref().filter(|_| !built.fresh))? {
            None => bail!("the gateway does not list it after {} s; its log may say why", VERDICT.as_secs()),
            Some(status) => {
                let PluginSummary { version, state, last_error, notes, .. } = status;
                anstream::println!("{}  {} {version}: {}", show::good("gateway"), project.name, list::word(state));
                for note in notes.iter().chain(&last_error) {
                    anstream::println!("  {note}");
                }
                Ok(())
            }
        }
    }
}

fn is_aside(name: &str) -> bool {
    ASIDE.contains(&name) || (name.len() > 1 && name.starts_with('.') && name != "..")
}

fn source_folders(project: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(project).with_context(|| format!("cannot read {}", project.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() && !is_aside(&name) {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// What was installed is pinned to the byte: it is not written over.
fn refuse_installed(project: &Project, config: &Config) -> Result<()> {
    let listed = install::plugins(config)?.list()?.into_iter().find(|listed| listed.name.as_str() == project.name);
    if let Some(Standing::Installed(pin) | Standing::Missing(pin)) = listed.map(|listed| listed.standing) {
        bail!("{0} {1} is installed from a package: `wingman plugin remove {0}` first", pin.name, pin.version);
    }
    Ok(())
}

/// What the gateway says of the plugin; none where it knows none of that name.
fn status(gateway: &Gateway, name: &str) -> Result<Option<PluginSummary>> {
    Ok(gateway.plugins()?.into_iter().find(|plugin| plugin.name == name))
}

/// Waits until the gateway says something else than `before`, or has had time enough for a version that looks the same.
fn verdict(gateway: &Gateway, name: &str, before: Option<&PluginSummary>) -> Result<Option<PluginSummary>> {
    let began = Instant::now();
    // A gateway that had the plugin needs no longer than its own quiet time and a compilation.
    let patience = if before.is_some() { Duration::from_secs(3) } else { VERDICT };
    loop {
        let status = status(gateway, name)?;
        if began.elapsed() > patience || (status.is_some() && status.as_ref() != before) {
            return Ok(status);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
