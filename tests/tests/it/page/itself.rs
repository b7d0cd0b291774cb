//! The browser of these tests itself: it must notice what the tests say never happens.

use std::net::SocketAddr;

use tests::browser::Browser;
use tests::{Endpoint, PATIENCE, Sandbox, until};

/// A page that is not ours, with the freedom to ask for anything.
#[test]
fn the_browser_notices_errors_and_requests_and_reaches_only_its_host() {
    let sandbox = Sandbox::new();
    let (here, there) =
        (SocketAddr::new(sandbox.ip(), sandbox.port()), SocketAddr::new(sandbox.another_ip(), sandbox.port()));
    let (host, other) = (Endpoint::start(&sandbox, here), Endpoint::start(&sandbox, there));
    let mut browser = Browser::start(&sandbox, sandbox.ip());
    browser.open(&format!("http://{}/healthz", host.address()));
    for url in [format!("http://{}/healthz", other.address()), "http://www.example.test/".to_owned()] {
        let asked = browser
            .eval(&format!("return fetch('{url}', {{ mode: 'no-cors' }}).then(() => 'answered', () => 'failed')"));
        assert_eq!(asked, "failed", "{url} is reached");
        assert!(browser.requests().iter().any(|request| request.url == url), "{:#?}", browser.requests());
        until("the console tells of it", PATIENCE, || {
            let said = browser.console();
            let told = said.iter().any(|said| said.is_error() && said.text.contains("ERR_PROXY_CONNECTION_FAILED"));
            if told { Ok(()) } else { Err(said) }
        });
    }
    browser.eval("setTimeout(() => { throw new Error('on purpose') })");
    until("an exception is in the console", PATIENCE, || {
        let said = browser.console();
        if said.iter().any(|said| said.is_error() && said.text.contains("on purpose")) { Ok(()) } else { Err(said) }
    });
}

/// A test that is killed leaves no browser behind: the driver dies with it, and the browser with the driver.
#[test]
fn the_browser_ends_with_its_driver() {
    let sandbox = Sandbox::new();
    let mut browser = Browser::start(&sandbox, sandbox.ip());
    let profile = sandbox.path().join("browser").display().to_string();
    assert!(!processes_with(&profile).is_empty(), "no process has {profile} in its command line");
    browser.driver().kill9();
    until("the browser has ended", PATIENCE, || {
        let left = processes_with(&profile);
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
}

/// The command lines that have a text in them.
fn processes_with(text: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let lines = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(text)).map(|line| line.replace('\0', " ")).collect()
}
