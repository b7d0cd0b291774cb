//! `dns-admin dev`: every scenario goes as it says, the README's first lines work, one's own configuration runs.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tests::daemon::our_program;
use tests::{Kind, PATIENCE, Plan, Process, Program, Region, Sandbox, World, admin, find_program, until};

/// The longest scenario takes half a minute on an idle machine.
const SCENARIO: Duration = Duration::from_mins(3);

/// The steps of an automatic move, as far as each happens once.
const STEPS: [&str; 6] = ["failure", "suspicion", "judgement", "decision", "permit", "written"];

/// `dns-admin dev` with its answer in a file.
fn start(sandbox: &Sandbox, args: &[&str]) -> (Process, PathBuf) {
    let answer = sandbox.path().join("answer");
    let program = Program::at(find_program("sh"))
        .label("dev")
        .args(["-c", "exec \"$@\" > \"$0\""])
        .arg(&answer)
        .arg(our_program("dns-admin"))
        .args(["dev"])
        .args(args.iter().copied());
    (sandbox.start(program), answer)
}

/// Plays a scenario and returns its report.
fn play(name: &str) -> Value {
    let sandbox = Sandbox::new();
    let (mut process, answer) = start(&sandbox, &["--scenario", name, "--output", "json"]);
    let status = process.wait(SCENARIO);
    let report = std::fs::read_to_string(&answer).unwrap_or_default();
    assert!(status.success(), "{name}: {status}\n{}\n{report}", process.log());
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["scenario"], &report["asExpected"]), (&Value::from(name), &Value::from(true)));
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.len() >= 4 && checks.iter().all(|check| check["asExpected"] == true), "{checks:#?}");
    // What a person is told is what programs are told.
    let told = report["events"].as_array().expect("events");
    assert!(told.iter().all(|event| process.log().contains(event["text"].as_str().expect("text"))), "{told:#?}");
    report
}

fn steps_of(timeline: &Value) -> Vec<String> {
    let steps = timeline["steps"].as_array().expect("steps");
    steps.iter().map(|step| step["step"].as_str().expect("a step").to_owned()).collect()
}

/// What the machine may do to timelines: nothing comes before what it follows from.
fn assert_in_order(timeline: &Value) {
    let steps = timeline["steps"].as_array().expect("steps");
    let offsets: Vec<i64> = steps.iter().map(|step| step["offsetMs"].as_i64().expect("a time")).collect();
    assert!(offsets.is_sorted(), "{timeline:#}");
    assert!(steps.iter().all(|step| step["status"] == "done"), "{timeline:#}");
}

#[test]
fn the_loss_of_a_region_is_told_step_by_step_there_and_back() {
    let report = play("region-loss");
    let [there, back] = report["timelines"].as_array().expect("timelines").as_slice() else { panic!("{report:#}") };
    assert_in_order(there);
    assert_in_order(back);
    let steps = steps_of(there);
    assert_eq!(
        (&steps[..6], &steps[6..]),
        (&STEPS.map(str::to_owned)[..], &["served", "served"].map(str::to_owned)[..])
    );
    assert_eq!((&there["kind"], &there["from"], &there["to"]), (&"failover".into(), &"prod".into(), &"dr".into()));
    assert_eq!(steps_of(back), ["decision", "permit", "written", "served", "served"]);
    assert_eq!((&back["kind"], &back["to"]), (&"failback".into(), &"prod".into()));
    let decided = report["history"].as_array().expect("rows").iter().filter(|row| row["kind"] == "decided").count();
    assert_eq!(decided, 3, "adopt, failover, failback");
}

#[test]
fn blind_vantage_points_move_nothing() {
    let report = play("blind");
    assert_eq!(report["timelines"].as_array().map(Vec::len), Some(1), "one move, after sight came back");
}

#[test]
fn regions_that_fail_together_hold_each_other() {
    play("both-down");
}

#[test]
fn a_flapping_region_moves_a_service_once() {
    play("flapping");
}

