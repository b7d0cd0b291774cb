//! What the browser noted: messages of the console, and requests on the network.

use serde_json::Value;

/// A message of the console: by a script, or by the browser about the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleMessage {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// Where it is from, and what it says.
    pub text: String,
}

impl ConsoleMessage {
    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.level == "SEVERE"
    }
}

/// A request on its way to the network, or to the browser's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What was asked for.
    pub url: String,
    /// `Document`, `Script`, `Stylesheet`, `Fetch` and others.
    pub kind: String,
}

/// Everything about the network so far: the driver tells it once.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: Vec<Request>,
}

impl Log {
    /// Takes in what is new.
    pub(super) fn requests(&mut self, entries: &Value) -> &[Request] {
        for message in messages(entries) {
            let Ok(Value::Object(event)) = serde_json::from_str::<Value>(message) else { continue };
            self.requests.extend(request(&event["message"]));
        }
        &self.requests
    }
}

/// The messages of the `browser` log.
pub(super) fn console(entries: &Value) -> Vec<ConsoleMessage> {
    let message = |entry: &Value| ConsoleMessage {
        level: entry["level"].as_str().unwrap_or_default().to_owned(),
        text: entry["message"].as_str().unwrap_or_default().to_owned(),
    };
    entries.as_array().map(|entries| entries.iter().map(message).collect()).unwrap_or_default()
}

fn messages(entries: &Value) -> impl Iterator<Item = &str> {
    entries.as_array().into_iter().flatten().filter_map(|entry| entry["message"].as_str())
}

/// Every hop of a redirect is an event of its own, with the URL of that hop.
fn request(event: &Value) -> Option<Request> {
    let (url, kind) = match event["method"].as_str()? {
        "Network.requestWillBeSent" => (&event["params"]["request"]["url"], &event["params"]["type"]),
        "Network.webSocketCreated" => (&event["params"]["url"], &Value::Null),
        _ => return None,
    };
    Some(Request { url: url.as_str()?.to_owned(), kind: kind.as_str().unwrap_or("Other").to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_add_up_and_everything_else_on_the_network_is_no_request() {
        let event = |method: &str, params: Value| json!({ "message": json!({ "message": { "method": method, "params": params } }).to_string() });
        let sent = event(
            "Network.requestWillBeSent",
            json!({ "request": { "url": "http://127.0.0.1/a" }, "type": "Document" }),
        );
        let socket = event("Network.webSocketCreated", json!({ "url": "ws://192.0.2.1/" }));
        let received = event("Network.responseReceived", json!({ "response": { "url": "http://127.0.0.1/a" } }));
        let mut log = Log::default();
        assert_eq!(log.requests(&json!([sent, received])).len(), 1);
        let all = log.requests(&json!([socket])).to_vec();
        assert_eq!(
            all.iter().map(|request| request.url.as_str()).collect::<Vec<_>>(),
            ["http://127.0.0.1/a", "ws://192.0.2.1/"]
        );
        assert_eq!(all[0].kind, "Document");
    }
}
