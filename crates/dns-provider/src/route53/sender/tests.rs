//! Tests of [`super`] without Route 53; those with it are in `tests/it/route53.rs`.

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{Ttl, canonical_name};
use dns_core::time::Timestamp;

use super::*;
use crate::route53::precedence::Precedence;
use crate::route53::spelling::Spellings;

const MINUTE: Permit = Permit { granted: Timestamp::from_secs(100), length: Duration::from_mins(1) };

/// A flip that creates a fence with a text of that many characters.
fn member(service: u32, length: usize) -> Member {
    let name = |text: &str| canonical_name(text).expect("a name");
    let text = FenceText::from_strings(vec!["x".repeat(255); length / 255]);
    let change = ChangeSet {
        zone: name("example.com"),
        fence_name: name(&format!("_s{service}._failover.example.com")),
        guard: Guard::Absent,
        requires: Vec::new(),
        deletes: Vec::new(),
        creates: Vec::new(),
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: text,
    };
    let flip = Flip::of(&change, &Spellings::default());
    let turn = Arc::new(Precedence::default()).enter();
    Member { flip, fence: String::new(), permit: MINUTE, reply: oneshot::channel().0, _turn: turn }
}

/// How many flips share a place that was taken with `waiting` of them, when others come one after the other.
async fn shared(waiting: u32, length: usize, each: Duration) -> usize {
    let (sender, mut queue) = mpsc::channel(WAITING_MAX);
    let coming = tokio::spawn(async move {
        for service in waiting..1_000 {
            tokio::time::sleep(each).await;
            sender.send(member(service, length)).await.expect("is listened to");
        }
    });
    let mut waiting = (0..waiting).map(|service| member(service, length)).collect();
    fill(&mut queue, &mut waiting).await;
    coming.abort();
    waiting.len()
}

#[tokio::test(start_paused = true)]
async fn a_place_is_kept_while_flips_keep_coming() {
    assert_eq!(shared(1, 255, Duration::from_millis(10)).await, 1, "one alone waits for nobody");
    assert_eq!(shared(2, 255, LULL * 2).await, 2, "nobody comes");
    let most = usize::try_from(FILL_MAX.as_millis() / 40).expect("few");
    let waited = shared(2, 255, Duration::from_millis(40)).await;
    assert!((most..=most + 2).contains(&waited), "{waited} of about {most}: not for ever");
    // 32,000 characters, and each has its text and two quotes for every 255 of it.
    assert_eq!(shared(2, 2_550, Duration::from_millis(10)).await, 12, "and not when it is full");
}

#[tokio::test(start_paused = true)]
async fn a_place_is_kept_longer_where_a_crowd_waits() {
    let each = Duration::from_millis(200);
    let (few, crowd) = (u32::try_from(CROWD - 1).expect("few"), u32::try_from(CROWD).expect("few"));
    assert_eq!(shared(few, 255, each).await, CROWD - 1, "the next one is too slow for a few");
    let waited = shared(crowd, 255, each).await;
    assert!((CROWD + 4..=CROWD + 5).contains(&waited), "{waited}: one each 200 ms, for a second");
    assert_eq!(shared(crowd, 255, CROWD_LULL * 2).await, CROWD, "nobody comes");
}
