//! `wingman sessions export` and `import`.

use super::path;
use crate::cli::running::{Gateway, answered};
use crate::show;
use anyhow::{Context, Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Body, Method};
use std::io::Write;
use std::path::{Path, PathBuf};
use tokio_util::io::ReaderStream;
use wingman_message::{AgentId, SessionKey};
use wingman_protocol::SessionSummary;
use wingman_protocol::rest::EXPORT_MEDIA_TYPE;

const STANDARD_INPUT: &str = "/dev/stdin";

#[derive(clap::Args)]
pub(crate) struct Export {
    /// The session's key
    session: SessionKey,
    /// Where to write it; a file that is there is kept [default: standard output]
    file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Import {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// Whose session it becomes [default: the default agent's]
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
}

impl Export {
    pub(super) fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { session, file } = self;
        let Some(file) = file else { return gateway.wait(download(gateway, &session, std::io::stdout().lock())) };
        if file.exists() {
            bail!("{} is already there; give it another name", file.display());
        }
        // Under another name first, so that what has its name is whole.
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = part_of(&file);
        let failed = || format!("cannot write into {}", folder.display());
        let mut target = std::fs::OpenOptions::new().write(true).create_new(true).open(&part).with_context(failed)?;
        let written = gateway.wait(download(gateway, &session, &mut target)).and_then(|()| {
            target.sync_all().with_context(failed)?;
            std::fs::rename(&part, &file).with_context(failed)
        });
        if let Err(error) = written {
            // The error that stopped it is the one to tell.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
        anstream::println!("{}  {session} to {}", show::good("exported"), file.display());
        Ok(())
    }
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

async fn download(gateway: &Gateway, session: &SessionKey, mut target: impl Write) -> Result<()> {
    let mut response = answered(gateway.request(Method::GET, &path(session, "/export"))).await?;
    let cut = "the export was cut short; try again";
    while let Some(chunk) = response.chunk().await.context(cut)? {
        target.write_all(&chunk).context("the export cannot be written")?;
    }
    target.flush().context("the export cannot be written")
}

impl Import {
    pub(super) fn run(self, gateway: &Gateway) -> Result<()> {
        let Self { file, agent } = self;
        let query = agent.map(|agent| format!("?agentId={}", utf8_percent_encode(agent.as_str(), NON_ALPHANUMERIC)));
        let address = format!("/api/sessions/import{}", query.unwrap_or_default());
        let made: SessionSummary = gateway.wait(async {
            let source = if file.as_os_str() == "-" { Path::new(STANDARD_INPUT) } else { &file };
            let opened = tokio::fs::File::open(source).await.with_context(|| format!("cannot read {}", file.display()))?;
            let body = Body::wrap_stream(ReaderStream::new(opened));
            let request = gateway.request(Method::POST, &address).header("content-type", EXPORT_MEDIA_TYPE).body(body);
            Ok(answered(request).await?.json().await?)
        })?;
        anstream::println!("{}  {} messages as {}", show::good("imported"), made.message_count, made.id);
        Ok(())
    }
}
