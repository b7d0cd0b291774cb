//! What an operator gets wrong: credentials, tokens, zones. The controller starts, says for each service what is wrong and
//! what to do, and writes nothing.

use std::net::SocketAddr;

use tests::cloudflare::{
    Plan as ZonePlan, Rights, Scope, Setup as CloudflareSetup, TOKEN, Token, TokenStatus, ZoneSetup,
};
use tests::route53::{Operation, Setup};
use tests::world::{Account, Declared, Host, HostedZone, PowerDnsApi, ZONE};
use tests::{Kind, Plan, Region, Sandbox, World};

/// A host that is declared wrongly.
struct Misdeclared<H> {
    host: H,
    /// In the configuration or the environment: what stands there, and what is written instead.
    replaced: (String, String),
}

impl<H: Host> Host for Misdeclared<H> {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        let (from, to) = &self.replaced;
        let declared = self.host.providers(name, sandbox, options).into_iter();
        declared.map(|one| Declared { kind: one.kind.replace(from, to), ..one }).collect()
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.host.servers()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let (from, to) = &self.replaced;
        self.host.environment().into_iter().map(|(name, value)| (name, value.replace(from, to))).collect()
    }
}

fn plan() -> Plan {
    Plan { armed: false, ..Plan::on(Kind::Knot) }
}

/// In history, in the status and in the metric that pages; and an adoption is refused.
fn is_told<H: Host>(world: &World<H>, words: &[&str]) {
    let row = world.until_history("unreadable");
    assert_eq!(row["page"], true, "{row}");
    for words in words {
        assert!(row["summary"].as_str().unwrap_or_default().contains(words), "no `{words}`: {row}");
        world.until_status_says(words);
    }
    world.until_status_says("checkout");
    world.until_metric("failover_controller_page{service=\"checkout\"} 1");
    world.until_proven(Region::Prod);
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "test"]);
    assert_eq!(code, 3, "{out}{err}");
}

fn at_route53(replaced: impl FnOnce(&HostedZone) -> (String, String), words: &[&str]) {
    let world = World::start_at(&plan(), |sandbox| {
        let host = HostedZone::start(sandbox, Setup::default());
        let replaced = replaced(&host);
        Misdeclared { host, replaced }
    });
    is_told(&world, words);
    let zone = &world.auth.host;
    assert_eq!(zone.fake.requests(Operation::ChangeResourceRecordSets), 0, "nothing is even tried");
    assert_eq!((zone.snapshot().region(), zone.snapshot().fence()), (Some(Region::Prod), ""));
}

#[test]
fn a_wrong_secret_of_route53_is_told() {
    let secret = |_: &HostedZone| ("wJalrXUtnFEMI".to_owned(), "another".to_owned());
    at_route53(secret, &["SignatureDoesNotMatch"]);
}

#[test]
fn an_unknown_key_of_route53_is_told() {
    at_route53(|_| ("AKIDEXAMPLE".to_owned(), "AKIDUNKNOWN".to_owned()), &["InvalidClientTokenId"]);
}

#[test]
fn a_hosted_zone_that_is_not_there_is_told() {
    at_route53(
        |host| (host.id.clone(), "Z0UNKNOWN".to_owned()),
        &["NoSuchHostedZone", "is Z0UNKNOWN the id of zone example.test., in this account?"],
    );
}

#[test]
fn a_hosted_zone_of_another_name_is_told() {
    at_route53(|host| (host.id.clone(), host.fake.zone("other.test")), &["other.test", "correct its id"]);
}

fn at_cloudflare(replaced: impl FnOnce(&Account) -> (String, String), words: &[&str]) {
    let world = World::start_at(&plan(), |_| {
        let host = Account::start();
        let replaced = replaced(&host);
        Misdeclared { host, replaced }
    });
    is_told(&world, words);
    let zone = &world.auth.host;
    assert_eq!(zone.fake.batches().len(), 0, "nothing is even tried");
    assert_eq!((zone.snapshot().region(), zone.snapshot().fence()), (Some(Region::Prod), ""));
}

#[test]
fn a_zone_id_that_cloudflare_does_not_know_is_told() {
    let unknown = "0123456789abcdef0123456789abcdef";
    at_cloudflare(|host| (host.fake.zone_id(ZONE), unknown.to_owned()), &["there is no zone example.test.", unknown]);
}

