//! Bad input: every program says everything that is wrong, where it is and what to do, and starts nothing.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tests::Sandbox;
use tests::command::{Finished, run_at};
use tests::daemon::our_program;

/// A configuration in which almost everything is wrong, each fault on a line of its own. `FOLDER` is the sandbox.
const FAULTY: &str = r#"apiVersion: dnsfailover/v1
installation: acme
replicas: 2
regions: [ { name: prod }, { name: dr } ]
resolvers: { local: [ "127.0.0.1:53" ] }
vantagePoints:
  - { name: v0, url: "http://127.0.0.1:8001", resolver: local }
  - { name: v1, url: "http://127.0.0.1:8002", resolver: local }
providers:
  main:
    rfc2136:
      server: "192.0.2.53"
      zones: [example.test]
      tsig: { name: flip-key, algorithm: hmac-sha256, secretFile: FOLDER/missing.secret }
policies:
  many: { quorum: 3 }
  calibrated: { detection: { falseFailoversPerYear: 0.1 } }
services:
  - name: checkout
    zone: example.test
    providers: [main]
    policy: many
    records:
      - { name: "@", type: CNAME, ttl: 60s, values: { prod: [lb-prod.example.net.], dr: [lb-dr.example.net.] } }
      - { name: api, type: A, ttl: 0s }
    regions:
      - { name: prod, endpoints: [ { address: 192.0.2.256 } ], probes: [ { http: {} } ] }
      - { name: dr, probes: [ { http: {} } ] }
  - name: basket
    zone: example.test
    providers: [main]
    policy: calibrated
    records:
      - { name: api, type: A, ttl: 60s, values: { prod: [192.0.2.10], dr: [198.51.100.10] } }
    regions:
      - { name: prod, endpoints: [ { hostname: api.example.test } ], probes: [ { http: {} } ] }
      - { name: dr, endpoints: [ { address: 198.51.100.10 } ], probes: [ { http: { paht: /healthz } } ] }
  - name: checkout # again
    zone: example.test
    providers: [mian]
    records:
      - { name: "*.wild", type: A, ttl: 60s, values: { prod: [192.0.2.10], dr: [198.51.100.10] } }
    regions:
      - { name: prod, endpoints: [ { address: 192.0.2.10 } ], probes: [ { http: {} } ] }
      - { name: dr, endpoints: [ { address: 198.51.100.10 } ], probes: [ { http: {} } ] }
store: { sqlite: { path: FOLDER/state.db } }
controller: { tokens: [ { name: oncall, role: operator, file: FOLDER/missing.token } ] }
monitor: { tokens: [ { name: controller, role: viewer, file: FOLDER/missing.evidence } ] }
"#;

/// Faults that name their remedy. The providers of a service that there are, are judged although it names another.
const REMEDIED: &str = r#"apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr } ]
vantagePoints: [ { name: v0, url: "http://127.0.0.1:8001" } ]
providers:
  main: { rfc2136: { server: "127.0.0.1:53", zones: [example.test], tsig: { name: k, algorithm: hmac-sha256, secretFile: FOLDER/k } } }
  second: { cloudflare: { zones: { example.test: 0123abcd }, tokenFile: FOLDER/token } }
  third: {}
policies: { default: { quorum: 1 } }
services:
  - name: checkout
    zone: example.test
    providers: [main, second, fourth]
    records: [ { name: api, type: A, ttl: 30s } ]
    regions:
      - { name: prod, endpoints: [ { loadBalancer: { hostname: lb.example.net } } ], probes: [ { tcp: { port: 9 } } ] }
      - { name: dr, endpoints: [ { address: 127.0.0.2 } ], probes: [ { tcp: { port: 9 } } ] }
"#;

