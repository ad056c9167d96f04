//! Managing sessions: search, forks, imports, and the folder that a session works in.

use crate::stage::{Line, Stage, dm, said};
use std::os::unix::fs::symlink;
use tokio::sync::mpsc;
use wingman_dispatch::{CopiedMessage, FolderError, Piece, Refused, SearchCursor, StoreError};
use wingman_message::{AgentId, MessageId, MessageStatus, Role, SessionKey};

fn main() -> AgentId {
    AgentId::new("main").unwrap()
}

fn key() -> SessionKey {
    "agent:main:main".parse().unwrap()
}

fn imported(text: &str) -> CopiedMessage {
    CopiedMessage {
        role: Role::User,
        content: text.to_owned(),
        created_at: 1,
        sender: None,
        status: MessageStatus::Complete,
        error: None,
        parts: vec![],
        attachments: vec![],
        untrusted: false,
        overheard: false,
        journal: vec![],
    }
}

#[tokio::test]
async fn what_was_said_is_found_page_by_page() {
    let stage = Stage::new().await;
    for id in ["1", "2", "3"] {
        stage.exchange(said(dm("ada"), id, "the weather"), "Sunny weather.").await;
    }
    stage.network.finished(3).await;
    let (mut seen, mut cursor): (Vec<MessageId>, Option<SearchCursor>) = (vec![], None);
    loop {
        let page = stage.dispatch.search("WEATHER", None, 4, cursor.as_ref()).await.unwrap();
        seen.extend(page.hits.iter().map(|hit| hit.message));
        cursor = page.next.map(|next| next.to_string().parse().unwrap());
        if cursor.is_none() {
            break;
        }
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (6, 6));
    let refused = stage.dispatch.search("weather", Some(&AgentId::new("other").unwrap()), 4, None).await;
    assert!(matches!(refused, Err(Refused::UnknownAgent(_))), "{refused:?}");
    assert!(matches!(stage.dispatch.search("?", None, 4, None).await, Err(Refused::Store(StoreError::Invalid(_)))));
}

#[tokio::test]
async fn a_fork_is_named_after_its_source_and_keeps_its_folder() {
    let stage = Stage::new().await;
    std::fs::create_dir(stage.path("root")).unwrap();
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.network.finished(1).await;
    stage.dispatch.rename_session(&key(), Some("Numbers".into())).await.unwrap();
    stage.dispatch.set_workdir(&key(), Some(stage.path("root"))).await.unwrap();
    let last = stage.dispatch.messages(&key(), 10, None).await.unwrap().messages[0].id;
    let fork = stage.dispatch.fork_session(&key(), last, None).await.unwrap();
    assert_eq!((fork.name.as_deref(), fork.message_count), (Some("Numbers (fork)"), 1));
    assert_eq!(fork.workdir.as_deref(), stage.path("root").to_str());
    let again = stage.dispatch.messages(&fork.key, 10, None).await.unwrap().messages[0].id;
    let twice = stage.dispatch.fork_session(&fork.key, again, None).await.unwrap();
    assert_eq!(twice.name.as_deref(), Some("Numbers (fork)"));
    let foreign = stage.dispatch.fork_session(&key(), again, None).await;
    assert!(matches!(foreign, Err(Refused::Store(StoreError::NotFound(_)))), "{foreign:?}");
    let nobody = stage.dispatch.fork_session(&"agent:other:main".parse().unwrap(), last, None).await;
    assert!(matches!(nobody, Err(Refused::UnknownAgent(_))), "{nobody:?}");
}

#[tokio::test]
async fn an_import_that_is_broken_off_or_mistaken_leaves_nothing() {
    let stage = Stage::new().await;
    let mistake = || Err(Refused::Invalid("line 3: no".into()));
    for (last, told) in [(None, "was broken off"), (Some(mistake()), "line 3: no")] {
        let (sender, pieces) = mpsc::channel(4);
        sender.send(Ok(Piece::Messages(vec![imported("a"), imported("b")]))).await.unwrap();
        if let Some(last) = last {
            sender.send(last).await.unwrap();
        }
        drop(sender);
        let refused = stage.dispatch.import_session(&main(), None, pieces).await.unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
    }
    assert!(stage.dispatch.list_sessions(None, None, 10, None).await.unwrap().sessions.is_empty());

    let (sender, pieces) = mpsc::channel(4);
    sender.send(Ok(Piece::Messages(vec![imported("a")]))).await.unwrap();
    sender.send(Ok(Piece::End)).await.unwrap();
    let made = stage.dispatch.import_session(&main(), Some("Old".into()), pieces).await.unwrap();
    let found = stage.dispatch.list_sessions(None, Some("old"), 10, None).await.unwrap().sessions;
    assert_eq!((found.len(), &found[0].key, found[0].message_count), (1, &made.key, 1));
}

#[tokio::test]
async fn a_session_works_below_the_roots_or_in_its_agents_own_folder() {
    let stage = Stage::new().await;
    std::fs::create_dir_all(stage.path("root/project")).unwrap();
    std::fs::create_dir(stage.path("elsewhere")).unwrap();
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.network.finished(1).await;
    assert!(stage.path("outputs/main").is_dir(), "the agent's own folder is there once it has run");

    let outside = stage.dispatch.set_workdir(&key(), Some(stage.path("root/../elsewhere"))).await;
    assert!(matches!(outside, Err(Refused::Folder(FolderError::Outside { .. }))), "{outside:?}");
    assert!(stage.dispatch.set_workdir(&key(), Some(stage.path("root/project"))).await.unwrap());
    assert!(!stage.dispatch.set_workdir(&"agent:main:none".parse().unwrap(), Some(stage.path("root"))).await.unwrap());
    stage.exchange(said(dm("ada"), "2", "two"), "Two.").await;
    assert_eq!(stage.network.finished(2).await[1].markdown, "Two.");

    // Between two runs somebody puts a link in its place.
    std::fs::remove_dir(stage.path("root/project")).unwrap();
    symlink(stage.path("elsewhere"), stage.path("root/project")).unwrap();
    stage.hears(vec![said(dm("ada"), "3", "three")]).await;
    let told = &stage.network.finished(3).await[2].markdown;
    assert!(told.contains("working folder cannot be used"), "{told}");
    // It can be mended, and nothing is lost.
    assert!(stage.dispatch.set_workdir(&key(), None).await.unwrap());
    stage.speaks([Line::Says("Four."), Line::Ends]);
    stage.hears(vec![said(dm("ada"), "4", "four")]).await;
    assert_eq!(stage.network.finished(4).await[3].markdown, "Four.");
}
