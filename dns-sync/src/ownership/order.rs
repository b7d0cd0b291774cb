//! What is ordered of a manifest. Pure.

use dns_core::identifier::Installation;
use dns_zone::{Claim, Extent, Manifest, ManifestError, Owner, Part, Rtype};

use crate::arguments::ownership::{ClaimArgs, ExtentArgs, TransferArgs};

/// An order, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Add a claim.
    Claim(Installation, Claim),
    /// Take a claim away.
    Release(Installation, Claim),
    /// Give all claims of one to another.
    Transfer {
        /// Who has them.
        from: Installation,
        /// Who gets them.
        to: Installation,
    },
}

impl Order {
    /// A claim of `install`.
    pub(crate) fn claim(install: &Installation, args: &ClaimArgs) -> Result<Self, String> {
        Ok(Self::Claim(install.clone(), claim(args)?))
    }

    /// The end of a claim of `install`.
    pub(crate) fn release(install: &Installation, args: &ClaimArgs) -> Result<Self, String> {
        Ok(Self::Release(install.clone(), claim(args)?))
    }

    /// A transfer, from `install` unless another one is named.
    pub(crate) fn transfer(install: &Installation, args: &TransferArgs) -> Result<Self, String> {
        let (from, to) = (args.from.clone().unwrap_or_else(|| install.clone()), args.to.clone());
        if from == to {
            return Err(format!("`{to}` is to get what it has: --from and --to are the same installation"));
        }
        Ok(Self::Transfer { from, to })
    }

    /// What the manifest becomes.
    pub(crate) fn of(&self, manifest: &Manifest) -> Result<Manifest, ManifestError> {
        let mut manifest = manifest.clone();
        match self {
            Self::Claim(install, claim) => manifest.claim(install.clone(), claim.clone())?,
            Self::Release(install, claim) => manifest.release(install, claim)?,
            Self::Transfer { from, to } => manifest.transfer(from, to)?,
        }
        Ok(manifest)
    }

    /// What it means for others, for people.
    pub(crate) fn notes(&self, manifest: &Manifest, apex: &Owner) -> Vec<String> {
        let Self::Claim(install, claim) = self else { return Vec::new() };
        let told = |(wider, by): (&Claim, &Installation)| {
            format!("it is narrower than `{}` of installation `{by}`, and decides instead", wider.text_in(apex))
        };
        manifest.narrowed_by(install, claim).map(told).collect()
    }

    /// For people, once it is done.
    pub(crate) fn done(&self, apex: &Owner) -> String {
        match self {
            Self::Claim(install, claim) => format!("installation `{install}` claims `{}`", claim.text_in(apex)),
            Self::Release(install, claim) => {
                format!("installation `{install}` claims `{}` no longer", claim.text_in(apex))
            }
            Self::Transfer { from, to } => format!("all claims of installation `{from}` are `{to}`'s"),
        }
    }
}

fn claim(ClaimArgs { at, extent, types, part }: &ClaimArgs) -> Result<Claim, String> {
    let ExtentArgs { all: _, below, name } = extent;
    let extent = match (below, name) {
        (Some(below), _) => Extent::Below(owner(below, &at.zone)?),
        (None, Some(name)) => Extent::Name(owner(name, &at.zone)?),
        (None, None) => Extent::Zone,
    };
    let part = part.clone().unwrap_or(Part::Whole);
    // Only texts have a beginning: whoever names one means them.
    let types = if types.is_empty() && matches!(part, Part::ValuesFrom(_)) { &vec![Rtype::TXT] } else { types };
    Claim::new(extent, types.iter().copied(), part).map_err(|error| error.to_string())
}

