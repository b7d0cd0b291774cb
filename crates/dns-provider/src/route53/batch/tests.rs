use dns_core::fence::text::FenceText;
use dns_core::rrset::{Alias, GuardedType, RrsetKey, Ttl, canonical_name};

use super::*;

impl AsRef<Flip> for Flip {
    fn as_ref(&self) -> &Flip {
        self
    }
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn rrset(owner: &str, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| GuardedType::A.parse_value(text).expect("a value"));
    Rrset::new(RrsetKey::new(&name(owner), GuardedType::A), Ttl::from_secs(60).expect("a TTL"), values).expect("a set")
}

fn text_of(length: usize) -> FenceText {
    FenceText::from_strings(vec!["x".repeat(length)])
}

/// Moves `owner` from one address to another, under a fence of `length` characters.
fn change(owner: &str, length: usize) -> ChangeSet {
    let before = rrset(owner, &["192.0.2.1"]);
    ChangeSet {
        zone: name("example.com"),
        fence_name: name(&format!("_{}._failover.example.com", owner.trim_start_matches("*."))),
        guard: Guard::Exactly { ttl: Ttl::from_secs(60).expect("a TTL"), text: text_of(length) },
        requires: vec![Requirement::Exactly(before.clone())],
        deletes: vec![before],
        creates: vec![rrset(owner, &["192.0.2.2"])],
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: text_of(length),
    }
}

fn flip(owner: &str, length: usize) -> Flip {
    Flip::of(&change(owner, length), &Spellings::default())
}

