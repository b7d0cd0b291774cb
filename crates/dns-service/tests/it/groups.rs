//! Groups and rules in the configuration: what is read, and what could never work and is refused with the reason.

use std::fmt::Write as _;
use std::path::Path;

use dns_core::group::{Group, Member, MoveWhen};
use dns_core::identifier::ServiceName;
use dns_core::relation::Demand;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

/// Services by name, each with further keys of its own, and what binds them.
fn text(services: &[(&str, &str)], rest: &str) -> String {
    let mut text = "apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr }, { name: far } ]
vantagePoints: [ { name: fra1, url: \"http://127.0.0.1:8443\" } ]
providers:
  main: { rfc2136: { server: \"127.0.0.1:53\", zones: [example.com], tsig: { name: flip-key., algorithm: hmac-sha256, secretFile: tsig } } }
policies: { fast: { quorum: 1 } }
services:
"
    .to_owned();
    for (name, keys) in services {
        let keys = if keys.contains("mode:") { (*keys).to_owned() } else { format!("mode: active, {keys}") };
        let regions = if keys.contains("regions:") { "" } else { "regions: [ PROD, DR ], " };
        let service = format!(
            "  - {{ name: {name}, {keys}{regions}zone: example.com, providers: [main], policy: fast, records: [ {{ name: {name}, \
             type: A, ttl: 60s }} ] }}"
        );
        let region = |region: &str, at: &str| {
            format!("{{ name: {region}, endpoints: [ {{ address: {at} }} ], probes: [ {{ tcp: {{ port: 443 }} }} ] }}")
        };
        let service = service.replace("PROD", &region("prod", "192.0.2.10"));
        let service =
            service.replace("DR", &region("dr", "198.51.100.10")).replace("FAR", &region("far", "203.0.113.9"));
        writeln!(text, "{service}").expect("a String takes all");
    }
    text + rest
}

fn load(services: &[(&str, &str)], rest: &str) -> Result<Config, String> {
    let program = Program::Admin(SecretCheck::Skip);
    let text = text(services, rest);
    Config::from_texts([(Path::new("config.yaml"), text.as_str())], &program).map_err(|faults| faults.to_string())
}

const SHOP: [(&str, &str); 3] = [("db", ""), ("api", ""), ("web", "")];

fn faults(rest: &str) -> String {
    load(&SHOP, rest).err().unwrap_or_else(|| panic!("it is taken: {rest}"))
}

fn order(group: &Group) -> Vec<(&str, Vec<&str>)> {
    group.members.iter().map(in_words).collect()
}

fn in_words(member: &Member) -> (&str, Vec<&str>) {
    (member.service.as_str(), member.after.iter().map(ServiceName::as_str).collect())
}

#[test]
fn a_group_moves_in_the_order_in_which_it_is_listed() {
    let config =
        load(&SHOP, "groups: [ { name: shop, services: [db, api, web] } ]\n").unwrap_or_else(|why| panic!("{why}"));
    let [shop] = &config.groups[..] else { panic!("one group") };
    assert_eq!((shop.name.as_str(), shop.move_when), ("shop", MoveWhen::Any));
    assert_eq!(order(shop), [("db", vec![]), ("api", vec!["db"]), ("web", vec!["db", "api"])]);
    for (said, meant) in [("any", MoveWhen::Any), ("all", MoveWhen::All), ("{ failing: 2 }", MoveWhen::Failing(2))] {
        let rest = format!("groups: [ {{ name: shop, services: [db, api], moveWhen: {said} }} ]\n");
        assert_eq!(load(&SHOP, &rest).expect("loads").groups[0].move_when, meant);
    }
}

#[test]
fn what_services_depend_on_takes_the_place_of_the_list() {
    let services = [("db", ""), ("api", "dependsOn: [db], "), ("web", "dependsOn: [db], "), ("mail", "")];
    let rest = "groups: [ { name: shop, services: [web, mail, api, db] } ]\n";
    let config = load(&services, rest).unwrap_or_else(|why| panic!("{why}"));
    let wanted = [("mail", vec![]), ("db", vec![]), ("web", vec!["db"]), ("api", vec!["db"])];
    assert_eq!(order(&config.groups[0]), wanted, "each after all that it waits for");
}

#[test]
fn rules_are_read_as_they_are_written() {
    let rest = "rules:
  - { name: one-in-prod, assertion: { services: [db, api, web], region: prod, atLeast: 1 } }
  - { name: web-follows-db, gating: { services: [web], into: dr, whileIn: { db: dr } } }
";
    let config = load(&SHOP, rest).unwrap_or_else(|why| panic!("{why}"));
    let [one, two] = &config.relations[..] else { panic!("two rules") };
    assert_eq!((one.name.as_str(), two.name.as_str()), ("one-in-prod", "web-follows-db"));
    let Demand::Assertion { services, region, at_least, at_most } = &one.demand else { panic!("an assertion") };
    assert_eq!((services.len(), region.as_str(), *at_least, *at_most), (3, "prod", 1, usize::MAX));
    let Demand::Gating { services, into, while_in } = &two.demand else { panic!("a gating rule") };
    assert_eq!((services.len(), into.as_str(), while_in.len()), (1, "dr", 1));
}

#[test]
fn groups_that_could_not_move_are_refused_with_the_reason() {
    let cases = [
        ("{ services: [db, api] }", "`name` is missing"),
        ("{ name: shop, services: [db] }", "a group of one moves as it would alone"),
        ("{ name: shop, services: [db, wbe] }", "there is no service `wbe`"),
        ("{ name: shop, services: [db, db, api] }", "service `db` is given twice"),
        ("{ name: shop, services: [db, api], moveWhen: some }", "`some` is not one of its values"),
        ("{ name: shop, services: [db, api], moveWhen: { failing: 3 } }", "there are 2: it would never move"),
        ("{ name: shop, services: [db, api], moveWhen: { failing: 0 } }", "not a whole number from 1"),
        ("{ name: shop, services: [db, api], order: alphabetic }", "unknown key"),
        ("{ name: shop, services: [db, api] }, { name: shop, services: [web, db] }", "group `shop` is given twice"),
        (
            "{ name: a, services: [db, api] }, { name: b, services: [web, db] }",
            "service `db` is in group `a` already, at config.yaml:",
        ),
    ];
    for (group, reason) in cases {
        let found = faults(&format!("groups: [ {group} ]\n"));
        assert!(found.contains(reason), "{group}: {found}");
    }
}

#[test]
fn members_whose_policies_would_part_them_are_named() {
    let group = "groups: [ { name: shop, services: [db, api] } ]\n";
    let with = |keys: &str| {
        let text = text(&[("db", ""), ("api", "")], group);
        let text =
            text.replace("fast: { quorum: 1 }", &format!("fast: {{ quorum: 1 }}, other: {{ quorum: 1, {keys} }}"));
        let (before, api) = text.split_once("name: api,").expect("a service");
        let text = format!("{before}name: api,{}", api.replacen("policy: fast", "policy: other", 1));
        let program = Program::Admin(SecretCheck::Skip);
        let found = Config::from_texts([(Path::new("config.yaml"), text.as_str())], &program);
        found.expect_err("a fault").to_string()
    };
    let steps = with("failback: { mode: gradual, soak: 10m, steps: [10%], stepEvery: 5m }");
    assert!(steps.contains("`api` comes back in steps, and the others of its group would be elsewhere"), "{steps}");
    let persons = with("approval: { orders: [failover] }");
    assert!(persons.contains("the policies of `api` and `db` want a second person for other orders"), "{persons}");
}

#[test]
fn members_that_could_not_come_along_are_named() {
    let rest = "groups: [ { name: shop, services: [db, api] } ]\n";
    let other = [("db", ""), ("api", "regions: [ DR, PROD ], ")];
    let found = load(&other, rest).expect_err("a fault");
    assert!(found.contains("`api` has the regions dr, prod, `db` has prod, dr"), "{found}");
    let mixed = [("db", ""), ("api", "mode: observe, ")];
    let found = load(&mixed, rest).expect_err("a fault");
    assert!(found.contains("`api` only observes, and others of its group act"), "{found}");
    let observing = [("db", "mode: observe, "), ("api", "mode: observe, ")];
    assert_eq!(load(&observing, rest).expect("all of them observe").groups.len(), 1);
}

#[test]
fn dependencies_are_of_one_group_and_have_a_beginning() {
    let group = "groups: [ { name: shop, services: [db, api, web] } ]\n";
    let with =
        |db: &str, api: &str, rest: &str| load(&[("db", db), ("api", api), ("web", "")], rest).expect_err("a fault");
    let cycle = with("dependsOn: [web, api], ", "dependsOn: [db], ", group);
    assert!(
        cycle.contains("none of these could move first, each depends on the next: `db` on `api` (config.yaml:9:"),
        "{cycle}"
    );
    assert!(cycle.contains("`api` on `db` (config.yaml:10:"), "{cycle}");
    let own = with("dependsOn: [db], ", "", group);
    assert!(own.contains("none of these could move first, each depends on the next: `db` on `db`"), "{own}");
    let strange = with("dependsOn: [dbb], ", "", group);
    assert!(strange.contains("services[0].dependsOn[0]: there is no service `dbb`"), "{strange}");
    let apart = with("", "dependsOn: [db], ", "");
    assert!(apart.contains("`api` and `db` are not in one group"), "{apart}");
}

#[test]
fn rules_that_can_never_hold_are_refused_with_the_reason() {
    let cases = [
        ("{ name: a }", "needs either `assertion` or `gating`"),
        ("{ name: a, assertion: { services: [db], region: prod } }", "says nothing"),
        ("{ name: a, assertion: { services: [dbb], region: prod, atLeast: 1 } }", "there is no service `dbb`"),
        ("{ name: a, assertion: { services: [db], region: far, atLeast: 1 } }", "service `db` has no region `far`"),
        (
            "{ name: a, assertion: { services: [db, api], region: prod, atLeast: 3 } }",
            "`atLeast` is 3, and it names 2 services",
        ),
        (
            "{ name: a, assertion: { services: [db, api], region: prod, atLeast: 2, atMost: 1 } }",
            "`atLeast` 2 is above `atMost` 1",
        ),
        ("{ name: a, assertion: { services: [db, api], region: prod, atMost: 2 } }", "it never says no"),
        (
            "{ name: a, assertion: { services: [db, api, web], region: prod, atMost: 1 } }, \
             { name: b, assertion: { services: [db, api], region: prod, atLeast: 2 } }",
            "contradicts rule `a` at config.yaml:12:",
        ),
        (
            "{ name: a, assertion: { services: [db, api], region: prod, atLeast: 1 } }, \
             { name: b, assertion: { services: [api, db], region: dr, atLeast: 2 } }",
            "contradicts other rules about the same 2 services: `b` wants 2 in `dr`, `a` wants 1 in `prod`",
        ),
        ("{ name: a, gating: { services: [web], into: dr, whileIn: {} } }", "needs at least one service"),
        ("{ name: a, gating: { services: [web], into: dr, whileIn: { web: dr } } }", "`web` would wait for itself"),
        (
            "{ name: a, gating: { services: [web], into: dr, whileIn: { db: far } } }",
            "service `db` has no region `far`",
        ),
        (
            "{ name: a, gating: { services: [web], into: dr, whileIn: { db: dr } } }, \
             { name: b, gating: { services: [web, api], into: dr, whileIn: { db: prod } } }",
            "contradicts rule `a` at config.yaml:12:",
        ),
        (
            "{ name: a, gating: { services: [web], into: dr, whileIn: { db: dr } } }, \
             { name: b, gating: { services: [db], into: dr, whileIn: { web: dr } } }",
            "nobody could come into `dr`, each waits for the next: `web` for `db`, `db` for `web`",
        ),
    ];
    for (rules, reason) in cases {
        let found = faults(&format!("rules: [ {rules} ]\n"));
        assert!(found.contains(reason), "{rules}: {found}");
    }
}

#[test]
fn rules_against_what_groups_do_are_refused() {
    let cases = [
        ("assertion: { services: [db, api, web], region: prod, atLeast: 1 }", "it could never leave `prod`"),
        ("assertion: { services: [db, api, web], region: dr, atMost: 1 }", "it could never go there"),
        (
            "gating: { services: [db], into: dr, whileIn: { web: dr } }",
            "each waits for the next: `db` for `web`, `web` for `db`",
        ),
        ("gating: { services: [web], into: dr, whileIn: { db: prod } }", "the group could never go there"),
    ];
    for (rule, reason) in cases {
        let rest =
            format!("groups: [ {{ name: shop, services: [db, api, web] }} ]\nrules: [ {{ name: a, {rule} }} ]\n");
        let found = faults(&rest);
        assert!(found.contains(reason), "{rule}: {found}");
    }
    let twins = [("db", ""), ("api", ""), ("web", ""), ("spare", "")];
    let rest = "groups: [ { name: shop, services: [db, api, web] } ]\n\
                rules: [ { name: a, assertion: { services: [web, spare], region: prod, atLeast: 1 } } ]\n";
    assert_eq!(load(&twins, rest).expect("the spare one can stay").relations.len(), 1);
}

#[test]
fn all_faults_are_told_at_once() {
    let rest = "groups: [ { name: one, services: [db] }, { name: two, services: [db, nobody] } ]\n\
                rules: [ { name: a, assertion: { services: [db], region: prod, atLeast: 2 } } ]\n";
    let found = faults(rest);
    for reason in ["a group of one", "no service `nobody`", "in group `one` already", "it can never hold"] {
        assert!(found.contains(reason), "{reason}: {found}");
    }
}

#[test]
fn a_scheduled_drill_of_a_member_is_refused_with_its_line() {
    let rest = "groups: [ { name: shop, services: [db, api] } ]
drills:
  - { name: yearly, services: [web, api], schedule: { at: 2026-12-01T10:00:00Z } }
";
    let told = faults(rest);
    let line = text(&SHOP, rest).lines().position(|line| line.contains("yearly")).map_or(0, |before| before + 1);
    assert!(told.contains("service `api` moves with group `shop`, and a drill moves one service alone"), "{told}");
    assert!(told.contains(&format!("config.yaml:{line}")), "{told}");
    assert!(!told.contains("`web`"), "{told}");
    let alone = load(&SHOP, &rest.replace("[web, api]", "[web]")).expect("one that is in no group");
    assert_eq!(alone.drills.schedules.len(), 1);
}
