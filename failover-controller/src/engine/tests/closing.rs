//! Evacuations that end, are undone, cannot be read, or leave somebody behind.

use dns_core::fence::EvacuationId;
use dns_core::identifier::RegionName;
use dns_store::port::{EvacuationCommit, HistoryQuery, StoredEvacuation};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use super::*;
use crate::engine::evacuating::{Begin, Call, EvacuationView, Refused};

fn prod() -> RegionName {
    "prod".parse().expect("a region")
}

fn back() -> Call {
    let Call::Begin(begin) = begin() else { panic!("it is one") };
    Call::Return(subject(), Begin { overrides: Vec::new(), ..begin })
}

/// `checkout` was moved to dr by an evacuation.
fn moved_by(id: &EvacuationId) -> String {
    let passage = format!(
        r#""passage":{{"evacuation":"{id}","run":1,"decision":"w1","at":1,"tries":1,"arrival":"served"}},"backoff":"#
    );
    let moved = untouched("checkout").replacen(r#""active":null"#, r#""active":"dr""#, 1);
    let told = moved.replacen(r#""backoff":"#, &passage, 1);
    assert!(told != moved && moved != untouched("checkout"), "{told}");
    told
}

/// A text that no program understands, in the row of an evacuation.
fn torn(id: &str, region: &str) -> EvacuationCommit {
    EvacuationCommit {
        id: id.parse().expect("an id"),
        region: region.parse().expect("a region"),
        open: true,
        expected: Generation::default(),
        state: r#"{"from":"the future"}"#.to_owned(),
        history: Vec::new(),
    }
}

impl Rig {
    fn shown(&self) -> Vec<EvacuationView> {
        self.owner.evacuations.shown().to_vec()
    }

    fn bar(&self) -> Option<&str> {
        self.owner.fleet.evacuation_of(&prod())
    }

    async fn stored(&self) -> Vec<StoredEvacuation> {
        self.store.evacuations(9).await.expect("reads")
    }

    async fn last_row(&self) -> HistoryEntry {
        let newest = HistoryQuery { limit: 1, ..HistoryQuery::default() };
        self.store.history(&newest).await.expect("reads").remove(0).entry
    }
}

/// An evacuation of prod that has stopped.
async fn stopped() -> (Rig, EvacuationId) {
    let mut rig = rig_in_prod().await;
    let begun = rig.owner.call(begin()).await.expect("begins");
    rig.owner.call(Call::Stop(subject())).await.expect("stops");
    (rig, begun.evacuation.id)
}

#[tokio::test]
async fn a_return_that_is_refused_leaves_the_evacuation_and_its_bar_as_they_were() {
    let (mut rig, _) = stopped().await;
    let before = (rig.shown(), rig.stored().await, rig.history().await);
    let refused = rig.owner.call(back()).await.expect_err("it has moved nobody");
    assert!(matches!(&refused, Refused::Impossible { what, .. } if what.contains("moved no service")), "{refused}");
    assert_eq!((rig.shown(), rig.stored().await, rig.history().await), before);
    assert!(rig.bar().is_some_and(|why| why.contains("power")));
}

#[tokio::test]
async fn a_return_that_the_store_does_not_take_leaves_the_evacuation_as_it_was() {
    let (mut rig, id) = stopped().await;
    rig.put("checkout", moved_by(&id)).await;
    rig.owner.load_anew().await;
    rig.store.close().await;
    let before = rig.shown();
    let refused = rig.owner.call(back()).await.expect_err("it is closed");
    assert!(matches!(refused, Refused::Store(_)), "{refused}");
    assert!(rig.shown() == before && rig.bar().is_some());
}

#[tokio::test]
async fn a_return_begins_as_what_it_undoes_ends() {
    let (mut rig, id) = stopped().await;
    rig.put("checkout", moved_by(&id)).await;
    rig.owner.load_anew().await;
    let begun = rig.owner.call(back()).await.expect("begins");
    assert_eq!((begun.evacuation.undoes.as_ref(), begun.evacuation.services), (Some(&id), 1));
    assert_eq!(rig.bar(), None, "they may come in");
    let open: Vec<bool> = rig.stored().await.iter().map(|stored| stored.open).collect();
    assert_eq!(open, [false, true]);
    let kinds = rig.history().await;
    assert_eq!(kinds[2..4], ["evacuationEnded", "evacuationStarted"], "{kinds:?}");
}

#[tokio::test]
async fn an_open_evacuation_that_cannot_be_read_bars_its_region_until_somebody_closes_it() {
    let mut rig = rig_in_prod().await;
    rig.store.commit_evacuation(&torn("e1", "prod")).await.expect("commits").expect("fits");
    rig.owner.load_anew().await;
    assert!(rig.bar().is_some_and(|why| why.contains("e1")), "{:?}", rig.bar());
    let shown = rig.shown();
    let report = crate::api::evacuations::report::in_brief(&shown[0]);
    let why = report.why.unwrap_or_default();
    assert!(report.page && why.contains("cannot be read") && why.contains("dns-admin region close e1"), "{why}");
    assert_eq!(rig.owner.snapshot().store_error, None, "the others go on");

    let resumed = rig.owner.call(Call::Resume(subject())).await.expect_err("nobody knows what was ordered");
    assert!(matches!(&resumed, Refused::Impossible { hint, .. } if hint.contains("close")), "{resumed}");
    let ended = rig.owner.call(Call::Close(subject())).await.expect("ends");
    assert!(!ended.evacuation.is_open() && rig.bar().is_none());
    let row = rig.last_row().await;
    assert_eq!(row.details["replaced"], r#"{"from":"the future"}"#, "what was there is not lost");
    rig.owner.load_anew().await;
    assert_eq!((rig.shown()[0].evacuation.is_open(), rig.bar()), (false, None), "and now it can be read");
}

#[tokio::test]
async fn one_that_is_over_and_cannot_be_read_bars_nothing() {
    let mut rig = rig_in_prod().await;
    let over = EvacuationCommit { open: false, ..torn("e1", "prod") };
    rig.store.commit_evacuation(&over).await.expect("commits").expect("fits");
    rig.owner.load_anew().await;
    assert_eq!((rig.shown(), rig.bar(), rig.owner.fleet.evacuations_unknown()), (Vec::new(), None, None));
    assert_eq!(rig.owner.snapshot().store_error, None);
}

#[tokio::test]
async fn nothing_fails_back_while_not_even_the_region_of_an_evacuation_can_be_read() {
    let mut rig = rig_in_prod().await;
    let file = SqliteConnectOptions::new().filename(rig.folder.path().join("state.db"));
    let mut stranger = file.connect().await.expect("connects");
    let row = "INSERT INTO evacuation (id, region, open, generation, state) VALUES ('e1', 'No Region', 1, 1, 'torn')";
    stranger.execute(row).await.expect("writes");
    rig.owner.load_anew().await;
    let why = rig.owner.fleet.evacuations_unknown().unwrap_or_default();
    assert!(why.contains("`e1`") && why.contains("restore the store"), "{why}");
    let told = rig.owner.snapshot().store_error.unwrap_or_default();
    assert!(told.contains("`No Region`"), "it pages: {told}");
    stranger.execute("DELETE FROM evacuation").await.expect("writes");
    rig.owner.load_anew().await;
    assert_eq!(rig.owner.fleet.evacuations_unknown(), None, "somebody has mended it");
}

#[tokio::test]
async fn an_evacuation_does_not_end_as_done_while_a_service_of_its_region_cannot_be_read() {
    let mut rig = rig_in_prod().await;
    let begun = rig.owner.call(begin()).await.expect("begins");
    rig.put("checkout", moved_by(&begun.evacuation.id)).await;
    rig.put("basket", "torn".to_owned()).await;
    rig.owner.load_anew().await;
    rig.owner.turn().await;
    let row = rig.last_row().await;
    assert_eq!((row.kind.as_str(), row.page), ("evacuationStopped", true), "{}", row.summary);
    assert!(row.summary.contains("`basket`") && rig.bar().is_some(), "{}", row.summary);

    rig.put("basket", untouched("basket")).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    rig.owner.turn().await;
    assert!(rig.owner.waiting.is_empty(), "somebody has mended it");
    rig.owner.call(Call::Resume(subject())).await.expect("goes on");
    assert_eq!(rig.last_row().await.kind.as_str(), "evacuationEnded");
}
