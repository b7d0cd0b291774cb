//! `coexist` for each kind of provider, and `iam-policy`, to the letter.

use crate::command::run_alone;
use crate::golden::check;

fn config(provider: &str) -> String {
    format!(
        r#"apiVersion: dnsfailover/v1
installation: acme
regions: [{{ name: prod }}, {{ name: dr }}]
vantagePoints: [{{ name: v1, url: "https://v1.example.net" }}]
providers: {{ main: {provider} }}
policies: {{ default: {{ quorum: 1 }} }}
services:
  - name: checkout
    zone: example.com
    providers: [main]
    records:
      - {{ name: "@", type: A, ttl: 60s }}
      - {{ name: "*.shop", type: A, ttl: 60s }}
      - {{ name: www, type: CNAME, ttl: 60s, values: {{ prod: [lb-prod.example.net.], dr: [lb-dr.example.net.] }} }}
    regions:
      - {{ name: prod, endpoints: [{{ address: 192.0.2.10 }}], probes: [{{ tcp: {{ port: 443 }} }}] }}
      - {{ name: dr, endpoints: [{{ address: 198.51.100.10 }}], probes: [{{ tcp: {{ port: 443 }} }}] }}
"#
    )
}

#[tokio::test]
async fn each_kind_of_provider_gets_what_its_tools_need() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, provider) in [
        ("route53", "{ route53: { zones: { example.com: Z0123456789 } } }"),
        (
            "cloudflare",
            "{ cloudflare: { zones: { example.com: 0123456789abcdef0123456789abcdef }, tokenFile: /nonexistent } }",
        ),
        (
            "powerdns",
            "{ powerdns: { url: \"http://127.0.0.1:8081\", zones: [example.com], apiKeyFile: /nonexistent } }",
        ),
        (
            "rfc2136",
            "{ rfc2136: { server: \"192.0.2.53:53\", zones: [example.com], \
             tsig: { name: k., algorithm: hmac-sha256, secretFile: /nonexistent } } }",
        ),
    ] {
        let file = folder.path().join(format!("{kind}.yaml"));
        std::fs::write(&file, config(provider)).expect("written");
        let ended = run_alone(&["coexist", "checkout", "--config", &file.to_string_lossy()]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{kind}: {ended:?}");
        check(&format!("coexist-{kind}"), &ended.stdout);
    }
    let policy = |kind: &str| folder.path().join(format!("{kind}.yaml")).to_string_lossy().into_owned();
    let ended = run_alone(&["iam-policy", "--config", &policy("route53")]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    check("iam-policy", &ended.stdout);
    assert!(ended.stdout.contains("_canary._failover.example.com"), "{ended:?}");
    let amazon = policy("route53");
    let quiet = std::fs::read_to_string(&amazon).expect("it was written") + "canary: { every: off }\n";
    std::fs::write(&amazon, quiet).expect("written");
    let quiet = run_alone(&["iam-policy", "--config", &amazon]).await;
    assert_eq!(quiet.code, 0, "{quiet:?}");
    let without: Vec<&str> = ended.stdout.lines().filter(|line| !line.contains("_canary")).collect();
    assert_eq!(quiet.stdout.lines().collect::<Vec<_>>(), without, "all else is as before");
    let ended = run_alone(&["iam-policy", "--config", &policy("rfc2136")]).await;
    assert_eq!(ended.code, 1, "there is nothing to allow: {ended:?}");
    let file = folder.path().join("rfc2136.yaml");
    let ended = run_alone(&["coexist", "checkuot", "--config", &file.to_string_lossy()]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("it has checkout"), "{ended:?}");
}
