//! What a target cannot hold as the source has it: named or refused at plan time, never found out by looking at the answers.
//!
//! What can be said of a target is plain data ([`TargetTraits`]); whoever speaks to it fills it in. Only a TTL may be changed
//! so that it fits, and only if the settings say so: answers stay the same, they are merely kept for another time. All
//! else would be another answer.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use domain::base::Rtype;
use serde::{Deserialize, Serialize};

use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey, Ttl};

/// Which types a target holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Types {
    /// All, those nobody knows among them (RFC 3597).
    Any,
    /// These.
    Only(BTreeSet<Rtype>),
    /// All but these, whose numbers mean something of its own there.
    AllBut(BTreeSet<Rtype>),
}

/// What a target can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetTraits {
    /// Types.
    pub types: Types,
    /// TTLs, in seconds.
    pub ttl_secs: RangeInclusive<u32>,
    /// The most values of one set; none means as many as there are.
    pub values_max: Option<usize>,
    /// Whether it answers a CNAME at the apex with the addresses it leads to. Others refuse one (RFC 1912 §2.4).
    pub apex_cname: bool,
    /// Whether it takes NS at a wildcard, of which RFC 4592 §4.2 leaves open what they mean.
    pub wildcard_ns: bool,
}

impl Default for TargetTraits {
    /// A name server that does all that the RFCs say.
    fn default() -> Self {
        Self { types: Types::Any, ttl_secs: 0..=Ttl::MAX_SECS, values_max: None, apex_cname: false, wildcard_ns: true }
    }
}

/// What is done about a TTL that a target cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TtlPolicy {
    /// The nearest that it can is taken, and named.
    #[default]
    Adjust,
    /// The plan is refused.
    Refuse,
}

/// A set that the target gets otherwise than the source has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// Which.
    #[serde(with = "crate::record_set::key_text")]
    pub key: SetKey,
    /// The source's TTL, in seconds.
    pub ttl: Ttl,
    /// The one that the target gets.
    pub becomes: Ttl,
}

/// Why a target cannot hold a set. Which one, says whoever tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lossy {
    /// Not this type.
    #[error("the target holds no records of this type; leave it out of the source or choose another target")]
    Type,
    /// A CNAME at the apex.
    #[error("the target takes no CNAME at the apex (RFC 1912 §2.4); give addresses")]
    ApexCname,
    /// NS at a wildcard.
    #[error("the target takes no NS at a wildcard; delegate each name by itself")]
    WildcardNs,
    /// Too many values.
    #[error("it has {found} values, the target takes {max} in one set")]
    Values {
        /// How many it has.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// A TTL that it cannot hold, where that is not to be adjusted.
    #[error("a TTL of {ttl} s lies outside the target's {} to {} s, and it was not to be adjusted", range.0, range.1)]
    Ttl {
        /// The source's TTL.
        ttl: Ttl,
        /// The shortest and the longest.
        range: (u32, u32),
    },
}

impl TargetTraits {
    /// The set as the target can hold it, and how it differs from the source's if it does.
    ///
    /// # Errors
    /// [`Lossy`], the first reason why it cannot.
    pub fn fit(
        &self,
        apex: &Owner,
        key: &SetKey,
        set: &RecordSet,
        policy: TtlPolicy,
    ) -> Result<(RecordSet, Option<Adjustment>), Lossy> {
        let holds = match &self.types {
            Types::Any => true,
            Types::Only(types) => types.contains(&key.rtype),
            Types::AllBut(types) => !types.contains(&key.rtype),
        };
        if !holds {
            return Err(Lossy::Type);
        }
        if key.rtype == Rtype::CNAME && key.owner == *apex && !self.apex_cname {
            return Err(Lossy::ApexCname);
        }
        if key.rtype == Rtype::NS && key.owner.is_wildcard() && !self.wildcard_ns {
            return Err(Lossy::WildcardNs);
        }
        let found = set.values().len();
        if let Some(max) = self.values_max.filter(|max| found > *max) {
            return Err(Lossy::Values { found, max });
        }
        self.fit_ttl(key, set, policy)
    }