#[test]
fn a_change_by_hand_is_not_written_over() {
    play("hand-edit");
}

#[test]
fn a_write_that_comes_too_late_is_refused_by_the_zone() {
    let report = play("stale-writer");
    let kinds: Vec<&str> =
        report["history"].as_array().expect("rows").iter().filter_map(|row| row["kind"].as_str()).collect();
    for kind in ["outcomeUnknown", "burned"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(!kinds.contains(&"conflicted"), "nobody but the late writer met the fence: {kinds:?}");
}

/// What the README shows first: `dev`, and the lines that it prints, typed into a second terminal.
const SECOND_TERMINAL: &str = r#"
until_ok() { for try in $(seq 300); do if eval "$1" > /dev/null 2>&1; then return 0; fi; sleep 0.1; done; echo "never: $1"; cat dev.out; exit 1; }
until_ok 'grep -q "second terminal" dev.out'
grep -A6 'second terminal' dev.out | grep '^  ' > lines
[ "$(wc -l < lines)" = 3 ] || { cat lines; exit 1; }
[ "$(sh -c "$(sed -n 1p lines)")" = 127.0.0.11 ]
sh -c "$(sed -n 2p lines)"
until_ok '[ "$(sh -c "$(sed -n 1p lines)")" = 127.0.0.12 ]'
sh -c "$(sed -n 3p lines)" | grep -q checkout
until_ok 'grep -q "total" dev.out'
dns-admin history --service checkout | grep -q failover
dns-admin dev heal prod | grep -q answering
until_ok 'dns-admin failback checkout --reason "prod is well" --wait'
[ "$(sh -c "$(sed -n 1p lines)")" = 127.0.0.11 ]
kill -INT $DEV
wait $DEV
[ -z "$(ls "$TMPDIR")" ] || { ls "$TMPDIR"; exit 1; }
echo WALKED
"#;

#[test]
fn the_three_lines_that_it_prints_lead_to_a_failover() {
    let sandbox = Sandbox::new();
    let folder = sandbox.folder("walk");
    let temporary = sandbox.folder("tmp");
    let programs = our_program("dns-admin").parent().map(Path::to_owned).expect("a folder");
    let script = format!(
        "set -e\nip link set lo up\ncd {}\nexport PATH={}:$PATH TMPDIR={}\ndns-admin dev > dev.out 2>&1 & DEV=$!\n{SECOND_TERMINAL}",
        folder.display(),
        programs.display(),
        temporary.display()
    );
    let script = sandbox.write("walk.sh", script);
    let walk = Program::at(find_program("unshare"))
        .label("dev")
        .args(["--map-root-user", "--net", "--pid", "--fork", "--kill-child", "bash"])
        .arg(script);
    let mut walk = sandbox.start(walk);
    let status = walk.wait(SCENARIO);
    assert!(status.success() && walk.log().contains("WALKED"), "{status}: {}", walk.log());
}

#[test]
fn a_busy_port_is_named_with_the_flag_that_takes_another() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let free = "127.0.0.1:0";
    for flag in ["--listen", "--dns-listen", "--control-listen"] {
        let others = ["--listen", "--dns-listen", "--control-listen"].into_iter().filter(|other| *other != flag);
        let others: Vec<&str> = others.flat_map(|other| [other, free]).collect();
        let (code, out, err) = admin(&[&["dev", flag, &address], &others[..]].concat());
        assert_eq!(code, 1, "{out}{err}");
        assert!(err.contains(&format!("{address} is in use")) && err.contains(flag), "{err}");
    }
}

#[test]
fn a_verb_without_an_installation_says_what_to_start() {
    let (code, _, err) = admin(&["dev", "break", "prod", "--control", "http://127.0.0.1:9"]);
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("no `dns-admin dev` answers at http://127.0.0.1:9"), "{err}");
}

