//! What a kind of provider can never do is refused with the line of the record.

use std::path::Path;

use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

const EXAMPLE: &str = include_str!("../golden/abilities.yaml");
const GOLDEN: &str = "tests/golden/abilities.txt";

fn faults(text: &str) -> Option<String> {
    let loaded = Config::from_texts([(Path::new("config.yaml"), text)], &Program::Admin(SecretCheck::Skip));
    loaded.err().map(|faults| faults.to_string())
}

#[test]
fn what_a_provider_can_never_do_is_refused() {
    let told = faults(EXAMPLE).expect("faults");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, format!("{told}\n")).expect("golden file written");
    }
    let wanted = std::fs::read_to_string(&golden).expect("golden file");
    assert_eq!(format!("{told}\n"), wanted, "set UPDATE_GOLDEN=1 to accept:\n{told}");
}

/// What is wrong with the example once its service `cname` is at another provider.
fn at(provider: &str) -> String {
    let changed = EXAMPLE.replace(
        "name: everything\n    providers: [primary]",
        &format!("name: everything\n    providers: [{provider}]"),
    );
    let told = faults(&changed).unwrap_or_default();
    told.lines().filter(|line| line.contains("services[0]")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_kind_is_refused_only_what_it_cannot_do() {
    let of = |provider: &str, words: &str| at(provider).contains(words);
    for (provider, apex, alias, proxy, ttl) in [
        ("primary", true, true, true, false),
        ("amazon", true, false, true, false),
        ("cloud", false, true, false, true),
        ("pdns", true, true, true, false),
    ] {
        assert_eq!(of(provider, "apex"), apex, "{provider}: {}", at(provider));
        assert_eq!(of(provider, "alias of the load balancer"), alias, "{provider}: {}", at(provider));
        assert_eq!(of(provider, "has no proxy"), proxy, "{provider}: {}", at(provider));
        assert_eq!(of(provider, "TTL of 30 s"), ttl, "{provider}: {}", at(provider));
    }
}

#[test]
fn a_demand_for_the_guard_is_held_against_the_kind() {
    for (demand, refused) in [("any", &[][..]), ("ownWriters", &["pdns"]), ("atomic", &["cloud", "pdns"])] {
        let changed = EXAMPLE.replace("guard: any", &format!("guard: {demand}"));
        for provider in ["primary", "amazon", "cloud", "pdns"] {
            let changed = changed.replace(
                "name: demanding\n    providers: [primary]",
                &format!("name: demanding\n    providers: [{provider}]"),
            );
            let told = faults(&changed).unwrap_or_default();
            let said = told.contains(&format!("its policy demands `guard: {demand}`; provider `{provider}`"));
            assert_eq!(said, refused.contains(&provider), "{demand} at {provider}: {told}");
        }
    }
    assert!(
        faults(&EXAMPLE.replace("guard: any", "guard: strong"))
            .expect("faults")
            .contains("known: any, ownWriters, atomic")
    );
}
