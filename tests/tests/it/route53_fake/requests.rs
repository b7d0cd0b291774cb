//! Requests: who sends them, how fast, and how they are written.

use tests::route53::{Operation, Rate, Setup};

use super::client::{Rig, batch, raw, request, set};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Signs for a place in the world.
fn signed_for(rig: &Rig, scope: &str, key: &str, secret: &str, options: &[&str]) -> super::client::Answer {
    let user = format!("{key}:{secret}");
    let signed = ["--aws-sigv4", scope, "--user", &user];
    rig.send_unsigned("hostedzone", &[&signed, options].concat()).expect("an answer")
}

#[test]
fn refuses_what_is_not_signed_with_the_right_key() {
    let rig = Rig::new();
    let scope = "aws:amz:us-east-1:route53";
    rig.send_unsigned("hostedzone", &[]).expect("an answer").assert_refused(403, "MissingAuthenticationToken", "");
    signed_for(&rig, scope, "AKIDOTHER", SECRET, &[]).assert_refused(403, "InvalidClientTokenId", "");
    signed_for(&rig, scope, KEY, "guess", &[]).assert_refused(
        403,
        "SignatureDoesNotMatch",
        "does not match the signature you provided",
    );
    signed_for(&rig, "aws:amz:eu-west-1:route53", KEY, SECRET, &[]).assert_refused(
        403,
        "SignatureDoesNotMatch",
        "valid region",
    );
    signed_for(&rig, "aws:amz:us-east-1:s3", KEY, SECRET, &[]).assert_refused(
        403,
        "SignatureDoesNotMatch",
        "correct service",
    );
    signed_for(&rig, scope, KEY, SECRET, &["--header", "X-Amz-Security-Token: x"]).assert_refused(
        403,
        "InvalidClientTokenId",
        "",
    );
    let basic = ["--header", "Authorization: AWS4-HMAC-SHA256 Credential=x"];
    rig.send_unsigned("hostedzone", &basic).expect("an answer").assert_refused(400, "IncompleteSignature", "");
    assert_eq!(signed_for(&rig, scope, KEY, SECRET, &[]).status, 200);
}

#[test]
fn refuses_a_signature_of_another_time() {
    let rig = Rig::new();
    let scope = "aws:amz:us-east-1:route53";
    let at = |minutes: i64| {
        let then = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
        format!("X-Amz-Date: {}", then.strftime("%Y%m%dT%H%M%SZ"))
    };
    signed_for(&rig, scope, KEY, SECRET, &["--header", &at(-6)]).assert_refused(
        403,
        "SignatureDoesNotMatch",
        "Signature expired",
    );
    signed_for(&rig, scope, KEY, SECRET, &["--header", &at(6)]).assert_refused(
        403,
        "SignatureDoesNotMatch",
        "Signature not yet current",
    );
}

#[test]
fn refuses_a_body_that_is_not_the_signed_one() {
    let rig = Rig::new();
    let claimed = format!("X-Amz-Content-Sha256: {}", "0".repeat(64));
    let body = batch(&[("CREATE", set("a.example.com", "A", 60, &["192.0.2.1"]))]);
    let path = format!("hostedzone/{}/rrset", rig.zone);
    let answer = rig.try_post(&path, &body, &["--header", &claimed]).expect("an answer");
    answer.assert_refused(403, "SignatureDoesNotMatch", "");
    rig.post(&path, &body).assert_done();
}

#[test]
fn takes_temporary_credentials_with_their_token() {
    let mut setup = Setup::default();
    setup.credentials[0].session_token = Some("token".to_owned());
    let rig = Rig::with(setup);
    rig.get("hostedzone").assert_refused(403, "InvalidClientTokenId", "");
    rig.send("hostedzone", &["--header", "X-Amz-Security-Token: token"]).assert_done();
}

