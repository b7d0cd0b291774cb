//! The least-privilege policy of IAM for guarded names. Pure.
//!
//! One statement per zone covers the changes. A batch holds the fences and the records of several services, and IAM asks for
//! one statement that allows all of it (`ForAllValues`), so the names and the types of a zone are each one list: the policy
//! cannot say "TXT only at the fences". Names are compared in the normalized form of the condition key: lower case, without
//! the final dot, escapes in octal (Developer Guide, "Using IAM policy conditions for fine-grained access control").
//!
//! A managed policy holds 6,144 characters without spaces. Where more names are guarded, a zone of their own is the better
//! fence, or an inline policy of a role (10,240).

use std::collections::{BTreeMap, BTreeSet};

use dns_core::identifier::RESERVED_SERVICE;
use dns_core::rrset::RrsetKey;
use hickory_proto::rr::Name;
use serde_json::{Value, json};

use super::text;

/// What is guarded in one hosted zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedZone {
    /// The hosted zone's id.
    pub id: String,
    /// The owner names of the services' fences.
    pub fences: BTreeSet<Name>,
    /// The records that the services guard.
    pub records: BTreeSet<RrsetKey>,
}

/// The policy document, as indented JSON. The fence of the daily canary is included.
pub fn iam_policy(zones: &BTreeMap<Name, GuardedZone>) -> String {
    let arns: Vec<String> = zones.values().map(arn).collect();
    let changes = zones.iter().map(|(name, zone)| changes(name, zone));
    let reads = [
        json!({
            "Sid": "ReadGuardedZones",
            "Effect": "Allow",
            "Action": ["route53:GetHostedZone", "route53:ListResourceRecordSets"],
            "Resource": arns,
        }),
        json!({
            "Sid": "FollowChanges",
            "Effect": "Allow",
            "Action": "route53:GetChange",
            "Resource": "arn:aws:route53:::change/*",
        }),
    ];
    let statements: Vec<Value> = changes.chain(reads).collect();
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    serde_json::to_string_pretty(&document).expect("invariant: a document of strings always serialises")
}

fn changes(name: &Name, zone: &GuardedZone) -> Value {
    let canary = text::name(&format!("_{RESERVED_SERVICE}._failover.{}", text::of_name(name)));
    let fences = zone.fences.iter().chain(&canary).map(normalized);
    let names: BTreeSet<String> = zone.records.iter().map(|key| normalized(key.name())).chain(fences).collect();
    let own = zone.records.iter().map(|key| key.rtype().to_string());
    let types: BTreeSet<String> = own.chain(["TXT".to_owned()]).collect();
    json!({
        "Sid": format!("Change{}", zone.id),
        "Effect": "Allow",
        "Action": "route53:ChangeResourceRecordSets",
        "Resource": arn(zone),
        "Condition": {
            // ForAllValues holds for a request without the key; this asks for the key.
            "Null": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": "false" },
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
                "route53:ChangeResourceRecordSetsRecordTypes": types,
                "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE"],
            },
        },
    })
}

fn arn(zone: &GuardedZone) -> String {
    format!("arn:aws:route53:::hostedzone/{}", zone.id)
}

fn normalized(name: &Name) -> String {
    text::of_name(name).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use dns_core::rrset::{GuardedType, canonical_name};

    use super::*;

    fn name(text: &str) -> Name {
        canonical_name(text).expect("a name")
    }

    fn policy() -> Value {
        let records = [("*.W.example.com", GuardedType::A), ("api.example.com", GuardedType::Aaaa)];
        let zone = GuardedZone {
            id: "Z0123456789".to_owned(),
            fences: BTreeSet::from([name("_checkout._failover.example.com")]),
            records: records.into_iter().map(|(owner, rtype)| RrsetKey::new(&name(owner), rtype)).collect(),
        };
        serde_json::from_str(&iam_policy(&BTreeMap::from([(name("example.com"), zone)]))).expect("JSON")
    }

    #[test]
    fn changes_are_allowed_at_exactly_the_guarded_names_and_fences() {
        let policy = policy();
        let change = &policy["Statement"][0];
        assert_eq!(change["Resource"], "arn:aws:route53:::hostedzone/Z0123456789");
        let condition = &change["Condition"]["ForAllValues:StringEquals"];
        assert_eq!(
            condition["route53:ChangeResourceRecordSetsNormalizedRecordNames"],
            json!([
                "\\052.w.example.com",
                "_canary._failover.example.com",
                "_checkout._failover.example.com",
                "api.example.com",
            ])
        );
        assert_eq!(condition["route53:ChangeResourceRecordSetsRecordTypes"], json!(["A", "AAAA", "TXT"]));
        assert_eq!(condition["route53:ChangeResourceRecordSetsActions"], json!(["CREATE", "DELETE"]));
    }

    #[test]
    fn nothing_but_the_needed_calls_is_allowed() {
        let policy = policy();
        let actions: Vec<&Value> =
            policy["Statement"].as_array().expect("a list").iter().map(|one| &one["Action"]).collect();
        assert_eq!(
            actions,
            [
                &json!("route53:ChangeResourceRecordSets"),
                &json!(["route53:GetHostedZone", "route53:ListResourceRecordSets"]),
                &json!("route53:GetChange"),
            ]
        );
        assert_eq!(policy["Statement"][1]["Resource"], json!(["arn:aws:route53:::hostedzone/Z0123456789"]));
    }
}