/// What stands on a faulty line, the path of the fault, and a part of what is said about it.
type Expected = (&'static str, &'static str, &'static str);

const FAULTS: [Expected; 13] = [
    ("replicas: 2", "replicas", "unknown key"),
    ("server:", "providers.main.rfc2136.server", "`192.0.2.53` is no address with a port"),
    ("many: {", "policies.many.quorum", "the quorum of 3 is above the number of matching vantage points, 2"),
    ("falseFailovers", "policies.calibrated.detection.falseFailoversPerYear", "not yet: use `fall` and `rise`"),
    ("name: \"@\"", "services[0].records[0]", "a CNAME cannot stand at the zone's apex"),
    ("ttl: 0s", "services[0].records[1].ttl", "TTL 0 is outside"),
    ("192.0.2.256", "services[0].regions[0].endpoints[0].address", "`192.0.2.256` is no IP address"),
    ("{ name: dr, probes", "services[0].regions[1]", "`endpoints` is missing"),
    ("{ name: api, type: A, ttl: 60s", "services[1].records[0]", "is moved twice, also by service `checkout`"),
    ("hostname: api", "services[1].regions[0].endpoints[0]", "`api.example.test.` is moved by service `basket`"),
    ("paht", "services[1].regions[1].probes[0].http.paht", "unknown key"),
    ("# again", "services[2].name", "service `checkout` is given twice"),
    ("mian", "services[2].providers[0]", "there is no provider `mian`"),
];

const TSIG: Expected = ("secretFile", "providers.main.rfc2136.tsig.secretFile", "cannot read");
const TOKEN: Expected = ("missing.token", "controller.tokens[0].file", "cannot read");
const EVIDENCE_TOKEN: Expected = ("missing.evidence", "monitor.tokens[0].file", "cannot read");

/// A configuration without a fault, whose endpoints nobody has to answer for.
const GOOD: &str = r#"apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr } ]
vantagePoints: [ { name: v0, url: "http://127.0.0.1:8001" }, { name: v1, url: "http://127.0.0.1:8002" } ]
providers:
  main:
    rfc2136:
      server: "127.0.0.1:5399"
      zones: [example.test]
      tsig: { name: flip-key, algorithm: hmac-sha256, secretFile: FOLDER/tsig.secret }
services:
  - name: checkout
    zone: example.test
    providers: [main]
    records: [ { name: api, type: A, ttl: 60s } ]
    regions:
      - { name: prod, endpoints: [ { address: 127.0.0.1 } ], probes: [ { tcp: { port: 9 } } ] }
      - { name: dr, endpoints: [ { address: 127.0.0.2 } ], probes: [ { tcp: { port: 9 } } ] }
"#;

const STORE: &str = "apiVersion: dnsfailover/v1\nstore: { sqlite: { path: FOLDER/state.db } }\n";

fn write(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    sandbox.write(name, text.replace("FOLDER", &sandbox.path().display().to_string()))
}

/// A folder of two files that is a whole configuration.
fn good(sandbox: &Sandbox) -> PathBuf {
    sandbox.write("tsig.secret", "c2VjcmV0c2VjcmV0\n");
    write(sandbox, "good/10-services.yaml", GOOD);
    write(sandbox, "good/20-store.yaml", STORE);
    sandbox.path().join("good")
}

/// How each program is given a configuration; it would listen on `listen`.
fn programs(sandbox: &Sandbox, config: &Path) -> [(&'static str, Vec<String>); 3] {
    let (config, listen) = (config.display().to_string(), sandbox.socket().to_string());
    let daemon = |more: &[&str]| {
        let common = ["--config", &config, "--listen", &listen];
        more.iter().chain(&common).map(|arg| (*arg).to_owned()).collect::<Vec<_>>()
    };
    [
        ("dns-monitor", daemon(&["--vantage-point", "v0"])),
        ("failover-controller", daemon(&["--instance", "controller-1"])),
        ("dns-admin", ["config", "check", config.as_str()].map(str::to_owned).to_vec()),
    ]
}

fn finish(program: &str, args: &[String]) -> Finished {
    run_at(&our_program(program), args, &[], "")
}

/// The report goes where people look: the check's answer to standard output, a daemon's last words to standard error.
fn report<'a>(program: &str, finished: &'a Finished) -> &'a str {
    if program == "dns-admin" { &finished.stdout } else { &finished.stderr }
}

fn assert_nothing_started(sandbox: &Sandbox, finished: &Finished) {
    assert!(!finished.stderr.contains("listening"), "{finished:?}");
    assert!(!sandbox.path().join("state.db").exists(), "a store was made");
}

