//! Stories of search: what is found, what is not, and what nobody can do with a query.

use crate::fixture::{Fixture, answer, delivery, finish, main_agent, run_id, session};
use crate::migrating::kept;
use proptest::prelude::*;
use std::time::Duration;
use wingman_message::{MessageId, SessionKey};
use wingman_store::{AgentStore, FinishTurn, SearchHit, StoreError};

/// Somebody says `text`, and is answered with `reply`.
async fn talk(fixture: &Fixture, key: &SessionKey, id: &str, text: &str, reply: &str) {
    let mut new = delivery(key, &[id]);
    new.messages[0].text = text.to_owned();
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let seq = fixture.agent.reserve_seq(key, 2).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap().run;
    let answer = wingman_message::Message { content: reply.to_owned(), ..answer(run, seq + 1) };
    fixture.agent.finish_turn(FinishTurn { answer, ..finish(id, run, seq + 1) }).await.unwrap();
}

async fn found(agent: &AgentStore, text: &str) -> Vec<SearchHit> {
    agent.search(text, 100, None).await.unwrap().hits
}

/// The hits as `session: text`, hits in brackets.
async fn shown(agent: &AgentStore, text: &str) -> Vec<String> {
    let one = |hit: SearchHit| {
        let parts = hit.snippet.iter().map(|part| if part.hit { format!("[{}]", part.text) } else { part.text.clone() });
        format!("{}: {}", hit.session.as_str().rsplit(':').next().unwrap(), parts.collect::<String>())
    };
    found(agent, text).await.into_iter().map(one).collect()
}

#[tokio::test]
async fn what_was_said_is_found_in_all_sessions_newest_first_and_marked() {
    let fixture = Fixture::new().await;
    talk(&fixture, &session("a"), "1", "Where is the Caf\u{e9} M\u{fc}ller?", "Behind the station.").await;
    talk(&fixture, &session("b"), "2", "\u{6771}\u{4eac}\u{90fd}\u{306e}\u{5929}\u{6c17}\u{306f}", "The cafeteria is closed.")
        .await;
    let agent = &fixture.agent;
    assert_eq!(shown(agent, "cafe").await, ["b: The [cafeteria] is closed.", "a: Where is the [Caf\u{e9}] M\u{fc}ller?"]);
    assert_eq!(shown(agent, "MULLER cafe").await, ["a: Where is the [Caf\u{e9}] [M\u{fc}ller]?"], "every word must be there");
    assert_eq!(shown(agent, "\u{5929}\u{6c17}").await, ["b: \u{6771}\u{4eac}\u{90fd}\u{306e}[\u{5929}\u{6c17}]\u{306f}"]);
    assert_eq!(shown(agent, "\u{6c17}\u{5929}").await, Vec::<String>::new(), "the characters stand in a row");
    assert_eq!(shown(agent, "stat").await, ["a: Behind the [station]."]);
    assert_eq!(shown(agent, "tation").await, Vec::<String>::new());
    let hit = &found(agent, "station").await[0];
    let message = agent.message(hit.message).await.unwrap().unwrap();
    assert_eq!((message.seq, message.content.as_str()), (hit.seq, "Behind the station."));

    let fixture = fixture.reopen().await;
    assert_eq!(found(&fixture.agent, "station").await.len(), 1);
    fixture.agent.delete_session(&session("a")).await.unwrap();
    assert_eq!(shown(&fixture.agent, "cafe").await, ["b: The [cafeteria] is closed."]);
    // Its words are taken out of the index, too, a little later.
    let file = rusqlite::Connection::open(fixture.database()).unwrap();
    let left = || file.query_row("SELECT count(*) FROM message_search_docsize", [], |row| row.get::<_, i64>(0)).unwrap();
    let gone = async {
        while left() > 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.unwrap();
    let other = fixture.store.agent(&wingman_message::AgentId::new("other").unwrap()).await.unwrap();
    assert_eq!(found(&other, "cafeteria").await, [], "each agent has a search of its own");
}

#[tokio::test]
async fn no_query_is_anything_but_words() {
    let fixture = Fixture::new().await;
    talk(&fixture, &session("a"), "1", "secret plans", "an answer").await;
    talk(&fixture, &session("b"), "2", "harmless talk", "an answer").await;
    for attack in [
        "harmless OR secret",
        "harmless\" OR \"secret",
        "words:secret OR harmless",
        "NOT harmless",
        "NEAR(secret harmless, 50)",
        "secret^ -talk",
        "{words}: secret talk",
        "'; DROP TABLE messages; -- secret talk",
        "harmless\0secret",
        "* secret talk",
    ] {
        assert_eq!(found(&fixture.agent, attack).await, [], "{attack}");
    }
    assert_eq!(found(&fixture.agent, "\"secret\" -plans").await.len(), 1);
    for nothing in ["", " \t", "\"", "*:^()", "\u{1f600}"] {
        let refused = fixture.agent.search(nothing, 10, None).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Invalid(why) if why.contains("at least one letter")), "{refused}");
    }
    let huge = "word ".repeat(100_000);
    assert_eq!(found(&fixture.agent, &huge).await, []);
}

#[tokio::test]
async fn pages_of_hits_neither_repeat_nor_skip_while_others_write() {
    let fixture = Fixture::new().await;
    for n in 0..10 {
        talk(&fixture, &session(&format!("s{}", n % 3)), &n.to_string(), &format!("needle {n}"), "hay").await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = fixture.agent.search("needle", 3, before).await.unwrap();
        let Some(last) = page.hits.last() else { break };
        before = Some(last.place);
        seen.extend(page.hits.iter().map(|hit| hit.created_at + hit.seq));
        talk(&fixture, &session("s1"), &format!("late {}", seen.len()), "another needle", "hay").await;
    }
    assert_eq!(seen.len(), 10);
}

#[tokio::test]
async fn what_was_said_before_there_was_a_search_is_found_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = kept(folder.path()).await;
    let agent = store.agent(&main_agent()).await.unwrap();
    let page = until_complete(&agent, "answer").await;
    assert_eq!(page.len(), 1);
    store.close().await;
}

/// Waits until all that is stored is in the index.
pub(crate) async fn until_complete(agent: &AgentStore, text: &str) -> Vec<SearchHit> {
    let wait = async {
        loop {
            let page = agent.search(text, 1000, None).await.unwrap();
            if !page.is_incomplete {
                return page.hits;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Beside a naive search: split, compare, count.
    #[test]
    fn search_finds_what_reading_everything_finds(
        said in prop::collection::vec(prop::collection::vec("[abc]{1,3}", 1..5), 1..12),
        wanted in prop::collection::vec("[abc]{1,3}", 1..3),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new().await;
            for (n, words) in said.iter().enumerate() {
                talk(&fixture, &session("a"), &n.to_string(), &words.join(" "), "-").await;
            }
            let hits: Vec<MessageId> = found(&fixture.agent, &wanted.join(" ")).await.iter().map(|hit| hit.message).collect();
            let all = fixture.agent.messages(&session("a"), 1000, None).await.unwrap().messages;
            let has = |text: &str, wanted: &String| {
                text.split(' ').any(|word| if wanted.len() == 1 { word == wanted } else { word.starts_with(wanted.as_str()) })
            };
            let expected: Vec<MessageId> = all.iter().rev()
                .filter(|message| wanted.iter().all(|wanted| has(&message.content, wanted)))
                .map(|message| message.id).collect();
            assert_eq!(hits, expected);
        });
    }
}
