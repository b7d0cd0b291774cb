//! What every store keeps, whatever it is made of. `open` opens the same store again and again; whoever runs the
//! contract closes the one before.

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;
use dns_store::port::{
    Bookmark, DrillPut, DrillQuery, EvacuationCommit, Generation, HistoryQuery, OpenWrites, OutboxChange, Position,
    Store, StoreError, StoredDrill, StoredEvacuation,
};

use crate::fixture::{decision, entry, evacuation, service, step, write};

pub(crate) async fn a_state_is_read_back_with_its_generation(store: &dyn Store) {
    assert_eq!(store.state(&service("checkout")).await.expect("reads"), None);
    assert_eq!(store.commit(&step("checkout", 0, "one")).await.expect("commits"), Generation(1));
    assert_eq!(store.commit(&step("checkout", 1, "two")).await.expect("commits"), Generation(2));
    assert_eq!(store.commit(&step("search", 0, "other")).await.expect("commits"), Generation(1));
    let state = store.state(&service("checkout")).await.expect("reads").expect("is there");
    assert_eq!((state.generation, state.envelope.as_str()), (Generation(2), "two"));
    store.ping().await.expect("answers");
}

pub(crate) async fn states_are_read_in_pages_by_name(store: &dyn Store) {
    for (service, envelope) in [("search", "s"), ("basket", "b"), ("checkout", "c")] {
        store.commit(&step(service, 0, envelope)).await.expect("commits");
    }
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.states_after(&after, 2).await.expect("reads");
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        pages.push(page.into_iter().map(|(name, state)| (name, state.generation, state.envelope)).collect::<Vec<_>>());
    }
    let row = |name: &str, envelope: &str| (name.to_owned(), Generation(1), envelope.to_owned());
    assert_eq!(pages, [vec![row("basket", "b"), row("checkout", "c")], vec![row("search", "s")]]);
}

pub(crate) async fn a_stale_step_changes_nothing(store: &dyn Store) {
    store.commit(&step("checkout", 0, "one")).await.expect("commits");
    for expected in [0, 2, u64::MAX - 1] {
        let mut late = step("checkout", expected, "late");
        late.outbox.push(OutboxChange::Add(Box::new(write("checkout", "late"))));
        late.history.push(entry("checkout", None, "late"));
        let error = store.commit(&late).await.expect_err("is stale");
        if expected < 3 {
            assert!(matches!(&error, StoreError::Stale { expected: e, found: 1, .. } if *e == expected), "{error:?}");
        }
    }
    let state = store.state(&service("checkout")).await.expect("reads").expect("is there");
    assert_eq!(state.envelope, "one");
    assert_eq!(store.open_writes().await.expect("reads"), []);
    assert_eq!(all_history(store).await, Vec::<String>::new());
}

pub(crate) async fn steps_of_several_services_are_committed_all_or_none(store: &dyn Store) {
    let fitting = [step("checkout", 0, "one"), step("search", 0, "one")];
    let generations = store.commit_all(&fitting).await.expect("commits");
    assert_eq!(generations, [Generation(1), Generation(1)]);
    let unfit = [step("checkout", 1, "two"), step("search", 0, "two")];
    let error = store.commit_all(&unfit).await.expect_err("the second is stale");
    assert!(matches!(&error, StoreError::Stale { service: stale, .. } if *stale == service("search")), "{error:?}");
    let state = store.state(&service("checkout")).await.expect("reads").expect("is there");
    assert_eq!(state.envelope, "one", "the first was not committed either");
    assert_eq!(store.commit_all(&[]).await.expect("nothing to do"), []);
}

/// Each of these steps breaks at another place of its outbox, after state and before history.
pub(crate) async fn a_step_that_does_not_fit_the_outbox_changes_nothing(store: &dyn Store) {
    let mut first = step("checkout", 0, "one");
    first.outbox.push(OutboxChange::Add(Box::new(write("checkout", "w1"))));
    store.commit(&first).await.expect("commits");

    let unfit = [
        OutboxChange::Add(Box::new(write("checkout", "w1"))),
        OutboxChange::Add(Box::new(write("search", "w3"))),
        OutboxChange::MarkSent(decision("unknown")),
        OutboxChange::Remove(decision("unknown")),
    ];
    for change in unfit {
        let mut bad = step("checkout", 1, "bad");
        bad.outbox.push(OutboxChange::Add(Box::new(write("checkout", "w2"))));
        bad.outbox.push(change.clone());
        bad.history.push(entry("checkout", None, "bad"));
        let error = store.commit(&bad).await.expect_err("does not fit");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{change:?}: {error:?}");
    }
    let mut foreign = step("search", 0, "bad");
    foreign.outbox.push(OutboxChange::Remove(decision("w1")));
    store.commit(&foreign).await.expect_err("a service settles its own writes only");

    let state = store.state(&service("checkout")).await.expect("reads").expect("is there");
    assert_eq!((state.generation, state.envelope.as_str()), (Generation(1), "one"));
    assert_eq!(store.state(&service("search")).await.expect("reads"), None);
    assert_eq!(open_ids(store).await, [("w1".to_owned(), WriteStage::Pending)]);
    assert_eq!(all_history(store).await, Vec::<String>::new());
}

