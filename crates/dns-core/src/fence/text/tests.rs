//! The grammar, by round trips and by hostile input.

use proptest::prelude::*;

use super::*;
use crate::digest::Digest;

fn zone() -> Name {
    canonical_name("example.com").expect("name")
}

fn fence(rrs: &[(&str, GuardedType)], reason: &str) -> Fence {
    let keys = rrs.iter().map(|(name, rtype)| RrsetKey::new(&canonical_name(name).expect("name"), *rtype));
    Fence {
        install: "acme".parse().expect("name"),
        id: "checkout".parse().expect("name"),
        provider: "main".parse().expect("name"),
        epoch: Epoch::new(42),
        rev: Rev::new(57),
        write: "01j9x".parse().expect("id"),
        plan: "9f31c0de".parse().expect("id"),
        active: Some("dr".parse().expect("name")),
        blend: None,
        released: None,
        moved: Timestamp::from_secs(1_795_246_200),
        by: "controller-2".parse().expect("name"),
        cfg: 12,
        pin: Some(Pin { by: "oncall".parse().expect("name"), reason: reason.to_owned() }),
        pause: Some(Pause {
            by: "oncall".parse().expect("name"),
            until: Some(Timestamp::from_secs(1_795_250_000)),
            reason: reason.to_owned(),
        }),
        dwell: Some(Dwell {
            left: 3,
            since: Timestamp::from_secs(1_795_239_000),
            last: Timestamp::from_secs(1_795_246_200),
        }),
        rrs: keys.collect(),
        digest: Digest::over([b"x".as_slice()]),
        unknown: vec![("later".to_owned(), "kept%20as-is".to_owned())],
    }
}

