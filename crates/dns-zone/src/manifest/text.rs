//! Claims as the values of the manifest's set.

use std::collections::BTreeSet;

use dns_core::identifier::Installation;
use domain::base::Rtype;

use super::{Claim, Extent};
use crate::owner::Owner;
use crate::rdata::Rdata;

const VERSION: &str = "dnssync1";

/// A claim, without whose it is. A semicolon in a name is escaped, so that it ends no pair.
pub(super) fn claim(claim: &Claim, apex: &Owner) -> String {
    let own = match &claim.extent {
        Extent::Zone => "zone".to_owned(),
        Extent::Below(owner) => format!("below:{}", owner.relative_to(apex)),
        Extent::Name(owner) => format!("name:{}", owner.relative_to(apex)),
    };
    let types: Vec<String> = claim.types.iter().map(|rtype| rtype.to_string().to_ascii_lowercase()).collect();
    let types = if types.is_empty() { String::new() } else { format!("types={};", types.join(",")) };
    format!("own={own};{types}")
}

/// The value that says whose a claim is.
pub(super) fn value(of: &Claim, install: &Installation, apex: &Owner) -> Rdata {
    txt(&format!("v={VERSION};install={install};{}", claim(of, apex)))
}

/// Reads the text of a [`value`]; none if it is anything else, since who doesn't know a word doesn't know whose anything is.
pub(super) fn read(text: &str, apex: &Owner) -> Option<(Installation, Claim)> {
    let rest = text.strip_prefix("v=")?.strip_prefix(VERSION)?.strip_prefix(";install=")?;
    let (install, rest) = rest.split_once(";own=")?;
    let (own, types) = match rest.strip_suffix(';')?.rsplit_once(";types=") {
        Some((own, types)) => (own, types.split(',').map(|one| one.parse::<Rtype>().ok()).collect::<Option<_>>()?),
        None => (rest.strip_suffix(';')?, BTreeSet::new()),
    };
    let name = |text: &str| match text {
        "@" => Some(apex.clone()),
        relative => format!("{relative}.{apex}").parse().ok(),
    };
    let extent = match own.split_once(':') {
        None if own == "zone" => Extent::Zone,
        Some(("below", text)) => Extent::Below(name(text)?),
        Some(("name", text)) => Extent::Name(name(text)?),
        Some(_) | None => return None,
    };
    Some((install.parse().ok()?, Claim { extent, types }))
}

/// A TXT value; texts longer than a string take several.
fn txt(text: &str) -> Rdata {
    let part =
        |part: &[u8]| [&[u8::try_from(part.len()).expect("invariant: a part has at most 255 octets")], part].concat();
    let wire: Vec<u8> = text.as_bytes().chunks(255).flat_map(part).collect();
    Rdata::from_wire(Rtype::TXT, &wire).expect("invariant: strings with their lengths are a TXT")
}