pub(crate) async fn open_writes_come_in_the_order_of_their_decisions(store: &dyn Store) {
    let mut first = step("search", 0, "one");
    first.outbox.push(OutboxChange::Add(Box::new(write("search", "z"))));
    store.commit(&first).await.expect("commits");
    let mut second = step("checkout", 0, "one");
    second.outbox.push(OutboxChange::Add(Box::new(write("checkout", "b"))));
    second.outbox.push(OutboxChange::Add(Box::new(write("checkout", "a"))));
    second.outbox.push(OutboxChange::MarkSent(decision("b")));
    store.commit(&second).await.expect("commits");

    let open = store.open_writes().await.expect("reads");
    assert_eq!(open.iter().map(|open| open.write.id.as_str()).collect::<Vec<_>>(), ["z", "b", "a"]);
    assert_eq!(open[0].write, write("search", "z"));
    assert_eq!(open[1].stage, WriteStage::Sent);

    let OpenWrites { writes, newest } = store.open_writes_after(Position::default()).await.expect("reads");
    assert_eq!(writes, open, "from the first position on these are all");
    let none = OpenWrites { writes: Vec::new(), newest };
    assert_eq!(store.open_writes_after(newest).await.expect("reads"), none, "nothing came after the newest");

    let mut third = step("checkout", 1, "two");
    third.outbox.push(OutboxChange::MarkSent(decision("b")));
    third.outbox.push(OutboxChange::Remove(decision("b")));
    store.commit(&third).await.expect("marking twice is no fault");
    assert_eq!(open_ids(store).await, [("z".to_owned(), WriteStage::Pending), ("a".to_owned(), WriteStage::Pending)]);
}

pub(crate) async fn history_is_filtered_limited_and_newest_last(store: &dyn Store) {
    for (generation, name, id, summary) in
        [(0, "checkout", None, "1"), (0, "search", Some("d1"), "2 page"), (1, "checkout", Some("d1"), "3")]
    {
        let mut next = step(name, generation, "state");
        next.history.push(entry(name, id, summary));
        next.history.push(entry(name, None, &format!("{summary}b")));
        store.commit(&next).await.expect("commits");
    }
    assert_eq!(all_history(store).await, ["1", "1b", "2 page", "2 pageb", "3", "3b"]);

    let all = HistoryQuery { limit: 100, ..HistoryQuery::default() };
    let newest = HistoryQuery { limit: 2, ..all.clone() };
    assert_eq!(summaries(store, &newest).await, ["3", "3b"]);
    assert_eq!(summaries(store, &HistoryQuery { limit: 0, ..all.clone() }).await, Vec::<String>::new());
    let mine = HistoryQuery { service: Some(service("checkout")), ..all.clone() };
    assert_eq!(summaries(store, &mine).await, ["1", "1b", "3", "3b"]);
    let moved = HistoryQuery { decision: Some(decision("d1")), ..all.clone() };
    assert_eq!(summaries(store, &moved).await, ["2 page", "3"]);
    let both = HistoryQuery { service: Some(service("search")), ..moved };
    assert_eq!(summaries(store, &both).await, ["2 page"]);

    let rows = store.history(&mine).await.expect("reads");
    assert_eq!(rows[0].entry, entry("checkout", None, "1"));
    let after = HistoryQuery { after: Some(rows[0].position), limit: 2, ..mine.clone() };
    assert_eq!(summaries(store, &after).await, ["1b", "3"], "reading on takes the oldest of the rest");
    let end = HistoryQuery { after: Some(Position(u64::MAX)), ..all };
    assert_eq!(summaries(store, &end).await, Vec::<String>::new());
}

