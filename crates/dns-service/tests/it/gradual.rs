//! `failback: { mode: gradual }`: its steps, and what providers and records must allow.

use std::path::Path;
use std::time::Duration;

use dns_core::policy::{Failback, Gradual};
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

const TEXT: &str = "\
apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr } ]
vantagePoints:
  - { name: fra1, url: \"http://127.0.0.1:8443\" }
  - { name: lon1, url: \"http://127.0.0.2:8443\" }
providers:
  amazon: { route53: { zones: { example.com: Z1 } } }
  cloud: { cloudflare: { zones: { example.com: 0123456789abcdef0123456789abcdef }, tokenFile: token } }
policies:
  slow: { failback: { mode: gradual } }
services:
  - name: shop
    zone: example.com
    providers: [amazon]
    policy: slow
    records: [ { name: shop, type: A, ttl: 60s } ]
    regions:
      - { name: prod, endpoints: [ { address: 192.0.2.1 } ], probes: [ { tcp: { port: 443 } } ] }
      - { name: dr, endpoints: [ { address: 198.51.100.1 } ], probes: [ { tcp: { port: 443 } } ] }
";

fn load(from: &str, to: &str) -> Result<Failback, String> {
    let text = TEXT.replace(from, to);
    assert!(from.is_empty() || text != TEXT, "`{from}` is not there");
    let loaded = Config::from_texts([(Path::new("config.yaml"), text.as_str())], &Program::Admin(SecretCheck::Skip));
    let config = loaded.map_err(|faults| faults.to_string())?;
    Ok(config.services[0].lead().policy.failback.clone())
}

fn refused(from: &str, to: &str) -> String {
    load(from, to).expect_err("faults")
}

#[test]
fn steps_have_defaults_and_can_be_said() {
    let minutes = Duration::from_mins;
    let gradual = |soak, steps: &[u8], step_every| {
        let steps = steps.iter().map(|percent| (*percent).try_into().expect("a share")).collect();
        Ok(Failback::Gradual(Box::new(Gradual { soak, steps, step_every })))
    };
    assert_eq!(load("", ""), gradual(minutes(30), &[10, 50], minutes(5)));
    let said = "mode: gradual, soak: 1h, steps: [1%, 5%, 99%], stepEvery: 20m";
    assert_eq!(load("mode: gradual", said), gradual(minutes(60), &[1, 5, 99], minutes(20)));
}

#[test]
fn steps_that_lead_nowhere_are_refused_all_at_once() {
    let told = refused("mode: gradual", "mode: gradual, steps: [50%, 10%, 10%, 100%], stepEvery: 0s");
    for words in [
        "config.yaml:11:51: policies.slow.failback.steps[1]: 10 % comes after 50 %: each step must be larger",
        "policies.slow.failback.steps[2]: 10 % comes after 10 %",
        "policies.slow.failback.steps[3]: all answers are the last step anyway",
        "policies.slow.failback.stepEvery: ",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(refused("mode: gradual", "mode: gradual, steps: []").contains("has 0 steps, 1 to 10 can be"));
    let many = "mode: gradual, steps: [1%,2%,3%,4%,5%,6%,7%,8%,9%,10%,11%]";
    assert!(refused("mode: gradual", many).contains("has 11 steps"));
    for mode in ["automatic", "manual"] {
        let told = refused("mode: gradual", &format!("mode: {mode}, steps: [10%], stepEvery: 1m"));
        assert_eq!(told.matches("only a gradual failback has steps").count(), 2, "{told}");
    }
}

#[test]
fn providers_that_draw_nothing_by_weight_are_refused() {
    let told = refused("[amazon]", "[amazon, cloud]");
    let words = "config.yaml:13:11: services[0].name: its policy fails back in steps, and provider `cloud` (cloudflare) draws no";
    assert!(told.contains(words) && told.contains("take `cloud` out of `providers`"), "{told}");
    assert!(!told.contains("provider `amazon`"), "{told}");
}

#[test]
fn records_that_cannot_be_shared_are_refused() {
    let told = refused("[ { address: 198.51.100.1 } ]", "[ { address: 198.51.100.1 }, { address: 198.51.100.2 } ]");
    assert!(
        told.contains("services[0].records[0]: has 2 values in region `dr`, and its policy fails back in"),
        "{told}"
    );
    let other_family = "[ { address: 198.51.100.1 }, { address: \"2001:db8::1\" } ]";
    assert!(load("[ { address: 198.51.100.1 } ]", other_family).is_ok(), "one of each kind");
    let apart = "{ name: shop, type: A, ttl: 60s, absentIn: [dr] }, { name: shop, type: CNAME, ttl: 60s, absentIn: [prod], \
                 values: { dr: [lb.example.net.] } }";
    let told = refused("{ name: shop, type: A, ttl: 60s }", apart);
    assert!(told.contains("no record is in every region to be shared"), "{told}");
}
