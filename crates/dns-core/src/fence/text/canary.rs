//! The fence of the reserved id `canary`: it guards no records and is rewritten regularly, so that a right, a key or a
//! zone that no longer takes writes shows before the day of a failover.
//!
//! It has the grammar of other fences and fewer pairs:
//! `v=dnsfo1;install=acme;id=canary;provider=main;rev=57;write=01j9x…;at=1795246200;by=controller-2;`. Unknown pairs are
//! not kept: nothing depends on it. A canary of another installation that shares the zone is replaced like an own one,
//! since nothing is lost with it; anything that is no canary is left alone.

use hickory_proto::rr::Name;

use super::pairs::{Pairs, Strings};
use super::{FenceError, FenceText, SECONDS_MAX, VERSION, bad, encode};
use crate::fence::{Rev, WriteId};
use crate::identifier::{Actor, Installation, ProviderName, RESERVED_SERVICE};
use crate::rrset::{RrsetError, canonical_name};
use crate::time::Timestamp;

/// The content of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The installation that wrote it.
    pub install: Installation,
    /// The provider, as the configuration names it.
    pub provider: ProviderName,
    /// Counts writes.
    pub rev: Rev,
    /// This write.
    pub write: WriteId,
    /// When it was written. Whole seconds.
    pub at: Timestamp,
    /// Which controller wrote.
    pub by: Actor,
}

impl Canary {
    /// The owner name of a zone's canary.
    ///
    /// # Errors
    /// If the zone's name leaves no room for it.
    pub fn name_in(zone: &Name) -> Result<Name, RrsetError> {
        let zone = if zone.is_root() { String::new() } else { zone.to_string() };
        canonical_name(&format!("_{RESERVED_SERVICE}._failover.{zone}"))
    }

    /// Writes the text form.
    ///
    /// # Errors
    /// [`FenceError`], if a name is too long.
    pub fn to_text(&self) -> Result<FenceText, FenceError> {
        let mut strings = Strings::default();
        strings.add("v", VERSION)?;
        strings.add("install", encode(self.install.as_str()))?;
        strings.add("id", RESERVED_SERVICE)?;
        strings.add("provider", encode(self.provider.as_str()))?;
        strings.add("rev", self.rev)?;
        strings.add("write", &self.write)?;
        strings.add("at", self.at.as_secs())?;
        strings.add("by", encode(self.by.as_str()))?;
        strings.text()
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`FenceError`], the first fault: then it is no canary.
    pub fn parse(text: &FenceText) -> Result<Self, FenceError> {
        let mut pairs = Pairs::split(text)?;
        let version = pairs.take("v")?;
        if version != VERSION {
            return Err(FenceError::Version(version.to_owned()));
        }
        let id = pairs.take("id")?;
        if id != RESERVED_SERVICE {
            return Err(bad("id", id));
        }
        Ok(Self {
            install: pairs.take_parsed("install")?,
            provider: pairs.take_parsed("provider")?,
            rev: Rev::new(pairs.take_number("rev", Rev::READ_MAX)?),
            write: pairs.take_parsed("write")?,
            at: Timestamp::from_secs(pairs.take_number("at", SECONDS_MAX)?),
            by: pairs.take_parsed("by")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fence::Fence;

    fn canary() -> Canary {
        let at = Timestamp::from_secs(1_795_246_200);
        Canary {
            install: "acme".parse().expect("a name"),
            provider: "main".parse().expect("a name"),
            rev: Rev::new(57),
            write: WriteId::at(at, 7),
            at,
            by: "controller-2".parse().expect("a name"),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let text = canary().to_text().expect("fits");
        assert!(text.strings()[0].starts_with("v=dnsfo1;install=acme;id=canary;provider=main;rev=57;"), "{text}");
        assert_eq!(Canary::parse(&text), Ok(canary()));
    }

    #[test]
    fn is_no_services_fence_and_takes_none_for_itself() {
        let zone = canonical_name("example.com").expect("a name");
        let text = canary().to_text().expect("fits");
        assert!(Fence::parse(&text, &zone).is_err());
        let other = FenceText::from_strings(vec![text.strings()[0].replace("id=canary", "id=checkout")]);
        assert!(matches!(Canary::parse(&other), Err(FenceError::Value { key: "id", .. })));
    }

    #[test]
    fn stands_beside_the_fences_of_its_zone() {
        let name = |zone: &str| Canary::name_in(&canonical_name(zone).expect("a name")).expect("fits").to_string();
        assert_eq!(name("example.com"), "_canary._failover.example.com.");
        assert_eq!(name("."), "_canary._failover.");
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(60), "a".repeat(58));
        assert!(Canary::name_in(&canonical_name(&long).expect("a name")).is_err());
    }
}