pub(crate) async fn history_is_filtered_by_kind_and_time(store: &dyn Store) {
    let told = |kind: HistoryKind, second: u64, summary: &str| HistoryEntry {
        kind,
        at: Timestamp::from_secs(second),
        ..entry("checkout", None, summary)
    };
    for row in [
        told(HistoryKind::Held, 10, "held"),
        told(HistoryKind::Decided, 20, "decided"),
        told(HistoryKind::Unheld, 20, "unheld"),
        told(HistoryKind::Held, 30, "held again"),
    ] {
        store.append(&row).await.expect("appends");
    }
    let all = HistoryQuery { limit: 100, ..HistoryQuery::default() };
    let of = |kinds: &[HistoryKind], since: Option<u64>, after: Option<Position>| HistoryQuery {
        kinds: kinds.to_vec(),
        since: since.map(Timestamp::from_secs),
        after,
        ..all.clone()
    };
    let both = [HistoryKind::Held, HistoryKind::Unheld];
    assert_eq!(summaries(store, &of(&both, None, None)).await, ["held", "unheld", "held again"]);
    assert_eq!(summaries(store, &of(&both, Some(20), None)).await, ["unheld", "held again"]);
    assert_eq!(summaries(store, &of(&[], Some(20), None)).await, ["decided", "unheld", "held again"]);
    assert_eq!(summaries(store, &of(&both[..1], Some(31), None)).await, Vec::<String>::new());
    let newest = HistoryQuery { limit: 1, ..of(&both, None, None) };
    assert_eq!(summaries(store, &newest).await, ["held again"]);
    let on = HistoryQuery { limit: 2, ..of(&both, Some(10), Some(Position::default())) };
    assert_eq!(summaries(store, &on).await, ["held", "unheld"], "reading on takes the oldest");
}

pub(crate) async fn a_row_on_its_own_changes_no_state(store: &dyn Store) {
    store.append(&entry("checkout", Some("d1"), "told afterwards")).await.expect("appends");
    assert_eq!(store.state(&service("checkout")).await.expect("reads"), None, "there is no step");
    let mut first = step("checkout", 0, "one");
    first.history.push(entry("checkout", None, "later"));
    store.commit(&first).await.expect("the generation is what it was");
    assert_eq!(all_history(store).await, ["told afterwards", "later"]);
    let of_decision = HistoryQuery { decision: Some(decision("d1")), limit: 9, ..HistoryQuery::default() };
    assert_eq!(summaries(store, &of_decision).await, ["told afterwards"]);
}

pub(crate) async fn each_reader_of_the_history_has_a_bookmark_of_its_own(store: &dyn Store) {
    assert_eq!(store.bookmark("oncall").await.expect("reads"), None);
    let bookmark = |position, note: &str| Bookmark { position: Position(position), note: note.to_owned() };
    store.set_bookmark("oncall", &bookmark(7, "{}")).await.expect("sets");
    store.set_bookmark("desk", &bookmark(3, "")).await.expect("sets");
    store.set_bookmark("oncall", &bookmark(2, "back")).await.expect("goes back, too");
    assert_eq!(store.bookmark("oncall").await.expect("reads"), Some(bookmark(2, "back")));
    assert_eq!(store.bookmark("desk").await.expect("reads"), Some(bookmark(3, "")));
    assert_eq!(store.bookmark("nobody").await.expect("reads"), None);
}

pub(crate) async fn an_evacuation_is_changed_only_from_the_generation_that_was_read(store: &dyn Store) {
    assert_eq!(store.evacuations(9).await.expect("reads"), []);
    let mut first = evacuation("e1", "prod", 0, "begun");
    first.history.push(entry("checkout", None, "it begins"));
    assert_eq!(store.commit_evacuation(&first).await.expect("commits"), Some(Generation(1)));
    for expected in [0, 2] {
        let mut late = evacuation("e1", "prod", expected, "late");
        late.history.push(entry("checkout", None, "never told"));
        assert_eq!(store.commit_evacuation(&late).await.expect("answers"), None, "{expected}");
    }
    assert_eq!(
        store.commit_evacuation(&evacuation("e1", "prod", 1, "on")).await.expect("commits"),
        Some(Generation(2))
    );
    let stored = StoredEvacuation {
        id: "e1".to_owned(),
        region: "prod".to_owned(),
        open: true,
        generation: Generation(2),
        state: "on".to_owned(),
    };
    assert_eq!(store.evacuations(0).await.expect("reads"), [stored]);
    assert_eq!(all_history(store).await, ["it begins"]);
}

