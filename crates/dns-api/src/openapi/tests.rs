use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

/// Every `$ref` anywhere in a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| match value {
            Value::String(target) if key == "$ref" => {
                found.insert(target.clone());
            }
            other => references(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_reference_leads_to_a_schema_of_the_document() {
    for document in [controller(), monitor(), sync()] {
        let json = serde_json::to_value(&document).expect("is JSON");
        let mut found = BTreeSet::new();
        references(&json, &mut found);
        assert!(found.contains("#/components/schemas/Problem"), "{found:?}");
        for target in found {
            let pointer = target.strip_prefix('#').expect("a local reference");
            assert!(json.pointer(pointer).is_some(), "{target} leads nowhere");
        }
    }
}

#[test]
fn every_operation_of_the_table_is_in_the_document_once() {
    for (document, operations) in [(controller(), CONTROLLER), (monitor(), MONITOR), (sync(), SYNC)] {
        let paths: BTreeSet<&str> = operations.iter().map(|operation| operation.path).collect();
        assert_eq!(document.paths.paths.len(), paths.len());
        for operation in operations {
            let found = document.paths.get_path_operation(operation.path, operation.method.into());
            assert!(found.is_some(), "{}", operation.path);
        }
    }
}

#[test]
fn writes_name_their_body_their_refusals_and_their_token() {
    let json = serde_json::to_value(controller()).expect("is JSON");
    let failover = &json["paths"]["/api/v1/services/{name}/failover"]["post"];
    let body = &failover["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(body, "#/components/schemas/FailoverRequest");
    assert_eq!(failover["parameters"][0]["name"], "name");
    for status in ["200", "202", "401", "403", "404", "409"] {
        assert!(failover["responses"][status].is_object(), "{status}");
    }
    assert!(failover["security"][0]["bearer"].is_array());
    assert!(json["paths"]["/healthz"]["get"]["security"].is_null());
}
