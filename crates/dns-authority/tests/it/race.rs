//! Writers at the same time: exactly one of those that require the same wins.

use dns_wire::tcp;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use tokio::task::JoinSet;

use crate::rig::{PATIENCE, Rig, any, signed, txt, update};

const WRITERS: usize = 50;

const ROUNDS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_many_writers_wins_each_round() {
    let rig = Rig::start();
    let owner = "round.example.test.";
    rig.primary.edit(|editor| editor.add("round 60 TXT 0-start")).expect("added");
    let mut held = "0-start".to_owned();
    for round in 1..=ROUNDS {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let own = format!("{round}-{writer}");
            let swap = vec![any(owner, RecordType::TXT), txt(owner, 60, &own)];
            let wire = signed(update(vec![txt(owner, 0, &held)], swap)).to_vec().expect("bytes");
            let server = rig.primary.local_addr();
            writers.spawn(async move {
                let answer = tcp(server, &wire, PATIENCE).await.expect("an answer");
                (answer.message.metadata.response_code, own)
            });
        }
        let outcomes = writers.join_all().await;
        let won: Vec<&String> =
            outcomes.iter().filter(|(rcode, _)| *rcode == ResponseCode::NoError).map(|o| &o.1).collect();
        let lost = outcomes.iter().filter(|(rcode, _)| *rcode == ResponseCode::NXRRSet).count();
        assert_eq!((won.len(), lost), (1, WRITERS - 1), "round {round}: {outcomes:?}");
        held.clone_from(won[0]);
        assert_eq!(rig.held(owner, RecordType::TXT), [held.clone()]);
    }
    // One for the edit, one for each round.
    assert_eq!(usize::try_from(rig.primary.zone().serial()), Ok(7 + 1 + ROUNDS));
}