/// A name as a zone file writes it; one that ends in the zone's is whole without its last dot, too.
fn owner(text: &str, apex: &Owner) -> Result<Owner, String> {
    if text == "@" {
        return Ok(apex.clone());
    }
    let whole: Owner = text.parse().map_err(|error| format!("{error}"))?;
    if whole.is_in(apex) {
        return Ok(whole);
    }
    if text.ends_with('.') {
        return Err(format!("{whole} does not lie in {apex}"));
    }
    format!("{text}.{apex}").parse().map_err(|error| format!("{error}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::ownership::OwnershipVerb;
    use crate::arguments::{Args, Command};
    use crate::fake::{apex, zone};

    fn install(text: &str) -> Installation {
        text.parse().expect("a name")
    }

    /// What a line orders for installation `acme`.
    fn order(line: &str) -> Result<Order, String> {
        order_of(&line.split(' ').collect::<Vec<_>>())
    }

    fn order_of(words: &[&str]) -> Result<Order, String> {
        let place = ["--zone", "example.test", "--target", "main"];
        let words = ["dns-sync", "ownership"].iter().chain(words).chain(&place);
        let args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
        let Some(Command::Ownership(ownership)) = args.command else { panic!("another command") };
        match ownership.verb {
            OwnershipVerb::Show(_) => panic!("no order"),
            OwnershipVerb::Claim(claim) => Order::claim(&install("acme"), &claim),
            OwnershipVerb::Release(claim) => Order::release(&install("acme"), &claim),
            OwnershipVerb::Transfer(transfer) => Order::transfer(&install("acme"), &transfer),
        }
    }

    fn done(line: &str) -> String {
        order(line).expect(line).done(&apex())
    }

    #[test]
    fn a_claim_reaches_as_far_as_it_says() {
        assert_eq!(done("claim --all"), "installation `acme` claims `own=zone;`");
        assert_eq!(done("claim --below dev"), "installation `acme` claims `own=below:dev;`");
        assert_eq!(done("claim --below @"), "installation `acme` claims `own=below:@;`");
        let typed = "installation `acme` claims `own=name:www;types=a,aaaa;` no longer";
        assert_eq!(done("release --name www --types A,aaaa"), typed);
    }

    #[test]
    fn a_part_is_claimed_by_its_name_and_a_beginning_is_of_texts() {
        assert_eq!(done("claim --all --part ttl"), "installation `acme` claims `own=zone;part=ttl;`");
        let spf = "installation `acme` claims `own=name:@;types=txt;part=value:v=spf1%20;`";
        assert_eq!(
            order_of(&["claim", "--name", "@", "--part", "value:v=spf1 "]).expect("an order").done(&apex()),
            spf
        );
        assert!(
            order("claim --name @ --types A --part value:x").expect_err("no texts").contains("must name the type TXT")
        );
        assert!(order("claim --name @ --part all").expect_err("no part").contains("value:BEGINNING"));
    }

    #[test]
    fn a_name_is_one_of_the_zone_with_or_without_the_zones_own() {
        for name in ["www", "www.example.test", "www.example.test.", "WWW"] {
            assert_eq!(done(&format!("claim --name {name}")), "installation `acme` claims `own=name:www;`", "{name}");
        }
        let refused = order("claim --name www.example.net.").expect_err("elsewhere");
        assert_eq!(refused, "www.example.net. does not lie in example.test.");
    }

    #[test]
    fn a_claim_says_one_extent() {
        assert!(order("claim").is_err() && order("claim --all --name www").is_err());
        assert!(order("claim --all --types A,nothing").expect_err("no type").contains("`nothing` is no type"));
    }

    #[test]
    fn a_transfer_gives_from_us_unless_another_is_named_and_never_to_oneself() {
        assert_eq!(done("transfer --to beta"), "all claims of installation `acme` are `beta`'s");
        assert_eq!(done("transfer --to acme --from beta"), "all claims of installation `beta` are `acme`'s");
        assert!(order("transfer --to acme").is_err());
    }

    #[test]
    fn a_claim_that_takes_from_a_wider_one_says_from_whose() {
        let held = zone(&["_dns-sync TXT \"v=dnssync1;install=beta;own=zone;\""]);
        let manifest = Manifest::read(&held).expect("claims");
        let notes = order("claim --name www").expect("an order").notes(&manifest, &apex());
        assert_eq!(notes, ["it is narrower than `own=zone;` of installation `beta`, and decides instead"]);
        assert!(order("claim --all").expect("an order").of(&manifest).is_err(), "as wide: refused");
    }
}