pub(crate) async fn only_one_evacuation_of_a_region_is_open(store: &dyn Store) {
    let over =
        |id: &str, region: &str, expected| EvacuationCommit { open: false, ..evacuation(id, region, expected, "over") };
    let took = |answer: Result<Option<Generation>, StoreError>| answer.expect("answers").is_some();
    assert!(took(store.commit_evacuation(&evacuation("e1", "prod", 0, "one")).await));
    assert!(!took(store.commit_evacuation(&evacuation("e2", "prod", 0, "two")).await), "the first one is open");
    assert!(took(store.commit_evacuation(&evacuation("e3", "dr", 0, "three")).await), "another region");
    assert!(took(store.commit_evacuation(&over("e1", "prod", 1)).await));
    assert!(took(store.commit_evacuation(&evacuation("e4", "prod", 0, "four")).await));
    assert!(took(store.commit_evacuation(&over("e1", "prod", 2)).await), "what is over may change");
    assert!(!took(store.commit_evacuation(&evacuation("e1", "prod", 3, "again")).await), "and not open again now");
}

pub(crate) async fn one_evacuation_ends_as_the_next_of_its_region_begins_or_nothing_happens(store: &dyn Store) {
    store.commit_evacuation(&evacuation("e1", "prod", 0, "begun")).await.expect("commits").expect("fits");
    let mut over = EvacuationCommit { open: false, ..evacuation("e1", "prod", 1, "over") };
    over.history.push(entry("checkout", None, "it ends"));
    let read = async || {
        let all = store.evacuations(9).await.expect("reads");
        all.into_iter().map(|stored| (stored.id, stored.open, stored.state)).collect::<Vec<_>>()
    };
    let text = |id: &str, open, state: &str| (id.to_owned(), open, state.to_owned());
    let late = [over.clone(), evacuation("e2", "prod", 7, "never begun")];
    assert_eq!(store.commit_evacuations(&late).await.expect("answers"), None, "the second does not fit");
    assert_eq!(read().await, [text("e1", true, "begun")]);
    assert_eq!(all_history(store).await, Vec::<String>::new());
    let both = [over, evacuation("e2", "prod", 0, "next")];
    let generations = store.commit_evacuations(&both).await.expect("commits");
    assert_eq!(generations, Some(vec![Generation(2), Generation(1)]));
    assert_eq!(read().await, [text("e1", false, "over"), text("e2", true, "next")]);
    assert_eq!(all_history(store).await, ["it ends"]);
}

pub(crate) async fn evacuations_that_are_over_are_read_up_to_a_number_and_open_ones_always(store: &dyn Store) {
    for (id, open) in [("e1", true), ("e2", false), ("e3", false), ("e4", false)] {
        let commit = EvacuationCommit { open, ..evacuation(id, id, 0, id) };
        store.commit_evacuation(&commit).await.expect("commits").expect("fits");
    }
    let read = async |ended_max| {
        let all = store.evacuations(ended_max).await.expect("reads");
        all.into_iter().map(|stored| stored.state).collect::<Vec<_>>()
    };
    assert_eq!(read(2).await, ["e1", "e3", "e4"], "the newest of them");
    assert_eq!(read(0).await, ["e1"]);
}

pub(crate) fn drill(id: &str, name: &str, begun: u64, ended: Option<u64>) -> StoredDrill {
    StoredDrill {
        id: id.parse().expect("an id"),
        service: service(name),
        begun: Timestamp::from_secs(begun),
        ended: ended.map(Timestamp::from_secs),
        body: format!("{{\"of\":\"{name}'s\"}}"),
    }
}

pub(crate) async fn drills_are_kept_in_place_and_found_by_service_time_and_end(store: &dyn Store) {
    let ids = async |query: DrillQuery| {
        let drills = store.drills(&query).await.expect("reads");
        drills.into_iter().map(|drill| drill.id.to_string()).collect::<Vec<_>>()
    };
    let all = || DrillQuery { limit: 9, ..DrillQuery::default() };
    assert_eq!(ids(all()).await, Vec::<String>::new());
    for (id, name, begun) in [("d2", "search", 20), ("d1", "checkout", 10), ("d3", "checkout", 30)] {
        store.put_drill(&drill(id, name, begun, None), &[]).await.expect("puts");
    }
    assert_eq!(ids(all()).await, ["d1", "d2", "d3"], "newest last");
    let ended = StoredDrill { body: "it is over".to_owned(), ..drill("d1", "checkout", 10, Some(15)) };
    store.put_drill(&ended, &[]).await.expect("puts");
    let one = DrillQuery { id: Some(ended.id.clone()), ..all() };
    assert_eq!(store.drills(&one).await.expect("reads"), [ended], "in place of what was kept");
    assert_eq!(ids(DrillQuery { open_only: true, ..all() }).await, ["d2", "d3"]);
    assert_eq!(ids(DrillQuery { service: Some(service("checkout")), ..all() }).await, ["d1", "d3"]);
    assert_eq!(ids(DrillQuery { since: Some(Timestamp::from_secs(20)), ..all() }).await, ["d2", "d3"]);
    assert_eq!(ids(DrillQuery { limit: 1, ..all() }).await, ["d3"], "the newest");
}

