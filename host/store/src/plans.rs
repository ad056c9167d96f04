//! Tests: the hot queries use their indexes, however large the tables are.

use crate::schema::Schema;
use rusqlite::Connection;
use std::path::Path;

fn plan(query: &str) -> String {
    let mut connection = Connection::open_in_memory().unwrap();
    Schema::Agent.migrate(&mut connection, Path::new("memory")).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let places = statement.parameter_count();
    let lines = statement.query_map(rusqlite::params_from_iter(vec![1; places]), |row| row.get::<_, String>(3)).unwrap();
    lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

#[test]
fn hot_reads_scan_no_table_and_sort_nothing() {
    for (query, index) in [
        (crate::messages::NEWEST_BETWEEN, "messages_by_seq"),
        (crate::messages::OLDEST_BETWEEN, "messages_by_seq"),
        (crate::messages::OPEN_TURNS, "deliveries_unfinished"),
        (crate::messages::FIRST_OF_RUN, "messages_by_delivery"),
        (crate::turn::STEPS, "steps_in_order"),
        (crate::summaries::SUMMARY, "sqlite_autoindex_sessions_1"),
        (crate::sessions::OLDER, "sessions_newest"),
        (crate::deliveries::UNFINISHED_COUNT, "deliveries_unfinished"),
        (crate::deliveries::UNFINISHED_OF, "deliveries_unfinished"),
        (crate::deliveries::BY_ID, "sqlite_autoindex_deliveries_1"),
        (crate::deliveries::BY_REQUEST, "deliveries_by_request"),
        (crate::outbox::NEXT_AT_PLACE, "outbox_by_place"),
        (crate::outbox::LAST_INBOUND, "inbox_by_delivery"),
        (crate::accept::KNOWN, "inbox_identity"),
        (crate::amend::BY_ID, "inbox_identity"),
        (crate::overheard::OF_SESSION, "overheard_by_session"),
        (crate::delivered::IS_OWN, "delivered_by_message"),
        (crate::delivered::ANSWER, "delivered_by_message"),
        (crate::turn::INBOX, "inbox_by_delivery"),
        (crate::turn::BY_RUN, "deliveries_by_run"),
        (crate::turn::JOINED, "deliveries_joined"),
        (crate::turn::ANSWERED_WITH, "deliveries_joined"),
        (crate::messages::STEERED, "deliveries_steered"),
        (crate::questions::PENDING_AT, "questions_pending"),
        (crate::questions::APPROVED, "questions_approved"),
        (crate::delegations::PARENT_OF, "deliveries_children"),
    ] {
        let plan = plan(query);
        assert!(plan.contains(index), "{query}\n{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{query}\n{plan}");
    }
}

#[test]
fn lists_read_their_index_in_order() {
    // A scan of an index in its own order stops at the limit.
    for (query, scan) in [
        (crate::sessions::NEWEST, "SCAN sessions USING INDEX sessions_newest"),
        (crate::outbox::PENDING, "outbox_watched"),
        (crate::outbox::PLACES, "outbox_by_place"),
        (crate::deliveries::UNFINISHED, "USING INDEX deliveries_unfinished"),
        (crate::deliveries::UNFINISHED_SESSIONS, "deliveries_unfinished"),
        (crate::questions::PENDING, "questions_pending"),
    ] {
        let plan = plan(query);
        assert!(plan.contains(scan), "{query}\n{plan}");
    }
    // The index of words gives its hits in the order of the list; what each one is comes by number.
    let hits = plan(crate::search::HITS);
    assert!(hits.contains("SCAN f VIRTUAL TABLE") && !hits.contains("SCAN m") && !hits.contains("SCAN s"), "{hits}");
    for query in [crate::sessions::NEWEST, crate::outbox::PENDING, crate::search::HITS] {
        assert!(!plan(query).contains("TEMP B-TREE"), "{query}\n{}", plan(query));
    }
}