/// One's own monitors and controller in one process: the same configuration, store and zone, the same move.
#[test]
fn ones_own_configuration_fails_over_in_one_process() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let epoch = world.fence_number("epoch");
    world.controller.process().kill9();
    world.monitors.iter_mut().for_each(|monitor| monitor.process().kill9());
    let address = world.sandbox.socket().to_string();
    // The controller's own file, which names its store.
    let config = world.sandbox.path().join("controller-1.yaml").display().to_string();
    let (mut dev, answer) = start(&world.sandbox, &["--config", &config, "--listen", &address]);
    let told = || std::fs::read_to_string(&answer).unwrap_or_default();
    let (server, token) = (format!("http://{address}"), world.sandbox.path().join("oncall.token"));
    let show = ["service", "show", "checkout", "--output", "json", "--server", &server];
    let show = [&show[..], &["--token-file", token.to_str().expect("text")]].concat();
    until("the service is steady again, with dr proven", PATIENCE, || {
        let (_, out, err) = admin(&show);
        let seen: Value = serde_json::from_str(&out).unwrap_or_default();
        let (summary, dr) = (&seen["summary"], &seen["summary"]["regions"][1]);
        let steady = summary["state"] == "steady on the preferred region" && dr["proven"] == true;
        if steady { Ok(()) } else { Err((out, err, dev.log())) }
    });
    assert!(!told().contains("adopt in `prod`"), "what happened before is passed over: {}", told());
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
    until("the move is told", PATIENCE, || if told().contains("total") { Ok(()) } else { Err(told()) });
    assert_eq!(world.fence_number("epoch"), epoch + 1);
    dev.terminate();
    assert!(dev.wait(PATIENCE).success(), "{}", dev.log());
}

#[test]
fn a_configuration_that_writes_beyond_this_machine_has_to_be_allowed_to() {
    let sandbox = Sandbox::new();
    let secret = sandbox.write("tsig.secret", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0MDA=");
    let store = sandbox.path().join("state.db");
    let config = sandbox.write(
        "config.yaml",
        format!(
            "apiVersion: dnsfailover/v1
installation: acme
regions: [{{ name: prod }}, {{ name: dr }}]
vantagePoints:
  - {{ name: v1, url: \"http://127.0.0.1:8441\" }}
  - {{ name: v2, url: \"http://127.0.0.1:8442\" }}
  - {{ name: v3, url: \"http://127.0.0.1:8443\" }}
providers:
  main:
    rfc2136: {{ server: \"192.0.2.53:53\", timeout: 1s, zones: [example.test], tsig: {{ name: k., algorithm: hmac-sha256, secretFile: \"{secret}\" }} }}
services:
  - name: checkout
    mode: active
    zone: example.test
    providers: [main]
    records: [{{ name: api, type: A, ttl: 60s }}]
    regions:
      - {{ name: prod, endpoints: [{{ address: 127.0.0.1 }}], probes: [{{ tcp: {{ port: 9 }} }}] }}
      - {{ name: dr, endpoints: [{{ address: 127.0.0.2 }}], probes: [{{ tcp: {{ port: 9 }} }}] }}
store: {{ sqlite: {{ path: \"{store}\" }} }}
",
            secret = secret.display(),
            store = store.display(),
        ),
    );
    let config = config.display().to_string();
    let (code, out, err) = admin(&["dev", "--config", &config, "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 2, "{out}{err}");
    for part in ["service `checkout` is active", "192.0.2.53:53", "--observe", "--allow-writes"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert!(!store.exists(), "nothing was begun");

    // Only looking leaves no trace, not even in the store that the file names.
    let (mut dev, answer) = start(&sandbox, &["--config", &config, "--observe", "--listen", "127.0.0.1:0"]);
    let told = || std::fs::read_to_string(&answer).unwrap_or_default();
    until("the service is watched", PATIENCE, || {
        let so = told().contains("0 active, 1 observing") && told().contains("cannot be read");
        if so { Ok(()) } else { Err((told(), dev.log())) }
    });
    dev.terminate();
    assert!(dev.wait(PATIENCE).success(), "{}", dev.log());
    assert!(!store.exists(), "the real controller's store is not touched");
}
