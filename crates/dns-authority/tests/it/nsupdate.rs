//! Updates as `nsupdate` sends them.

use hickory_proto::rr::RecordType;

use crate::rig::{Rig, key_option};

impl Rig {
    async fn accepts(&self, lines: &str) {
        self.nsupdate(&key_option(), lines).await.expect("accepted");
    }

    async fn refusal(&self, lines: &str) -> String {
        let before = self.primary.zone();
        let refusal = self.nsupdate(&key_option(), lines).await.expect_err("refused");
        assert!(self.primary.zone().changed_since(&before).is_empty(), "a refused update changes nothing");
        refusal
    }
}

#[tokio::test]
async fn adds_and_deletes_with_a_new_serial() {
    let rig = Rig::start();
    rig.accepts("update add fresh.example.test. 60 TXT one two\nupdate delete api.example.test. A 192.0.2.1").await;
    assert_eq!(rig.held("fresh.example.test.", RecordType::TXT).len(), 1);
    assert_eq!(rig.held("api.example.test.", RecordType::A), ["192.0.2.2"]);
    assert_eq!(rig.primary.zone().serial(), 8);
    rig.accepts("update delete api.example.test. A\nupdate delete fresh.example.test.").await;
    assert!(rig.held("api.example.test.", RecordType::A).is_empty());
    assert!(rig.held("fresh.example.test.", RecordType::TXT).is_empty());
    assert_eq!(rig.dig(&["+short", "example.test", "SOA"]).await.split(' ').nth(2), Some("9"));
}

#[tokio::test]
async fn each_prerequisite_has_its_answer() {
    let rig = Rig::start();
    let add = "update add fresh.example.test. 60 A 192.0.2.9";
    for (prerequisite, rcode) in [
        ("prereq yxdomain gone.example.test.", "NXDOMAIN"),
        ("prereq nxdomain api.example.test.", "YXDOMAIN"),
        ("prereq yxrrset api.example.test. TXT", "NXRRSET"),
        ("prereq nxrrset api.example.test. A", "YXRRSET"),
        ("prereq yxrrset api.example.test. A 192.0.2.1", "NXRRSET"),
    ] {
        let refusal = rig.refusal(&format!("{prerequisite}\n{add}")).await;
        assert!(refusal.contains(rcode), "{prerequisite}: {refusal}");
    }
    rig.accepts(&format!(
        "prereq yxdomain api.example.test.\nprereq nxdomain gone.example.test.\nprereq yxrrset api.example.test. A\n\
         prereq nxrrset api.example.test. TXT\nprereq yxrrset fence.example.test. TXT \"a=1;\" \"b=2;\"\n\
         prereq yxrrset api.example.test. A 192.0.2.2\nprereq yxrrset api.example.test. A 192.0.2.1\n{add}"
    ))
    .await;
    assert_eq!(rig.held("fresh.example.test.", RecordType::A), ["192.0.2.9"]);
}

#[tokio::test]
async fn name_outside_the_zone_is_notzone() {
    let refusal = Rig::start().refusal("update add example.org. 60 A 192.0.2.9").await;
    assert!(refusal.contains("NOTZONE"), "{refusal}");
}

#[tokio::test]
async fn other_keys_and_none_are_refused() {
    let rig = Rig::start();
    let add = "update add fresh.example.test. 60 A 192.0.2.9";
    for (key, error) in [
        ("", "REFUSED"),
        ("hmac-sha256:stranger:c2VjcmV0", "BADKEY"),
        ("hmac-sha256:flip-key:c2VjcmV0", "BADSIG"),
        ("hmac-sha384:flip-key:c2VjcmV0", "BADKEY"),
    ] {
        let refusal = rig.nsupdate(key, add).await.expect_err("refused");
        assert!(refusal.contains(error), "{key}: {refusal}");
    }
    assert_eq!(rig.primary.zone().serial(), 7);
}