#[test]
fn every_program_reports_every_fault_at_once_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let config = write(&sandbox, "faulty.yaml", FAULTY);
    let secrets: [&[Expected]; 3] = [&[EVIDENCE_TOKEN], &[TSIG, TOKEN], &[TSIG, TOKEN, EVIDENCE_TOKEN]];
    for ((program, args), secrets) in programs(&sandbox, &config).into_iter().zip(secrets) {
        let finished = finish(program, &args);
        assert_eq!(finished.code, 64, "{program}: {finished:?}");
        let told = report(program, &finished);
        for fault in FAULTS.iter().chain(secrets) {
            assert_told(program, told, &config, fault);
        }
        let count = FAULTS.len() + secrets.len();
        assert!(told.trim_end().ends_with(&format!("{count} faults; nothing was started")), "{program}: {told}");
        assert_nothing_started(&sandbox, &finished);
    }
}

fn assert_told(program: &str, told: &str, config: &Path, (needle, path, words): &Expected) {
    let number = FAULTY.lines().position(|line| line.contains(needle)).expect("the line is there") + 1;
    let start = format!("{}:{number}:", config.display());
    let is_it = |line: &&str| line.starts_with(&start) && line.contains(&format!(": {path}: ")) && line.contains(words);
    assert!(told.lines().any(|line| is_it(&line)), "{program} does not tell of {path} in line {number}: {told}");
}

#[test]
fn a_fault_says_what_would_be_right() {
    let sandbox = Sandbox::new();
    let config = write(&sandbox, "remedied.yaml", REMEDIED).display().to_string();
    let finished = finish("dns-admin", &["config", "check", "--no-secrets", &config].map(str::to_owned));
    assert_eq!(finished.code, 64, "{finished:?}");
    for words in [
        "`0123abcd` is no id of 32 hexadecimal digits",
        "one of rfc2136, route53, cloudflare, powerdns",
        "there is no provider `fourth`",
        "has a TTL of 30 s; provider `second` (cloudflare) takes 60 s",
        "hint: raise it to 60s, or take `second` out of `providers`",
        "its CanonicalHostedZoneId",
        "5 faults",
    ] {
        assert!(finished.stdout.contains(words), "wanted {words}: {}", finished.stdout);
    }
}

#[test]
fn programs_get_the_same_report_as_json_that_people_get_as_text() {
    let sandbox = Sandbox::new();
    let config = write(&sandbox, "faulty.yaml", FAULTY).display().to_string();
    let finished = finish("dns-admin", &["config", "check", &config, "--output", "json"].map(str::to_owned));
    assert_eq!(finished.code, 64, "{finished:?}");
    let verdict: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(verdict["valid"], false);
    let faults = verdict["faults"].as_array().expect("faults");
    assert_eq!(faults.len(), FAULTS.len() + 3, "{faults:?}");
    let ttl = faults.iter().find(|fault| fault["path"] == "services[0].records[1].ttl").expect("the TTL");
    assert_eq!((&ttl["line"], &ttl["file"]), (&25.into(), &config.into()), "{ttl}");
}

#[test]
fn files_that_are_no_configuration_are_named() {
    let sandbox = Sandbox::new();
    let cases = [
        (sandbox.path().join("missing.yaml"), "missing.yaml: cannot read: No such file or directory"),
        (sandbox.write("empty.yaml", ""), "empty.yaml: the file is empty"),
        (sandbox.write("comment.yaml", "# nothing yet\n"), "comment.yaml: the file is empty"),
        (sandbox.write("binary.yaml", [0xff, 0xfe, 0x00, 0x9c, 0x80]), "binary.yaml: cannot read: it is not UTF-8"),
        (sandbox.write("control.yaml", "a\0b: ["), "control.yaml:1:2: this is no YAML"),
        (sandbox.write("list.yaml", "- apiVersion: dnsfailover/v1\n"), "list.yaml:1:1: must be a map"),
        (sandbox.folder("folder"), "folder: the folder holds no *.yaml or *.yml"),
    ];
    for (config, words) in cases {
        for (program, args) in programs(&sandbox, &config) {
            let finished = finish(program, &args);
            assert_eq!(finished.code, 64, "{program}: {finished:?}");
            let told = report(program, &finished);
            assert!(told.contains(words), "{program}, wanted {words}: {told}");
            assert_nothing_started(&sandbox, &finished);
        }
    }
}

