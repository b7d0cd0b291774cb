//! Requests as curl signs them, and the XML in them.

use std::fmt::Write as _;

use tests::command;
use tests::route53::{Fake, Setup};

/// Seconds for a request; the fake answers in milliseconds unless a fault says otherwise.
const LIMIT_S: &str = "20";

/// curl's exit code when the server closed the connection without an answer.
pub(super) const CUT: i32 = 52;

/// How curl signs for the fake. It signs the fields of a query in the order in which it is given them, so a test gives
/// them sorted.
const SIGNED: [&str; 4] =
    ["--aws-sigv4", "aws:amz:us-east-1:route53", "--user", "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];

/// A fake with a zone, and a caller with its credential.
pub(super) struct Rig {
    pub(super) fake: Fake,
    pub(super) zone: String,
}

/// What the fake answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with(Setup::default())
    }

    pub(super) fn with(setup: Setup) -> Self {
        let fake = Fake::start(setup);
        let zone = fake.zone("example.com");
        Self { fake, zone }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(path, &[])
    }

    pub(super) fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body, &[]).unwrap_or_else(|code| panic!("curl exits with {code} on {path}"))
    }

    /// By standard input, since the largest batches are too long for an argument.
    pub(super) fn try_post(&self, path: &str, body: &str, options: &[&str]) -> Result<Answer, i32> {
        self.run(path, &[&SIGNED[..], &["--data-binary", "@-"], options].concat(), body)
    }

    pub(super) fn delete(&self, path: &str) -> Answer {
        self.send(path, &["--request", "DELETE"])
    }

    /// Sends a change batch of (action, set).
    pub(super) fn change(&self, changes: &[(&str, String)]) -> Answer {
        self.post(&format!("hostedzone/{}/rrset", self.zone), &batch(changes))
    }

    pub(super) fn create(&self, set: &str) -> Answer {
        self.change(&[("CREATE", set.to_owned())])
    }

    pub(super) fn list(&self, query: &str) -> Answer {
        self.get(&format!("hostedzone/{}/rrset{query}", self.zone))
    }

    pub(super) fn send(&self, path: &str, options: &[&str]) -> Answer {
        self.try_send(path, options).unwrap_or_else(|code| panic!("curl exits with {code} on {path}"))
    }

    /// An answer, or curl's exit code without one.
    pub(super) fn try_send(&self, path: &str, options: &[&str]) -> Result<Answer, i32> {
        self.run(path, &[&SIGNED[..], options].concat(), "")
    }

    pub(super) fn send_unsigned(&self, path: &str, options: &[&str]) -> Result<Answer, i32> {
        self.run(path, options, "")
    }

    fn run(&self, path: &str, options: &[&str], input: &str) -> Result<Answer, i32> {
        let url = format!("{}/2013-04-01/{path}", self.fake.url());
        let common = ["--silent", "--max-time", LIMIT_S, "--noproxy", "*", "--write-out", "\n%{http_code}", &url];
        let finished = command::run("curl", common.iter().chain(options), input);
        if !finished.is_success() {
            return Err(finished.code);
        }
        let (body, status) = finished.stdout.rsplit_once('\n').expect("curl writes the status");
        Ok(Answer { status: status.parse().expect("a status"), body: body.to_owned() })
    }
}

impl Answer {
    /// The text of the first element of this name.
    pub(super) fn text(&self, element: &str) -> Option<String> {
        self.texts(element).into_iter().next()
    }

    /// The texts of all elements of this name.
    pub(super) fn texts(&self, element: &str) -> Vec<String> {
        let (start, end) = (format!("<{element}>"), format!("</{element}>"));
        let after = self.body.split(&start).skip(1);
        let inside = after.map(|rest| rest.split_once(&end).expect("an element that is closed").0);
        inside
            .map(|text| text.replace("&apos;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&"))
            .collect()
    }

    /// The code of an error.
    pub(super) fn code(&self) -> String {
        self.text("Code").unwrap_or_default()
    }

    pub(super) fn assert_done(&self) {
        assert_eq!(self.status, 200, "{}", self.body);
    }

    /// Asserts that it was refused so, and that the message contains this.
    pub(super) fn assert_refused(&self, status: u16, code: &str, message: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.body);
        let said = self.text("Message").expect("an error says why");
        assert!(said.contains(message), "{message:?} is not in {said:?}");
        assert_eq!(self.text("RequestId").map(|id| id.len()), Some(32), "{}", self.body);
    }

    pub(super) fn assert_invalid_batch(&self, message: &str) {
        self.assert_refused(400, "InvalidChangeBatch", message);
    }
}

/// A whole request of (action, set).
pub(super) fn batch(changes: &[(&str, String)]) -> String {
    let changes: Vec<String> =
        changes.iter().map(|(action, set)| format!("<Change><Action>{action}</Action>{set}</Change>")).collect();
    request(&format!("<ChangeBatch><Changes>{}</Changes></ChangeBatch>", changes.concat()))
}

pub(super) fn request(content: &str) -> String {
    let namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
    format!("<ChangeResourceRecordSetsRequest xmlns=\"{namespace}\">{content}</ChangeResourceRecordSetsRequest>")
}

/// A set of values.
pub(super) fn set(name: &str, rtype: &str, ttl: u32, values: &[&str]) -> String {
    routed(name, rtype, "", ttl, values)
}

/// A set of values with more elements between type and TTL.
pub(super) fn routed(name: &str, rtype: &str, routing: &str, ttl: u32, values: &[&str]) -> String {
    let mut records = String::new();
    for value in values {
        let value = value.replace('&', "&amp;").replace('"', "&quot;");
        write!(records, "<ResourceRecord><Value>{value}</Value></ResourceRecord>").expect("a string takes it");
    }
    raw(name, rtype, &format!("{routing}<TTL>{ttl}</TTL><ResourceRecords>{records}</ResourceRecords>"))
}

/// A set that is chosen by weight.
pub(super) fn weighted(name: &str, id: &str, weight: u32, ttl: u32, value: &str) -> String {
    let routing = format!("<SetIdentifier>{id}</SetIdentifier><Weight>{weight}</Weight>");
    routed(name, "A", &routing, ttl, &[value])
}

/// An alias.
pub(super) fn alias(name: &str, rtype: &str, zone: &str, target: &str) -> String {
    let target = format!("<HostedZoneId>{zone}</HostedZoneId><DNSName>{target}</DNSName>");
    raw(name, rtype, &format!("<AliasTarget>{target}<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"))
}

/// A set with any elements after its type.
pub(super) fn raw(name: &str, rtype: &str, rest: &str) -> String {
    format!("<ResourceRecordSet><Name>{name}</Name><Type>{rtype}</Type>{rest}</ResourceRecordSet>")
}
