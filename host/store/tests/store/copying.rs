//! Stories of copies: forks, exports and imports. They are whole or not there.

use crate::fixture::{Fixture, delivery, finish, run_id, said, session};
use proptest::prelude::*;
use wingman_message::{
    AgentId, Attachment, ContentSource, Entry, MessageId, MessageStatus, Part, Role, Sender, SessionKey, ToolCall, ToolPart,
};
use wingman_store::{AgentStore, CopiedMessage, NewCopy, StoreError};

fn copy_to(name: &str) -> NewCopy {
    NewCopy { key: session(name), name: Some(name.to_owned()), workdir: None }
}

pub(crate) async fn export(agent: &AgentStore, key: &SessionKey) -> Vec<CopiedMessage> {
    let mut export = agent.export_session(key).await.unwrap().unwrap();
    let mut all = Vec::new();
    loop {
        let piece = export.next_piece().await.unwrap();
        if piece.is_empty() {
            return all;
        }
        all.extend(piece);
    }
}

async fn contents(agent: &AgentStore, key: &SessionKey) -> Vec<String> {
    let page = agent.messages(key, 10_000, None).await.unwrap();
    page.messages.into_iter().map(|message| message.content).collect()
}

/// A turn with a step in its journal.
async fn turn_with_journal(fixture: &Fixture, key: &SessionKey, id: &str) {
    let new = delivery(key, &[id]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let seq = fixture.agent.reserve_seq(key, 2).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap().run;
    fixture.agent.append_step(run, 0, said("thinking")).await.unwrap();
    fixture.agent.finish_turn(finish(id, run, seq + 1)).await.unwrap();
}

#[tokio::test]
async fn a_fork_has_what_was_said_up_to_the_message_and_goes_its_own_way() {
    let fixture = Fixture::new().await;
    let agent = &fixture.agent;
    for id in ["1", "2", "3"] {
        turn_with_journal(&fixture, &session("a"), id).await;
    }
    let source = agent.messages(&session("a"), 100, None).await.unwrap().messages;
    let fork = agent.fork_session(&session("a"), source[3].id, copy_to("b")).await.unwrap();
    assert_eq!((fork.message_count, fork.last_preview.as_deref(), fork.name.as_deref()), (4, Some("an answer"), Some("b")));
    assert_eq!(contents(agent, &session("b")).await, ["text of 1", "an answer", "text of 2", "an answer"]);
    let history = agent.history(&session("b"), 100, run_id()).await.unwrap();
    assert_eq!(history[1].1, [said("thinking")], "the model is shown what the runs had done");

    // Both go on, apart.
    fixture.turn(&session("b"), "only in b").await;
    fixture.turn(&session("a"), "only in a").await;
    assert_eq!(contents(agent, &session("b")).await.len(), 6);
    assert_eq!(agent.delete_session(&session("a")).await, Ok(true));
    assert_eq!(agent.history(&session("b"), 100, run_id()).await.unwrap()[1].1, [said("thinking")]);
    let fork = agent.messages(&session("b"), 100, None).await.unwrap().messages;
    agent.fork_session(&session("b"), fork[1].id, copy_to("c")).await.unwrap();
    assert_eq!(agent.history(&session("c"), 100, run_id()).await.unwrap()[1].1, [said("thinking")], "a fork of a fork");
    assert_eq!(agent.delete_session(&session("b")).await, Ok(true));
    assert_eq!(agent.search("thinking", 10, None).await.unwrap().hits.len(), 0);
    assert_eq!(agent.search("answer", 10, None).await.unwrap().hits.len(), 1, "what was deleted is not found");
}

#[tokio::test]
async fn a_fork_takes_messages_of_that_session_only() {
    let fixture = Fixture::new().await;
    let agent = &fixture.agent;
    fixture.turn(&session("a"), "1").await;
    fixture.turn(&session("b"), "2").await;
    let other = fixture.store.agent(&AgentId::new("other").unwrap()).await.unwrap();
    let foreign = agent.messages(&session("b"), 1, None).await.unwrap().messages[0].id;
    for (message, why) in [(foreign, "another session's message"), (MessageId::new(7), "nobody's message")] {
        let refused = agent.fork_session(&session("a"), message, copy_to("c")).await;
        assert!(matches!(&refused, Err(StoreError::NotFound(what)) if what.contains("message")), "{why}: {refused:?}");
    }
    let refused = other.fork_session(&session("b"), foreign, copy_to("c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotFound(_)), "{refused:?}");
    let foreign_key = agent.begin_copy(NewCopy { key: "agent:other:x".parse().unwrap(), name: None, workdir: None }).await;
    assert!(matches!(foreign_key, Err(StoreError::Invalid(_))));
    let taken = agent.fork_session(&session("b"), foreign, copy_to("a")).await;
    assert!(matches!(taken, Err(StoreError::AlreadyThere(_))), "{taken:?}");
    assert_eq!(agent.list_sessions(10, None).await.unwrap().len(), 2);
}

fn plain(text: &str) -> CopiedMessage {
    CopiedMessage {
        role: Role::User,
        content: text.to_owned(),
        created_at: 5,
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
async fn an_import_is_not_there_before_it_is_whole_and_leaves_nothing_when_it_is_given_up() {
    let fixture = Fixture::new().await;
    let mut copy = fixture.agent.begin_copy(copy_to("a")).await.unwrap();
    copy.append((0..500).map(|n| plain(&format!("imported {n}"))).collect()).await.unwrap();
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap(), None);
    assert_eq!(fixture.agent.list_sessions(10, None).await.unwrap(), []);
    assert_eq!(fixture.agent.search("imported", 10, None).await.unwrap().hits, []);
    assert!(matches!(fixture.agent.begin_copy(copy_to("a")).await, Err(StoreError::AlreadyThere(_))));
    copy.give_up().await;
    let path = fixture.database();
    until_empty(&path).await;

    // A process that is killed in the middle of one has left nothing either.
    let mut copy = fixture.agent.begin_copy(copy_to("a")).await.unwrap();
    copy.append((0..500).map(|n| plain(&format!("imported {n}"))).collect()).await.unwrap();
    drop(copy);
    let fixture = fixture.reopen().await;
    until_empty(&path).await;
    let mut copy = fixture.agent.begin_copy(copy_to("a")).await.unwrap();
    copy.append(vec![plain("one"), plain("two")]).await.unwrap();
    let made = copy.finish().await.unwrap();
    assert_eq!((made.message_count, made.last_preview.as_deref()), (2, Some("two")));
    assert_eq!(fixture.agent.reserve_seq(&session("a"), 1).await, Ok(3), "numbers go on behind those of the copy");
}

/// Waits until no message is in the file, nor its words in the index.
async fn until_empty(path: &std::path::Path) {
    let file = rusqlite::Connection::open(path).unwrap();
    let count = |query: &str| file.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    let wait = async {
        for table in ["messages", "copies", "message_search_docsize", "search_garbage"] {
            while count(&format!("SELECT count(*) FROM {table}")) > 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.unwrap();
}

#[tokio::test]
async fn an_export_is_the_session_as_it_was_when_it_began_and_says_when_it_was_deleted() {
    let fixture = Fixture::new().await;
    for n in 0..60 {
        fixture.turn(&session("a"), &n.to_string()).await;
    }
    let mut reading = fixture.agent.export_session(&session("a")).await.unwrap().unwrap();
    assert_eq!(reading.session.message_count, 120);
    fixture.turn(&session("a"), "later").await;
    let first = reading.next_piece().await.unwrap();
    let second = reading.next_piece().await.unwrap();
    assert_eq!((first.len() + second.len(), reading.next_piece().await.unwrap().len()), (120, 0));

    let mut reading = fixture.agent.export_session(&session("a")).await.unwrap().unwrap();
    reading.next_piece().await.unwrap();
    fixture.agent.delete_session(&session("a")).await.unwrap();
    assert!(matches!(reading.next_piece().await, Err(StoreError::NotFound(_))));
    assert!(fixture.agent.export_session(&session("none")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_keeps_its_working_folder_and_its_fork_is_told_of_one() {
    let fixture = Fixture::new().await;
    fixture.turn(&session("a"), "1").await;
    assert_eq!(fixture.agent.set_workdir(&session("a"), Some("/srv/x".to_owned())).await, Ok(true));
    assert_eq!(fixture.agent.set_workdir(&session("none"), Some("/srv/x".to_owned())).await, Ok(false));
    let fixture = fixture.reopen().await;
    let kept = fixture.agent.list_sessions(10, None).await.unwrap();
    assert_eq!(kept[0].workdir.as_deref(), Some("/srv/x"));
    assert_eq!(fixture.agent.set_workdir(&session("a"), None).await, Ok(true));
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap().unwrap().workdir, None);
}

#[tokio::test]
async fn sessions_are_found_by_name_key_or_last_words() {
    let fixture = Fixture::new().await;
    for (key, name) in [("a", "Caf\u{e9} plans"), ("b", "Taxes"), ("webhook:cafe", "Mail")] {
        let new = wingman_store::NewSession {
            key: session(key),
            name: Some(name.to_owned()),
            source: wingman_message::SessionSource::Client,
        };
        fixture.agent.create_session(new).await.unwrap();
        fixture.clock.advance_ms(1);
    }
    fixture.turn(&session("c"), "at the cafe").await;
    let names = async |limit, cursor: Option<&wingman_store::SessionCursor>| {
        let found = fixture.agent.find_sessions("CAFE", limit, cursor).await.unwrap();
        found.iter().map(|one| one.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(10, None).await, ["agent:main:webhook:cafe", "agent:main:a"]);
    let first = fixture.agent.find_sessions("CAFE", 1, None).await.unwrap();
    assert_eq!(names(10, Some(&first[0].cursor())).await, ["agent:main:a"]);
    assert_eq!(fixture.agent.find_sessions("an answer", 10, None).await.unwrap().len(), 1);
}

/// Any message.
fn anything() -> impl Strategy<Value = CopiedMessage> {
    let text = "\\PC{0,30}";
    let tool = (text, text, any::<bool>()).prop_map(|(name, output, is_error)| {
        Part::Tool(ToolPart {
            tool_call_id: "1".into(),
            tool_name: name,
            tool_input: serde_json::json!({ "of": output }),
            tool_output: Some(output),
            is_error,
            started_at: Some(1),
            ended_at: None,
        })
    });
    let part = prop_oneof![text.prop_map(|text| Part::Text { text }), tool];
    let source = prop_oneof![text.prop_map(ContentSource::Url), text.prop_map(ContentSource::Reference)];
    let attachment = (prop::option::of(text), source, prop::option::of(0..1_000_000_u64))
        .prop_map(|(name, source, size)| Attachment { name, media_type: "image/png".into(), size, source });
    let step = prop_oneof![
        text.prop_map(|text| Entry::Assistant {
            calls: vec![ToolCall { id: "1".into(), name: text.clone(), input: serde_json::json!([text]) }],
            text,
            reasoning: None,
        }),
        (text, any::<bool>()).prop_map(|(output, is_error)| Entry::Tool {
            call_id: "1".into(),
            name: "look".into(),
            output,
            is_error,
            started_at: 1,
            ended_at: 2,
        }),
    ];
    let user = (text, any::<i32>(), any::<bool>(), prop::collection::vec(attachment, 0..3), prop::option::of(text)).prop_map(
        |(content, created_at, untrusted, attachments, sender)| CopiedMessage {
            created_at: created_at.into(),
            untrusted,
            attachments,
            sender: sender.map(|name| Sender { id: "u".into(), name: Some(name), is_bot: false }),
            ..plain(&content)
        },
    );
    let assistant = (text, prop::collection::vec(part, 0..4), prop::collection::vec(step, 0..4), prop::option::of(text))
        .prop_map(|(content, parts, journal, error)| CopiedMessage {
            role: Role::Assistant,
            status: if error.is_some() { MessageStatus::Error } else { MessageStatus::Truncated },
            error,
            parts,
            journal,
            ..plain(&content)
        });
    prop_oneof![user, assistant]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A copy is what was copied; a fork is its beginning; pages are all of it in order, whatever their size.
    #[test]
    fn copies_forks_and_pages_are_slices_of_what_was_said(
        said in prop::collection::vec(anything(), 1..40),
        cut in any::<prop::sample::Index>(),
        steps in 1..7_usize,
        page in 1..9_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new().await;
            let agent = &fixture.agent;
            let mut copy = agent.begin_copy(copy_to("a")).await.unwrap();
            for some in said.chunks(steps) {
                copy.append(some.to_vec()).await.unwrap();
            }
            assert_eq!(copy.finish().await.unwrap().message_count, said.len() as u64);
            assert_eq!(export(agent, &session("a")).await, said);

            let (mut pages, mut cursor) = (Vec::new(), None);
            loop {
                let found = agent.messages(&session("a"), page, cursor.as_ref()).await.unwrap();
                assert!(found.messages.len() <= page);
                pages.push(found.messages);
                cursor = found.next;
                if cursor.is_none() { break; }
            }
            let all: Vec<_> = pages.into_iter().rev().flatten().collect();
            let texts: Vec<&str> = all.iter().map(|message| message.content.as_str()).collect();
            assert_eq!(texts, said.iter().map(|message| message.content.as_str()).collect::<Vec<_>>());

            let cut = cut.index(said.len());
            agent.fork_session(&session("a"), all[cut].id, copy_to("b")).await.unwrap();
            assert_eq!(export(agent, &session("b")).await, said[..=cut]);
        });
    }
}