/// A token that somebody rolled or that has run out, and the right one again.
fn a_token_is_told_and_the_right_one_arms_the_service(tokens: Vec<Token>, words: &[&str]) {
    let world = World::start_at(&plan(), |_| {
        let account = Account::start();
        account.fake.set_tokens(tokens);
        account
    });
    is_told(&world, words);
    assert_eq!(world.auth.fake.batches().len(), 0, "nothing is even tried");
    world.auth.fake.set_tokens(vec![Token::everything(TOKEN)]);
    world.until_history("readableAgain");
    world.arm();
    assert_eq!(world.auth.snapshot().whole(), Ok(Region::Prod));
}

#[test]
fn an_unknown_token_is_told() {
    let another = Token::everything("another-cloudflare-token-0123456789-abcdefgh");
    a_token_is_told_and_the_right_one_arms_the_service(vec![another], &["token"]);
}

#[test]
fn an_expired_token_is_told() {
    let expired = Token { status: TokenStatus::Expired, ..Token::everything(TOKEN) };
    a_token_is_told_and_the_right_one_arms_the_service(vec![expired], &["token"]);
}

#[test]
fn a_token_of_another_zone_is_told() {
    let narrow = Token { scope: Scope::Zones(vec!["other.test".to_owned()]), ..Token::everything(TOKEN) };
    a_token_is_told_and_the_right_one_arms_the_service(vec![narrow], &["token"]);
}

/// Reading works, so only a write shows it: the adoption, or the canary where a service is armed.
#[test]
fn a_token_that_may_only_read_is_told_by_the_first_write() {
    let world = World::start_at(&plan(), |_| Account::start());
    world.auth.fake.set_tokens(vec![Token { rights: Rights::Read, ..Token::everything(TOKEN) }]);
    world.until_proven(Region::Prod);
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "test", "--wait"]);
    assert_eq!(code, 1, "{out}{err}");
    let row = world.until_history("denied");
    assert!(row["summary"].as_str().is_some_and(|told| told.contains("token")) && row["page"] == true, "{row}");
    world.until_status_says("token");
    assert_eq!((world.auth.snapshot().region(), world.auth.snapshot().fence()), (Some(Region::Prod), ""));
}

fn at_powerdns(from: &str, to: &str, words: &[&str]) {
    let world = World::start_at(&plan(), |sandbox| {
        let host = PowerDnsApi::start(sandbox);
        Misdeclared { host, replaced: (from.to_owned(), to.to_owned()) }
    });
    is_told(&world, words);
    assert!(!world.auth.host.relay.calls().contains_key("PATCH"), "nothing is even tried");
    assert_eq!((world.served(), world.fence().as_str()), (Some(Region::Prod), ""));
}

#[test]
fn a_wrong_key_of_powerdns_is_told() {
    let world = World::start_at(&plan(), |sandbox| {
        sandbox.write("wrong.powerdns", "another-key\n");
        Misdeclared { host: PowerDnsApi::start(sandbox), replaced: ("main.powerdns".into(), "wrong.powerdns".into()) }
    });
    is_told(&world, &["401", "API key"]);
    assert!(!world.auth.host.relay.calls().contains_key("PATCH"), "nothing is even tried");
}

#[test]
fn a_server_id_that_powerdns_does_not_know_is_told() {
    at_powerdns(
        "powerdns: {",
        "powerdns: { serverId: elsewhere,",
        &["it has no zone example.test., or no server of that id"],
    );
}

/// An account's second zone, and the ids exchanged: nothing of the zone is there, and nothing is written elsewhere.
#[test]
fn a_zone_id_of_another_zone_at_cloudflare_is_told() {
    let setup = CloudflareSetup::with_zone(ZoneSetup::new("other.test", ZonePlan::Pro));
    let other = tests::cloudflare::Fake::start(setup);
    let id = other.zone_id("other.test");
    let url = other.url();
    let world = World::start_at(&plan(), |_| {
        let host = Account::start();
        let replaced = (host.fake.zone_id(ZONE), id);
        let own = host.fake.url();
        Misdeclared { host: Misdeclared { host, replaced }, replaced: (own, url) }
    });
    is_told(&world, &["other.test"]);
    assert_eq!(other.records("other.test").len(), 0);
}
