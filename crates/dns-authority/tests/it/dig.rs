//! Answers as `dig` sees them.

use crate::rig::{Rig, key_option};

#[track_caller]
fn assert_all(output: &str, parts: &[&str]) {
    for part in parts {
        assert!(output.contains(part), "{part:?} is not in:\n{output}");
    }
}

#[tokio::test]
async fn answers_authoritatively_over_udp_and_tcp() {
    let rig = Rig::start();
    for transport in ["+notcp", "+tcp"] {
        let output = rig.dig(&[transport, "api.example.test", "AAAA"]).await;
        assert_all(&output, &["status: NOERROR", "flags: qr aa rd;", "2001:db8::1", "EDNS: version: 0", "udp: 1232"]);
        let output = rig.dig(&[transport, "+noedns", "+short", "near.example.test", "AAAA"]).await;
        assert_eq!(output, "api.example.test.\n2001:db8::1\n");
    }
}

#[tokio::test]
async fn denies_with_the_soa() {
    let rig = Rig::start();
    let output = rig.dig(&["gone.example.test", "A"]).await;
    assert_all(&output, &["status: NXDOMAIN", "ANSWER: 0, AUTHORITY: 1", "example.test.\t\t30\tIN\tSOA"]);
    let output = rig.dig(&["down.example.test", "A"]).await;
    assert_all(&output, &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1"]);
}

#[tokio::test]
async fn keeps_the_case_of_the_question() {
    let output = Rig::start().dig(&["aPi.eXample.TEST", "AAAA"]).await;
    assert_all(&output, &[";aPi.eXample.TEST.", "\naPi.eXample.TEST."]);
}

#[tokio::test]
async fn refuses_other_zones_transfers_and_classes() {
    let rig = Rig::start();
    assert_all(&rig.dig(&["example.org", "A"]).await, &["status: REFUSED", "flags: qr rd;"]);
    assert_all(&rig.dig(&["api.example.test", "CH", "A"]).await, &["status: REFUSED"]);
    assert_all(&rig.dig(&["example.test", "AXFR"]).await, &["Transfer failed"]);
    assert_all(&rig.dig(&["+tcp", "example.test", "IXFR=1"]).await, &["Transfer failed"]);
}

#[tokio::test]
async fn other_operations_are_not_implemented() {
    let rig = Rig::start();
    for operation in ["+opcode=notify", "+opcode=status", "+opcode=9"] {
        assert_all(&rig.dig(&[operation, "example.test", "SOA"]).await, &["status: NOTIMP"]);
    }
}

#[tokio::test]
async fn later_edns_is_badvers() {
    let output = Rig::start().dig(&["+edns=1", "+noednsnegotiation", "example.test", "SOA"]).await;
    assert_all(&output, &["status: BADVERS", "EDNS: version: 0", "ANSWER: 0"]);
}

#[tokio::test]
async fn long_answer_is_truncated_over_udp_and_whole_over_tcp() {
    let rig = Rig::start();
    rig.primary.edit(|editor| {
        (0..80).try_for_each(|n| editor.add(&format!("long 60 A 192.0.2.{n}"))).expect("added");
    });
    let output = rig.dig(&["+ignore", "long.example.test", "A"]).await;
    assert_all(&output, &["flags: qr aa tc rd;", "QUERY: 1, ANSWER: 0", ";long.example.test."]);
    let output = rig.dig(&["long.example.test", "A"]).await;
    assert_all(&output, &["retrying in TCP mode", "QUERY: 1, ANSWER: 80", "flags: qr aa rd;"]);
}

#[tokio::test]
async fn signed_query_gets_a_signed_answer() {
    let rig = Rig::start();
    let key = key_option();
    for transport in ["+notcp", "+tcp"] {
        let output = rig.dig(&["-y", &key, transport, "api.example.test", "AAAA"]).await;
        assert_all(&output, &["status: NOERROR", "2001:db8::1", "TSIG PSEUDOSECTION", "NOERROR 0"]);
        assert!(!output.contains("verify a TSIG"), "{output}");
    }
}

#[tokio::test]
async fn wrongly_signed_query_gets_no_records() {
    let rig = Rig::start();
    for (key, error) in [("hmac-sha256:stranger:c2VjcmV0", "BADKEY"), ("hmac-sha256:flip-key:c2VjcmV0", "BADSIG")] {
        let output = rig.dig(&["-y", key, "api.example.test", "AAAA"]).await;
        assert_all(&output, &["status: NOTAUTH", error, "ANSWER: 0"]);
    }
}
