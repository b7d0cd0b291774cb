//! The service that the model check and the golden outages are about, as a configuration would give it.
//!
//! It is read from its serialised form, as the configuration's readers and stores do, so that a field that the core gains
//! later has its default here.

use std::time::Duration;

use dns_core::fence::Fence;
use dns_core::fence::text::FenceText;
use dns_core::service::Service;
use serde_json::json;

/// `checkout` at `example.com`: one address and one alias, in `prod` and `dr`, judged by two of three vantage points that
/// probe every 5 s; a region is ready after two minutes, and a failback waits for ten.
pub fn checkout(provider: &str) -> Service {
    service("checkout", "example.com.", provider)
}

/// The same under another name and in another zone: one service of many.
pub fn service(name: &str, zone: &str, provider: &str) -> Service {
    let region = |name: &str, address: &str| {
        json!({
            "name": name,
            "endpoints": [{ "address": address }],
            "probes": [{ "tcp": { "port": 443 } }],
        })
    };
    let service = json!({
        "name": name,
        "installation": "acme",
        "mode": "active",
        "zone": zone,
        "provider": provider,
        "policy": {
            "interval": Duration::from_secs(5),
            "timeout": Duration::from_secs(2),
            "detection": { "fall": 3, "rise": 5 },
            "quorum": 2,
            "vantagePoints": ["fra1", "lon1", "nyc1"],
            "readyFor": Duration::from_mins(2),
            "cooldown": Duration::from_mins(10),
            "failback": "manual",
            "onForeignChange": "hold",
            "verifyWithin": Duration::from_secs(30),
        },
        "records": [
            { "key": { "name": format!("api.{zone}"), "type": "A" }, "ttl": 60, "values": "endpoints", "absentIn": [] },
            {
                "key": { "name": format!("www.{zone}"), "type": "CNAME" },
                "ttl": 60,
                "values": { "explicit": { "prod": ["lb-prod.example.net."], "dr": ["lb-dr.example.net."] } },
                "absentIn": [],
            },
        ],
        "regions": [region("prod", "192.0.2.10"), region("dr", "198.51.100.10")],
        "revision": 0,
    });
    serde_json::from_value(service).expect("the service is as the core reads it")
}

/// A fence of a service that says as little as a fence can; whoever uses it fills in what matters.
pub fn fence(service: &Service) -> Fence {
    let digest = "0".repeat(32);
    let text = format!(
        "v=dnsfo1;install={};id={};provider={};epoch=1;rev=1;write=0;plan=0;active=prod;moved=0;by=controller-1;cfg=0;\
         pin=;pause=;rrs=;digest={digest};",
        service.installation, service.name, service.provider
    );
    let text = FenceText::from_strings(vec![text]);
    Fence::parse(&text, &service.zone).expect("a fence")
}
