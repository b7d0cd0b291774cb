//! The commands of docs/by-hand.md work as they stand there. They use fixed ports, so they run in a network namespace of their
//! own, in a copy of the folder's example files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::daemon::our_program;
use tests::{Program, Sandbox, find_program};

/// What the page shows after its start lines, with waiting in place of a person's eyes.
const WALK: &str = r#"
export DNS_ADMIN_SERVER=http://127.0.0.1:8080 DNS_ADMIN_TOKEN_FILE=demo/oncall.token PATH=$PWD/target/release:$PATH
until_ok() { for try in $(seq 300); do if eval "$1" > /dev/null 2>&1; then return 0; fi; sleep 0.1; done; echo "never: $1"; dns-admin status; tail demo/*.log; exit 1; }
until_ok 'dns-admin service show checkout --output json > demo/seen && grep -q "\"proven\": *true" demo/seen && ! grep -q "\"proven\": *false" demo/seen'
dns-admin status
dns-admin adopt checkout --reason "first time" --wait
[ "$(dig +short @127.0.0.1 -p 5300 api.example.test A)" = 127.0.0.11 ]
kill -9 $PROD
until_ok '[ "$(dig +short @127.0.0.1 -p 5300 api.example.test A)" = 127.0.0.12 ]'
dig +short @127.0.0.1 -p 5300 _checkout._failover.example.test TXT | grep -q 'active=dr'
dns-admin history --service checkout
python3 -m http.server --bind 127.0.0.11 8011 > demo/prod.log 2>&1 &
until_ok 'dns-admin failback checkout --reason "prod is well" --override cooledDown --wait'
[ "$(dig +short @127.0.0.1 -p 5300 api.example.test A)" = 127.0.0.11 ]
echo WALKED
"#;

/// The project's folder.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

fn page() -> String {
    std::fs::read_to_string(project().join("docs/by-hand.md")).expect("docs/by-hand.md")
}

/// The shell block that follows the marker.
fn start_lines() -> String {
    let page = page();
    let (_, rest) = page.split_once("<!-- start lines").expect("the marker");
    let (_, block) = rest.split_once("```sh\n").expect("a shell block after the marker");
    let (block, _) = block.split_once("```").expect("the end of the block");
    block.to_owned()
}

#[test]
fn the_start_lines_lead_to_a_failover_and_back() {
    let sandbox = Sandbox::new();
    let folder = sandbox.folder("copy");
    let examples = folder.join("docs/example");
    std::fs::create_dir_all(&examples).expect("a folder");
    for file in ["config.yaml", "knot.conf", "example.test.zone"] {
        std::fs::copy(project().join("docs/example").join(file), examples.join(file)).expect("an example file");
    }
    let programs = our_program("dns-admin").parent().expect("a folder").to_owned();
    std::fs::create_dir_all(folder.join("target")).expect("a folder");
    std::os::unix::fs::symlink(programs, folder.join("target/release")).expect("a link");
    let script = format!("set -e\nip link set lo up\ncd {}\n{}\n{WALK}", folder.display(), start_lines());
    let script = sandbox.write("walk.sh", script);

    find_program("ip");
    // An own process namespace ends everything that the lines put into the background.
    let walk = Program::at(find_program("unshare"))
        .label("by hand")
        .args(["--map-root-user", "--net", "--pid", "--fork", "--kill-child", "bash"])
        .arg(script);
    let mut walk = sandbox.start(walk);
    let status = walk.wait(Duration::from_mins(2));
    assert!(status.success() && walk.log().contains("WALKED"), "{status}: {}", walk.log());
}

#[test]
fn the_configuration_shown_is_the_one_that_is_used() {
    let page = page();
    let config = std::fs::read_to_string(project().join("docs/example/config.yaml")).expect("the example");
    assert!(page.contains(&format!("```yaml\n{config}```")), "copy docs/example/config.yaml into docs/by-hand.md");
}