#[test]
fn refuses_who_has_no_right() {
    let rig = Rig::new();
    let record = set("a.example.com", "A", 60, &["192.0.2.1"]);
    rig.fake.deny(Operation::ChangeResourceRecordSets, &rig.zone);
    let message = format!(
        "is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/{}",
        rig.zone
    );
    rig.create(&record).assert_refused(403, "AccessDenied", &message);
    rig.list("").assert_done();
    rig.fake.allow_everything();
    rig.create(&record).assert_done();
}

#[test]
fn throttles_the_account_with_http_400() {
    // No token comes back within the test.
    let rig = Rig::with(Setup { rate: Some(Rate { per_second: 0.000_001, burst: 2 }), ..Setup::default() });
    rig.get("hostedzone").assert_done();
    rig.list("").assert_done();
    rig.get("hostedzone").assert_refused(400, "Throttling", "Rate exceeded");
    assert_eq!((rig.fake.requests(Operation::ListHostedZones), rig.fake.all_requests()), (2, 3));
}

#[test]
fn refuses_what_the_schema_does_not_allow() {
    let rig = Rig::new();
    let good = set("a.example.com", "A", 60, &["192.0.2.1"]);
    let change = |change: &str| request(&format!("<ChangeBatch><Changes>{change}</Changes></ChangeBatch>"));
    for (why, body) in [
        ("an unknown element", change(&format!("<Change><Action>CREATE</Action>{good}<Extra/></Change>"))),
        ("an element twice", batch(&[("CREATE", good.replace("<Type>A</Type>", "<Type>A</Type><Type>A</Type>"))])),
        ("an unknown action", batch(&[("REPLACE", good.clone())])),
        ("an unknown type", batch(&[("CREATE", set("a.example.com", "WKS", 60, &["x"]))])),
        ("no change", change("")),
        (
            "no values",
            batch(&[("CREATE", raw("a.example.com", "A", "<TTL>60</TTL><ResourceRecords></ResourceRecords>"))]),
        ),
        ("an empty value", batch(&[("CREATE", set("a.example.com", "A", 60, &[""]))])),
        ("a value too long", batch(&[("CREATE", set("a.example.com", "TXT", 60, &[&"x".repeat(4001)]))])),
        ("a TTL of words", batch(&[("CREATE", good.replace(">60<", ">minute<"))])),
        ("an attribute", batch(&[("CREATE", good.replace("<Name>", "<Name kind=\"x\">"))])),
        ("text between elements", batch(&[("CREATE", good.replace("<Type>", "text<Type>"))])),
    ] {
        let answer = rig.post(&format!("hostedzone/{}/rrset", rig.zone), &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidInput"), "{why}: {}", answer.body);
    }
    assert_eq!(rig.fake.records(&rig.zone).len(), 2);
}

#[test]
fn refuses_what_is_no_xml_of_this_service() {
    let rig = Rig::new();
    let good = batch(&[("CREATE", set("a.example.com", "A", 60, &["192.0.2.1"]))]);
    for (why, body) in [
        ("nothing", String::new()),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("another namespace", good.replace("2013-04-01", "2012-12-12")),
        ("another root", good.replace("ChangeResourceRecordSetsRequest", "CreateHostedZoneRequest")),
        ("a document type", format!("<!DOCTYPE x [<!ENTITY e \"x\">]>{good}")),
        ("an entity of its own", good.replace("192.0.2.1", "&e;")),
        ("two roots", format!("{good}{good}")),
    ] {
        let answer = rig.post(&format!("hostedzone/{}/rrset", rig.zone), &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "MalformedInput"), "{why}: {}", answer.body);
    }
    rig.post(&format!("hostedzone/{}/rrset/", rig.zone), &format!("<?xml version=\"1.0\"?>{good}")).assert_done();
}

#[test]
fn says_what_it_does_not_serve() {
    Rig::new().get("trafficpolicies").assert_refused(404, "UnknownOperationException", "this fake does not know GET");
}