    fn fit_ttl(
        &self,
        key: &SetKey,
        set: &RecordSet,
        policy: TtlPolicy,
    ) -> Result<(RecordSet, Option<Adjustment>), Lossy> {
        let (ttl, range) = (set.ttl(), (*self.ttl_secs.start(), *self.ttl_secs.end()));
        let nearest = Ttl::from_secs(ttl.as_secs().max(range.0).min(range.1)).unwrap_or(ttl);
        match policy {
            _ if nearest == ttl => Ok((set.clone(), None)),
            TtlPolicy::Adjust => {
                Ok((set.with_ttl(nearest), Some(Adjustment { key: key.clone(), ttl, becomes: nearest })))
            }
            TtlPolicy::Refuse => Err(Lossy::Ttl { ttl, range }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{APEX, key, owner, set, ttl};

    fn fit(traits: &TargetTraits, name: &str, rtype: Rtype, values: &[&str]) -> Result<(), String> {
        let fitted = traits.fit(&owner(APEX), &key(name, rtype), &set(rtype, values), TtlPolicy::Adjust);
        fitted.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn a_type_that_the_target_lacks_is_refused() {
        let [own, other] = [65400, 65399].map(Rtype::from_int);
        let traits = TargetTraits { types: Types::AllBut([own].into()), ..TargetTraits::default() };
        assert_eq!(fit(&traits, "www", other, &["1"]), Ok(()));
        fit(&traits, "www", own, &["1"]).expect_err("not that one");
        let traits = TargetTraits { types: Types::Only([Rtype::A].into()), ..TargetTraits::default() };
        assert_eq!(fit(&traits, "www", Rtype::A, &["1"]), Ok(()));
        let error = fit(&traits, "www", Rtype::TXT, &["1"]).expect_err("no TXT");
        assert!(error.starts_with("the target holds no records of this type"), "{error}");
        assert_eq!(fit(&TargetTraits::default(), "www", Rtype::TXT, &["1"]), Ok(()));
    }

    #[test]
    fn a_cname_at_the_apex_is_refused_unless_the_target_flattens_it() {
        assert!(fit(&TargetTraits::default(), "@", Rtype::CNAME, &["x"]).is_err());
        assert_eq!(fit(&TargetTraits::default(), "www", Rtype::CNAME, &["x"]), Ok(()));
        let traits = TargetTraits { apex_cname: true, ..TargetTraits::default() };
        assert_eq!(fit(&traits, "@", Rtype::CNAME, &["x"]), Ok(()));
    }

    #[test]
    fn a_delegation_of_all_names_is_refused_where_the_target_takes_none() {
        let traits = TargetTraits { wildcard_ns: false, ..TargetTraits::default() };
        let error = fit(&traits, "*.sub", Rtype::NS, &["x"]).expect_err("a wildcard");
        assert!(error.contains("no NS at a wildcard"), "{error}");
        for (name, rtype) in [("sub", Rtype::NS), ("x.*", Rtype::NS), ("a*", Rtype::NS), ("*.sub", Rtype::A)] {
            assert_eq!(fit(&traits, name, rtype, &["1"]), Ok(()), "{name}");
        }
        assert_eq!(fit(&TargetTraits::default(), "*.sub", Rtype::NS, &["x"]), Ok(()));
    }

    #[test]
    fn more_values_than_the_target_takes_are_refused() {
        let traits = TargetTraits { values_max: Some(2), ..TargetTraits::default() };
        assert!(fit(&traits, "www", Rtype::A, &["1", "2", "3"]).is_err());
        assert_eq!(fit(&traits, "www", Rtype::A, &["1", "2"]), Ok(()));
    }

    #[test]
    fn a_ttl_out_of_range_is_adjusted_by_name_or_refused() {
        let (key, set) = (key("www", Rtype::A), set(Rtype::A, &["1"]));
        let fit = |range, policy| {
            TargetTraits { ttl_secs: range, ..TargetTraits::default() }.fit(&owner(APEX), &key, &set, policy)
        };
        assert_eq!(fit(60..=300, TtlPolicy::Refuse), Ok((set.clone(), None)));
        let adjusted = |secs| Some(Adjustment { key: key.clone(), ttl: ttl(300), becomes: ttl(secs) });
        assert_eq!(fit(600..=900, TtlPolicy::Adjust), Ok((set.with_ttl(ttl(600)), adjusted(600))));
        assert_eq!(fit(60..=120, TtlPolicy::Adjust), Ok((set.with_ttl(ttl(120)), adjusted(120))));
        assert!(fit(600..=900, TtlPolicy::Refuse).is_err());
    }
}
