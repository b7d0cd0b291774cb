//! Starts the driver, and through it the browser.

use std::net::IpAddr;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::http;
use crate::process::{Process, Program, Sandbox, find_program};
use crate::until::PATIENCE;

/// Where no proxy listens: port 9 is discard (RFC 863), below every port that an ordinary program gets.
const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// Everything that a browser does by itself is off, and so is what a container or root cannot give it.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    // The page stays as visible as a page on a wall screen: a hidden one counts its seconds slower.
    "--disable-backgrounding-occluded-windows",
    "--hide-scrollbars",
    // Over a pipe and no port, so that the browser ends when its driver does, even by SIGKILL.
    "--remote-debugging-pipe",
];

/// Starts both and waits for them.
///
/// # Panics
///
/// When one is not installed, or not ready within [`PATIENCE`].
pub(super) fn launch(sandbox: &Sandbox, runtime: &Runtime, host: IpAddr) -> (Process, Client) {
    let browser = find_program("chromium");
    // The driver listens on 127.0.0.1 and no other address.
    let listening = sandbox.localhost_socket();
    let (home, temporary) = (sandbox.folder("browser"), sandbox.folder("t"));
    let program = Program::installed("chromedriver")
        .arg(format!("--port={}", listening.port()))
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("TMPDIR", &temporary);
    let mut driver = sandbox.start(program);
    let url = format!("http://{listening}");
    driver.until_ready(PATIENCE, || http::is_ok(&format!("{url}/status"), None));
    let profile = home.join("profile");
    let arguments = FLAGS.map(str::to_owned).into_iter().chain([
        format!("--user-data-dir={}", profile.display()),
        format!("--proxy-server={DEAD_PROXY}"),
        // Loopback addresses would get around a proxy; only the one does.
        format!("--proxy-bypass-list=<-loopback>;{host}"),
    ]);
    let capabilities = capabilities(&json!({
        "binary": browser,
        "args": arguments.collect::<Vec<String>>(),
    }));
    let client = runtime.block_on(async {
        timeout(PATIENCE, ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&url)).await
    });
    let client = client.expect("the browser starts in time").unwrap_or_else(|error| panic!("no browser: {error}"));
    (driver, client)
}

fn capabilities(options: &Value) -> Capabilities {
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        // A dialog that a page's script opens is for the test to find, not for the driver to close.
        "unhandledPromptBehavior": "ignore",
    });
    match wanted {
        Value::Object(wanted) => wanted,
        other => unreachable!("invariant: an object was written above, not {other}"),
    }
}