pub(crate) async fn a_drill_and_its_rows_are_kept_together_and_its_end_is_final(store: &dyn Store) {
    let rows = |text: &str| [entry("checkout", None, text)];
    let begun = drill("d1", "checkout", 10, None);
    let ended = drill("d1", "checkout", 10, Some(20));
    assert_eq!(store.put_drill(&begun, &rows("it begins")).await.expect("puts"), DrillPut::Kept);
    assert_eq!(store.put_drill(&begun, &[]).await.expect("puts"), DrillPut::Kept, "as long as it is under way");
    assert_eq!(store.put_drill(&ended, &rows("it has ended")).await.expect("puts"), DrillPut::Kept);
    for late in [&begun, &ended] {
        let put = store.put_drill(late, &rows("told once more")).await.expect("answers");
        assert_eq!(put, DrillPut::EndedBefore);
    }
    let all = DrillQuery { limit: 9, ..DrillQuery::default() };
    assert_eq!(store.drills(&all).await.expect("reads"), [ended]);
    assert_eq!(all_history(store).await, ["it begins", "it has ended"]);
}

pub(crate) async fn a_bookmark_and_what_it_remembers_to_have_told_are_kept_together(store: &dyn Store) {
    let bookmark = Bookmark { position: Position(0), note: "told".to_owned() };
    let rows = [entry("checkout", None, "one"), entry("search", None, "two")];
    store.set_bookmark_and_tell("overdue", &bookmark, &rows).await.expect("sets");
    assert_eq!(store.bookmark("overdue").await.expect("reads"), Some(bookmark));
    assert_eq!(all_history(store).await, ["one", "two"]);
}

/// Fills a store that is then closed; [`a_restart_kept_everything`] looks at the same store, opened again.
pub(crate) async fn fill_before_a_restart(store: &dyn Store) {
    let mut first = step("checkout", 0, "before");
    first.outbox.push(OutboxChange::Add(Box::new(write("checkout", "w1"))));
    first.outbox.push(OutboxChange::Add(Box::new(write("checkout", "w2"))));
    first.outbox.push(OutboxChange::MarkSent(decision("w2")));
    first.history.push(entry("checkout", Some("w1"), "page someone"));
    store.commit(&first).await.expect("commits");
    store.set_bookmark("oncall", &Bookmark { position: Position(1), note: "kept".to_owned() }).await.expect("sets");
    store.commit_evacuation(&evacuation("e1", "prod", 0, "kept")).await.expect("commits");
    store.put_drill(&drill("d1", "checkout", 10, None), &[]).await.expect("puts");
}

pub(crate) async fn a_restart_kept_everything(store: &dyn Store) {
    let state = store.state(&service("checkout")).await.expect("reads").expect("is there");
    assert_eq!((state.generation, state.envelope.as_str()), (Generation(1), "before"));
    assert_eq!(open_ids(store).await, [("w1".to_owned(), WriteStage::Pending), ("w2".to_owned(), WriteStage::Sent)]);
    let rows = store.history(&HistoryQuery { limit: 9, ..HistoryQuery::default() }).await.expect("reads");
    assert_eq!(rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), [&entry("checkout", Some("w1"), "page someone")]);
    assert!(rows[0].entry.page);
    let bookmark = store.bookmark("oncall").await.expect("reads").expect("is there");
    assert_eq!((bookmark.position, bookmark.note.as_str()), (Position(1), "kept"));
    assert_eq!(store.evacuations(0).await.expect("reads")[0].state, "kept");
    let under_way = DrillQuery { open_only: true, limit: 9, ..DrillQuery::default() };
    assert_eq!(store.drills(&under_way).await.expect("reads"), [drill("d1", "checkout", 10, None)]);

    let mut next = step("checkout", 1, "after");
    next.history.push(entry("checkout", None, "later"));
    store.commit(&next).await.expect("goes on");
    assert_eq!(all_history(store).await, ["page someone", "later"]);
}

async fn summaries(store: &dyn Store, query: &HistoryQuery) -> Vec<String> {
    store.history(query).await.expect("reads").into_iter().map(|row| row.entry.summary).collect()
}

pub(crate) async fn all_history(store: &dyn Store) -> Vec<String> {
    summaries(store, &HistoryQuery { limit: 100, ..HistoryQuery::default() }).await
}

async fn open_ids(store: &dyn Store) -> Vec<(String, WriteStage)> {
    let open = store.open_writes().await.expect("reads");
    open.into_iter().map(|open| (open.write.id.to_string(), open.stage)).collect()
}