fn lines(flip: &Flip) -> Vec<String> {
    let line = |change: &Change| {
        let set = change.resource_record_set().expect("a set");
        let values: Vec<&str> = set.resource_records().iter().map(ResourceRecord::value).collect();
        let values = if set.alias_target().is_some() { "alias".to_owned() } else { values.join(" ") };
        format!("{} {} {} {values}", change.action().as_str(), set.name(), set.r#type().as_str())
    };
    flip.changes.iter().map(line).collect()
}

#[test]
fn a_flip_deletes_what_was_read_and_creates_what_comes() {
    assert_eq!(
        lines(&flip("*.w.example.com", 2)),
        [
            "DELETE \\052.w.example.com. A 192.0.2.1",
            "DELETE _w.example.com._failover.example.com. TXT \"xx\"",
            "CREATE \\052.w.example.com. A 192.0.2.2",
            "CREATE _w.example.com._failover.example.com. TXT \"xx\"",
        ]
    );
}

#[test]
fn what_is_required_and_stays_is_deleted_and_created_anew() {
    let mut change = change("a.example.com", 2);
    let alias = Alias::new(&name("lb.example.net"), "Z1").expect("an alias");
    let stays = Rrset::alias_of(RrsetKey::new(&name("b.example.com"), GuardedType::A), alias).expect("a set");
    change.requires.push(Requirement::Exactly(stays));
    change.requires.push(Requirement::Absent(RrsetKey::new(&name("b.example.com"), GuardedType::Cname)));
    let lines = lines(&Flip::of(&change, &Spellings::default()));
    assert_eq!(lines.len(), 6, "absence of what is not created is no change: {lines:?}");
    assert_eq!(
        (lines[1].as_str(), lines[4].as_str()),
        ("DELETE b.example.com. A alias", "CREATE b.example.com. A alias")
    );
}

#[test]
fn an_adoption_creates_the_fence_and_deletes_none() {
    let mut change = change("a.example.com", 2);
    change.guard = Guard::Absent;
    let lines = lines(&Flip::of(&change, &Spellings::default()));
    assert!(lines.iter().all(|line| !line.starts_with("DELETE _")), "{lines:?}");
}

#[test]
fn deletes_use_the_zones_own_spelling() {
    let (owner, target) = (name("www.example.com"), name("lb.example.net"));
    let set = |target: &Name| {
        let value = text::value(GuardedType::Cname, &text::of_name(target)).expect("a value");
        let key = RrsetKey::new(&owner, GuardedType::Cname);
        Rrset::new(key, Ttl::from_secs(60).expect("a TTL"), [value]).expect("a set")
    };
    let spellings = Spellings::default();
    spellings.note((&owner, &RrType::Cname, ""), vec!["lb.example.net.".to_owned()], vec!["LB.example.net".to_owned()]);
    let (before, after) = (set(&target), set(&name("dr.example.net")));
    let moved = ChangeSet {
        requires: vec![Requirement::Exactly(before.clone())],
        deletes: vec![before],
        creates: vec![after],
        ..change("a.example.com", 2)
    };
    let lines = lines(&Flip::of(&moved, &spellings));
    assert!(lines.contains(&"DELETE www.example.com. CNAME LB.example.net".to_owned()), "{lines:?}");
    assert!(lines.contains(&"CREATE www.example.com. CNAME dr.example.net.".to_owned()), "{lines:?}");
}

#[test]
fn shares_are_sets_of_their_own_and_the_simple_one_goes_first() {
    let one = |identifier: &str, weight, value: &str| Weighted {
        identifier: identifier.to_owned(),
        weight,
        set: rrset("a.example.com", &[value]),
    };
    let key = RrsetKey::new(&name("a.example.com"), GuardedType::A);
    let shared = |percent| {
        let sets = [one("prod", percent, "192.0.2.1"), one("dr", 100 - percent, "192.0.2.2")];
        Rrset::weighted_of(key.clone(), sets).expect("a set")
    };
    let step = |before: &Rrset, after: &Rrset| {
        let requires = vec![Requirement::Exactly(before.clone())];
        let sets =
            ChangeSet { requires, deletes: vec![before.clone()], creates: vec![after.clone()], ..change("a", 2) };
        let changes = Flip::of(&sets, &Spellings::default()).changes;
        let line = |change: &Change| {
            let set = change.resource_record_set()?;
            let weight = set.weight().map(|weight| format!(" {weight} {}", set.set_identifier().unwrap_or("?")));
            let is_record = *set.r#type() == RrType::A;
            is_record.then(|| format!("{}{}", change.action().as_str(), weight.unwrap_or_default()))
        };
        changes.iter().filter_map(line).collect::<Vec<_>>()
    };
    let simple = rrset("a.example.com", &["192.0.2.2"]);
    assert_eq!(step(&simple, &shared(10)), ["DELETE", "CREATE 90 dr", "CREATE 10 prod"]);
    let steps = ["DELETE 90 dr", "DELETE 10 prod", "CREATE 50 dr", "CREATE 50 prod"];
    assert_eq!(step(&shared(10), &shared(50)), steps);
    assert_eq!(step(&shared(50), &simple), ["DELETE 50 dr", "DELETE 50 prod", "CREATE"]);
}

#[test]
fn counts_records_and_characters_as_the_service_does() {
    // Two addresses of 9 characters, and the fence twice with its two quotes.
    assert_eq!(flip("a.example.com", 100).size, Size { records: 4, characters: 2 * 9 + 2 * 102 });
}

#[test]
fn a_batch_is_filled_up_to_each_limit_and_no_further() {
    // By records: 250 flips of 4.
    let mut waiting: VecDeque<Flip> = (0..251).map(|index| flip(&format!("s{index}.example.com"), 8)).collect();
    assert_eq!((next(&mut waiting).len(), waiting.len()), (250, 1));
    // By characters: 18 + 2 × 202 = 422 each, so 75 fit into 32,000.
    let mut waiting: VecDeque<Flip> = (0..80).map(|index| flip(&format!("s{index}.example.com"), 200)).collect();
    assert_eq!((next(&mut waiting).len(), waiting.len()), (75, 5));
}

#[test]
fn flips_keep_their_order_and_never_meet_at_one_record() {
    let mut waiting: VecDeque<Flip> = ["a", "b", "a", "c"].map(|label| flip(&format!("{label}.example.com"), 8)).into();
    assert_eq!(next(&mut waiting).len(), 2);
    assert_eq!(next(&mut waiting).len(), 2);
}

/// Sends batches to a judge that refuses those with a bad flip, until each flip has its own verdict.
fn verdicts(count: usize, is_bad: impl Fn(usize) -> bool, names_them: bool) -> (Vec<usize>, usize) {
    let owner = |index: usize| format!("s{index}.example.com");
    let all: Vec<Flip> = (0..count).map(|index| flip(&owner(index), 8)).collect();
    let bad_ones: Vec<(String, String)> =
        (0..count).filter(|index| is_bad(*index)).map(|index| (owner(index) + ".", "A".to_owned())).collect();
    let (mut groups, mut refused, mut requests) = (vec![all], Vec::new(), 0);
    while let Some(group) = groups.pop() {
        requests += 1;
        let bad: Vec<&(String, String)> =
            bad_ones.iter().filter(|set| group.iter().any(|flip| flip.touched.contains(*set))).collect();
        if bad.is_empty() {
            continue;
        }
        if group.len() == 1 {
            refused.push(bad_ones.iter().position(|set| set == bad[0]).expect("known"));
            continue;
        }
        let message: Vec<String> =
            bad.iter().map(|(name, _)| format!("[name='{name}', type='A'] but it was not found")).collect();
        let (first, second) = split(group, if names_them { &message[0] } else { "" });
        assert!(!first.is_empty() && !second.is_empty());
        groups.extend([second, first]);
    }
    refused.sort_unstable();
    (refused, requests)
}

#[test]
fn bisection_finds_each_flip_to_blame() {
    assert_eq!(verdicts(40, |index| index == 17, true), (vec![0], 3));
    let (refused, requests) = verdicts(40, |index| index == 17, false);
    assert!(refused.len() == 1 && requests <= 13, "{requests} requests");
    let (refused, _) = verdicts(40, |index| index % 3 == 0, false);
    assert_eq!(refused.len(), 14);
}

#[test]
fn a_batch_is_full_when_another_flip_like_the_last_would_not_fit() {
    let flips: Vec<Flip> = (0..60).map(|number| flip(&format!("s{number}.example.com"), 300)).collect();
    let mut waiting: VecDeque<Flip> = flips.iter().cloned().collect();
    let taken = next(&mut waiting).len();
    assert!(taken < flips.len(), "more than one batch");
    assert!(!is_full(&flips[..taken - 1]));
    assert!(is_full(&flips[..taken]));
    assert!(!is_full(&flips[..0]));
}