fn text_of(strings: &[&str]) -> FenceText {
    FenceText::from_strings(strings.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn round_trips_with_apex_wildcard_and_odd_names() {
    let fence = fence(
        &[
            ("example.com", GuardedType::A),
            ("*.example.com", GuardedType::Aaaa),
            ("_x.api.example.com", GuardedType::Cname),
            ("*.deep.example.com", GuardedType::A),
        ],
        "Deploy; went = wrong, 100% \"bad\"",
    );
    let text = fence.to_text(&zone()).expect("fits");
    assert_eq!(Fence::parse(&text, &zone()).expect("parses"), fence, "{text}");
}

#[test]
fn names_are_written_relative_and_short() {
    let text = fence(&[("api.example.com", GuardedType::A), ("example.com", GuardedType::Aaaa)], "x").to_text(&zone());
    let text = text.expect("fits").to_string();
    assert!(text.contains("rrs=@/aaaa,api/a;"), "{text}");
}

#[test]
fn writes_lower_case_only() {
    let text = fence(&[], "ÄRGER In Prod").to_text(&zone()).expect("fits").to_string();
    assert_eq!(text, text.to_lowercase());
}

#[test]
fn a_pair_never_spans_strings_and_many_records_fit() {
    let names: Vec<String> = (0..100).map(|number| format!("host-{number}.some.longer.name.example.com")).collect();
    let rrs: Vec<(&str, GuardedType)> = names.iter().map(|name| (name.as_str(), GuardedType::A)).collect();
    let text = fence(&rrs, "x").to_text(&zone()).expect("fits");
    assert!(text.strings().len() > 2);
    for string in text.strings() {
        assert!(string.len() <= 255 && string.ends_with(';'), "{string}");
    }
    assert_eq!(Fence::parse(&text, &zone()).expect("parses").rrs.len(), 100);
}

#[test]
fn the_dwell_is_written_as_pinned_and_bounded_when_it_is_read() {
    let written = fence(&[("api.example.com", GuardedType::A)], "x");
    let text = written.to_text(&zone()).expect("fits").to_string();
    assert!(text.contains("dwell=3,1795239000,1795246200;"), "{text}");
    let much = text.trim_matches('"').replace("dwell=3,", "dwell=4000000000,").replace("\" \"", "");
    let read = Fence::parse(&FenceText::from_strings(vec![much]), &zone()).expect("parses");
    assert_eq!(read.dwell.map(|dwell| dwell.left), Some(Dwell::LEFT_MAX));
    let none = Fence { dwell: None, ..written }.to_text(&zone()).expect("fits").to_string();
    assert!(!none.contains("dwell"), "a service that has never flapped has the fence of before: {none}");
}

#[test]
fn long_reasons_are_cut_at_a_character() {
    for (long, kept) in [("x", 60), ("ä", 28), ("ж!", 19), ("€", 19)] {
        let written = fence(&[], &long.repeat(200));
        let by: Actor = "a".repeat(IDENTIFIER_BYTES_MAX).parse().expect("name");
        let until = Some(Timestamp::from_secs(SECONDS_MAX));
        let pause = Pause { by, until, reason: long.repeat(200) };
        let text = Fence { pause: Some(pause), ..written }.to_text(&zone()).expect("fits");
        let read = Fence::parse(&text, &zone()).expect("parses");
        let reason = read.pause.expect("pause").reason;
        assert!(long.repeat(200).starts_with(&reason));
        assert!(reason.len() <= REASON_BYTES_MAX, "{reason}");
        assert_eq!(reason.matches(long).count(), kept, "{reason}");
    }
}

#[test]
fn hostile_fences_are_refused_with_the_reason() {
    let good = fence(&[("api.example.com", GuardedType::A)], "x").to_text(&zone()).expect("fits").0.join("");
    let with = |from: &str, to: &str| {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from} is not in {good}");
        Fence::parse(&FenceText::from_strings(vec![changed]), &zone())
    };
    assert_eq!(with("v=dnsfo1;", "v=dnsfo2;"), Err(FenceError::Version("dnsfo2".into())));
    assert_eq!(with("v=dnsfo1;", ""), Err(FenceError::Missing("v")));
    assert_eq!(with("epoch=42;", "epoch=42;epoch=43;"), Err(FenceError::Repeated("epoch".into())));
    for (from, to) in [
        ("epoch=42;", "epoch=-1;"),
        ("epoch=42;", "epoch=+42;"),
        ("epoch=42;", "epoch=042;"),
        ("epoch=42;", "epoch=18446744073709551615;"),
        ("epoch=42;", "epoch=;"),
        ("active=dr;", "active=d%00r;"),
        ("active=dr;", "active=;"),
        ("dwell=3,", "dwell=0,"),
        ("dwell=3,", "dwell=03,"),
        ("dwell=3,", "dwell=4294967296,"),
        ("dwell=3,1795239000,", "dwell=3,1795246201,"),
        ("dwell=3,1795239000,", "dwell=3,"),
        ("rrs=api/a;", "rrs=api/a,api/a;"),
        ("rrs=api/a;", "rrs=api/txt;"),
        ("rrs=api/a;", "rrs=/a;"),
        ("rrs=api/a;", "rrs=..%2e/a;"),
        ("id=checkout;", "id=canary;"),
        ("id=checkout;", "id=che%ff;"),
        ("rev=57;", "rev=57"),
        ("rev=57;", "rev;"),
        ("rev=57;", "REV=57;"),
        ("rev=57;", "rev=5 7;"),
        ("digest=", "digest=00"),
    ] {
        assert!(with(from, to).is_err(), "{from} -> {to}");
    }
    assert_eq!(Fence::parse(&text_of(&[]), &zone()), Err(FenceError::Missing("v")));
    assert!(Fence::parse(&text_of(&[""]), &zone()).is_err());
    let endless = "x=y;".repeat(FENCE_BYTES_MAX);
    assert_eq!(Fence::parse(&text_of(&[&endless]), &zone()), Err(FenceError::TooLong));
}

proptest! {
    #[test]
    fn never_panics_on_any_strings(strings in proptest::collection::vec(".{0,300}", 0..4)) {
        let _ = Fence::parse(&FenceText::from_strings(strings), &zone());
    }

    #[test]
    fn any_reason_round_trips(reason in "\\PC{0,15}") {
        let written = fence(&[("api.example.com", GuardedType::A)], &reason);
        let text = written.to_text(&zone()).expect("fits");
        prop_assert_eq!(Fence::parse(&text, &zone()).expect("parses"), written);
    }

    #[test]
    fn what_parses_is_written_the_same(noise in "[a-z0-9%.,/;=_-]{0,60}") {
        let good = fence(&[], "x").to_text(&zone()).expect("fits").0.join("");
        if let Ok(read) = Fence::parse(&FenceText::from_strings(vec![format!("{good}{noise};")]), &zone()) {
            let text = read.to_text(&zone()).expect("fits");
            prop_assert_eq!(Fence::parse(&text, &zone()).expect("parses"), read);
        }
    }
}