#[test]
fn a_folder_of_two_files_is_one_configuration() {
    let sandbox = Sandbox::new();
    let folder = good(&sandbox);
    for (program, mut args) in programs(&sandbox, &folder) {
        if program != "dns-admin" {
            args.push("--check-config".to_owned());
        }
        let finished = finish(program, &args);
        assert_eq!(finished.code, 0, "{program}: {finished:?}");
        assert_nothing_started(&sandbox, &finished);
    }
    // What one file lacks and what is wrong in the other come in one report.
    let services = folder.join("10-services.yaml");
    let text = std::fs::read_to_string(&services).expect("it was written");
    sandbox.write(&services, text.replace("ttl: 60s", "ttl: 1h30"));
    write(&sandbox, "good/20-store.yaml", "store: { sqlite: { path: FOLDER/nowhere/state.db } }\n");
    let [_, (program, args), _] = programs(&sandbox, &folder);
    let finished = finish(program, &args);
    assert_eq!(finished.code, 64, "{finished:?}");
    for words in [
        "10-services.yaml:15:43: services[0].records[0].ttl: `1h30` is no duration",
        "20-store.yaml:1:1: `apiVersion` is missing",
        "nowhere/state.db` does not exist",
        "3 faults; nothing was started",
    ] {
        assert!(finished.stderr.contains(words), "wanted {words}: {}", finished.stderr);
    }
}

#[test]
fn an_unknown_vantage_point_is_refused_with_the_ones_there_are() {
    let sandbox = Sandbox::new();
    let folder = good(&sandbox);
    let args = ["--config", &folder.display().to_string(), "--vantage-point", "v2"].map(str::to_owned);
    let finished = finish("dns-monitor", &args);
    assert_eq!(finished.code, 64, "{finished:?}");
    assert!(finished.stderr.contains("`vantagePoints` has no `v2`, which --vantage-point names"), "{finished:?}");
    assert!(finished.stderr.contains("hint: "), "{finished:?}");
}

#[test]
fn a_port_in_use_is_named_and_nothing_is_left_behind() {
    let sandbox = Sandbox::new();
    let folder = good(&sandbox);
    let programs = programs(&sandbox, &folder);
    let listen = programs[0].1.last().expect("the address").clone();
    let _taken = TcpListener::bind(&listen).expect("the port is free");
    for (program, args) in programs.into_iter().take(2) {
        let finished = finish(program, &args);
        assert_eq!(finished.code, 1, "{program}: {finished:?}");
        assert!(finished.stderr.contains(&format!("cannot listen on {listen}")), "{program}: {finished:?}");
        assert!(finished.stderr.contains("Address already in use"), "{program}: {finished:?}");
        assert_nothing_started(&sandbox, &finished);
    }
}

#[test]
fn plain_http_beyond_loopback_needs_to_be_asked_for() {
    let sandbox = Sandbox::new();
    let folder = good(&sandbox);
    for (program, mut args) in programs(&sandbox, &folder).into_iter().take(2) {
        // A documentation address: it is refused before anybody tries to have it.
        *args.last_mut().expect("the address") = "192.0.2.1:8443".to_owned();
        let finished = finish(program, &args);
        assert_eq!(finished.code, 1, "{program}: {finished:?}");
        assert!(finished.stderr.contains("192.0.2.1:8443 is beyond loopback"), "{program}: {finished:?}");
        assert!(finished.stderr.contains("--insecure-listen"), "{program}: {finished:?}");
        assert_nothing_started(&sandbox, &finished);
    }
}

#[test]
fn a_store_without_a_folder_is_a_fault_of_the_configuration() {
    let sandbox = Sandbox::new();
    let folder = good(&sandbox);
    write(&sandbox, "good/20-store.yaml", &STORE.replace("FOLDER", "FOLDER/nowhere"));
    let [_, (program, args), _] = programs(&sandbox, &folder);
    let finished = finish(program, &args);
    assert_eq!(finished.code, 64, "{finished:?}");
    assert!(finished.stderr.contains("20-store.yaml:2:26: store.sqlite.path: the folder of"), "{finished:?}");
}
