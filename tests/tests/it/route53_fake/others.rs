//! Other people's clients: AWS's SDKs for Python and Rust, and octoDNS with its Route 53 provider.

use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use tests::python::{python, run_script};
use tests::route53::{Fake, Operation, Rate, Setup};
use tests::{Sandbox, command};

/// What of the fake's environment a script gets.
fn env(fake: &Fake) -> Vec<(String, String)> {
    fake.env()
}

fn borrowed(env: &[(String, String)]) -> Vec<(&str, &str)> {
    env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn satisfies_boto3() {
    let fake = Fake::start(Setup::default());
    let output = run_script("route53_boto3.py", &[], &borrowed(&env(&fake))).expect("the script");
    assert_eq!(output, "all as on Route 53\n");
    assert!(fake.requests(Operation::ListResourceRecordSets) > 4);
}

#[test]
fn is_retried_by_boto3_when_it_throttles() {
    let fake = Fake::start(Setup { rate: Some(Rate { per_second: 5.0, burst: 1 }), ..Setup::default() });
    let script = "import boto3\nclient = boto3.client('route53')\nfor _ in range(3):\n    client.list_hosted_zones()\n";
    let sandbox = Sandbox::new();
    let file = sandbox.write("script.py", script);
    let mut env = env(&fake);
    env.push(("AWS_MAX_ATTEMPTS".to_owned(), "8".to_owned()));
    run_script(file, &[], &borrowed(&env)).expect("the script");
    assert!(fake.requests(Operation::ListHostedZones) > 3, "{}", fake.requests(Operation::ListHostedZones));
}

const CONFIG: &str = "\
providers:
  config: { class: octodns.provider.yaml.YamlProvider, directory: FOLDER, default_ttl: 300, enforce_order: false }
  route53: { class: octodns_route53.Route53Provider, access_key_id: AKIDEXAMPLE, secret_access_key: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY }
zones:
  example.com.: { sources: [config], targets: [route53] }
";

const ZONE: &str = "\
'':
  - { type: MX, value: { preference: 10, exchange: mail.example.net. } }
  - { type: CAA, value: { flags: 0, tag: issue, value: ca.example.net } }
'*': { type: A, ttl: 60, values: [192.0.2.1, 192.0.2.2] }
_service._tcp: { type: SRV, value: { priority: 1, weight: 2, port: 443, target: www.example.com. } }
api: { type: AAAA, ttl: 60, value: '2001:db8::1' }
text: { type: TXT, values: [plain, 'v=1\\; a=2', LONG] }
www: { type: CNAME, ttl: 60, value: api.example.com. }
";

fn sync(sandbox: &Sandbox, fake: &Fake, options: &[&str]) -> String {
    let folder = sandbox.path().to_str().expect("a path");
    let config = sandbox.write("config.yaml", CONFIG.replace("FOLDER", folder));
    let program = python().with_file_name("octodns-sync");
    let file = format!("--config-file={}", config.display());
    let mut env = env(fake);
    env.push(("AWS_CONFIG_FILE".to_owned(), "/dev/null".to_owned()));
    env.push(("NO_PROXY".to_owned(), "*".to_owned()));
    let finished = command::run_at(&program, [&[file.as_str()], options].concat(), &borrowed(&env), "");
    assert!(finished.is_success(), "{finished:?}");
    finished.stdout + &finished.stderr
}

#[test]
fn satisfies_octodns() {
    let fake = Fake::start(Setup::default());
    let zone = fake.zone("example.com");
    let sandbox = Sandbox::new();
    sandbox.write("example.com.yaml", ZONE.replace("LONG", &"x".repeat(300)));
    sync(&sandbox, &fake, &["--doit"]);
    assert_eq!(fake.records(&zone).len(), 9, "{:?}", fake.records(&zone));
    let wildcard = fake.record(&zone, "*.example.com", "A").expect("the wildcard");
    assert_eq!(wildcard.values(), ["192.0.2.1", "192.0.2.2"]);
    let again = sync(&sandbox, &fake, &[]);
    assert!(again.contains("No changes were planned"), "{again}");
    // And back: octoDNS deletes by the exact values that it has read.
    sandbox.write("example.com.yaml", "api: { type: AAAA, ttl: 60, value: '2001:db8::2' }\n");
    sync(&sandbox, &fake, &["--doit", "--force"]);
    let left: Vec<String> = fake.records(&zone).iter().map(|set| format!("{} {}", set.name, set.rtype)).collect();
    assert_eq!(left, ["example.com. NS", "example.com. SOA", "api.example.com. AAAA"]);
    assert!(fake.batches().iter().all(|batch| batch.refusal.is_none()), "{:?}", fake.batches());
}

/// The SDK that the product uses.
fn rust_sdk(fake: &Fake) -> Client {
    let config = aws_sdk_route53::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        ))
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(fake.url())
        .build();
    Client::from_conf(config)
}

fn changed(action: ChangeAction, name: &str, value: &str) -> Change {
    let record = ResourceRecord::builder().value(value).build().expect("a record");
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::A).ttl(60).resource_records(record);
    Change::builder().action(action).resource_record_set(set.build().expect("a set")).build().expect("a change")
}

#[tokio::test]
async fn satisfies_the_sdk_for_rust() {
    let fake = Fake::start(Setup::default());
    let zone = fake.zone("example.com");
    let client = rust_sdk(&fake);
    let change = |change: Change| {
        let batch = ChangeBatch::builder().changes(change).build().expect("a batch");
        client.change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch).send()
    };
    let done = change(changed(ChangeAction::Create, "*.example.com", "192.0.2.1")).await.expect("a change");
    let id = done.change_info().expect("a change").id().to_owned();
    let status = client.get_change().id(id).send().await.expect("a change");
    assert_eq!(status.change_info().expect("a change").status().as_str(), "INSYNC");
    let refused = change(changed(ChangeAction::Delete, "*.example.com", "192.0.2.2")).await.expect_err("another value");
    let refused = refused.into_service_error();
    assert!(refused.is_invalid_change_batch(), "{refused:?}");
    assert!(refused.meta().message().is_some_and(|message| message.contains("do not match")), "{refused:?}");
    // With a name in the query that is escaped in several ways.
    let list = client.list_resource_record_sets().hosted_zone_id(&zone).start_record_name("\\052.example.com.");
    let list = list.start_record_type(RrType::A).max_items(1).send().await.expect("a list");
    assert_eq!(list.resource_record_sets()[0].name(), "\\052.example.com.");
    let missing = client.get_hosted_zone().id("Z0").send().await.expect_err("no zone").into_service_error();
    assert!(missing.is_no_such_hosted_zone(), "{missing:?}");
}
