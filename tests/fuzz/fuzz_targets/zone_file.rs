//! Whatever octets a zone file and what it includes have: it is refused with its faults, or read, written and read again as the same
//! zone.
#![no_main]

use dns_zone::zonefile::{self, FileError, Files, Source, ZoneText};
use dns_zone::{Owner, Zone, lint};
use libfuzzer_sys::fuzz_target;

/// The first file, and one that it may include.
struct Two<'a>([&'a [u8]; 2]);

impl Files for Two<'_> {
    fn read(&self, name: &str, _beside: Option<&str>) -> Result<Source, FileError> {
        let octets = match name {
            "a.zone" => self.0[0],
            "b.zone" => self.0[1],
            _ => return Err(FileError::Missing),
        };
        Ok(Source { name: name.into(), octets: octets.to_vec() })
    }
}

fn read(files: [&[u8]; 2]) -> Option<Zone> {
    let apex: Owner = "example.test.".parse().expect("a name");
    match zonefile::read(&apex, "a.zone", &Two(files)) {
        Ok(file) => {
            // What it says is tested elsewhere; here that it always says something.
            let told = lint::check(&file.zone, Some(&file.places), lint::Apex::Here);
            assert!(told.iter().all(|finding| !finding.advice.is_empty()), "{told}");
            Some(file.zone)
        }
        Err(findings) => {
            assert!(findings.refused() > 0, "refused without a fault");
            None
        }
    }
}

fuzz_target!(|octets: &[u8]| {
    // A zero octet ends the first file.
    let middle = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let (first, second) = octets.split_at(middle);
    let Some(zone) = read([first, second.get(1..).unwrap_or_default()]) else { return };
    let text = ZoneText::of(&zone).to_string();
    let again = read([text.as_bytes(), b""]).expect("our own text is read");
    assert_eq!(again, zone, "{text}");
    assert_eq!(ZoneText::of(&again).to_string(), text);
});
