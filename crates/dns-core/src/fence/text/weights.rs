//! `weights=prod:10,dr:90;weighed=1795246200;`: how two regions share the answers while a service comes back, and since
//! when. The region that it comes back to stands first; the weights add up to a hundred.
//!
//! A program that does not know these pairs keeps them, and finds records that are no region's: it holds.

use super::pairs::{Pairs, Strings};
use super::{FenceError, SECONDS_MAX, bad, encode, number, parsed};
use crate::blend::Blend;
use crate::identifier::RegionName;
use crate::share::Share;
use crate::time::Timestamp;

/// Writes both pairs.
pub(super) fn write(blend: &Blend, strings: &mut Strings) -> Result<(), FenceError> {
    let weights = blend.weights().map(|(region, weight)| format!("{}:{weight}", encode(region.as_str())));
    strings.add("weights", weights.join(","))?;
    strings.add("weighed", blend.since().as_secs())
}

/// Takes both pairs, or none.
pub(super) fn take(pairs: &mut Pairs<'_>) -> Result<Option<Box<Blend>>, FenceError> {
    let Some(text) = pairs.take_optional("weights") else { return Ok(None) };
    let since = Timestamp::from_secs(pairs.take_number("weighed", SECONDS_MAX)?);
    let (to, from) = text.split_once(',').ok_or_else(|| bad("weights", text))?;
    let ((to, share), (from, rest)) = (read_one(to)?, read_one(from)?);
    if u8::from(share) + u8::from(rest) != u8::from(Share::ALL) {
        return Err(bad("weights", text));
    }
    let blend = Blend::new(to, share, from, since).map_err(|_| bad("weights", text))?;
    Ok(Some(Box::new(blend)))
}

fn read_one(text: &str) -> Result<(RegionName, Share), FenceError> {
    let (region, weight) = text.rsplit_once(':').ok_or_else(|| bad("weights", text))?;
    let weight = number("weights", weight, u64::from(u8::from(Share::ALL)))?;
    let share = u8::try_from(weight).ok().and_then(|percent| Share::try_from(percent).ok());
    Ok((parsed("weights", region)?, share.ok_or_else(|| bad("weights", text))?))
}

#[cfg(test)]
mod tests {
    use crate::blend::Blend;
    use crate::fence::Fence;
    use crate::fence::text::{FenceError, FenceText};
    use crate::fixture::{START, fence, name, region, service};

    fn shared() -> Fence {
        let share = "10%".parse().expect("a share");
        let blend = Blend::new(region("prod"), share, region("dr"), START).expect("a blend");
        Fence { blend: Some(Box::new(blend)), ..fence(&service(), "dr", 7, 9) }
    }

    fn text() -> FenceText {
        shared().to_text(&name("example.com")).expect("fits")
    }

    fn with(from: &str, to: &str) -> Result<Fence, FenceError> {
        let strings = text().strings().iter().map(|string| string.replace(from, to)).collect();
        Fence::parse(&FenceText::from_strings(strings), &name("example.com"))
    }

    #[test]
    fn say_who_answers_how_much_since_when_and_are_read_again() {
        let all = text().strings().concat();
        assert!(all.contains("active=dr;weights=prod:10,dr:90;weighed=1795246200;moved="), "{all}");
        assert_eq!(with("", ""), Ok(shared()));
    }

    #[test]
    fn a_fence_without_them_is_written_as_ever() {
        let plain = Fence { blend: None, ..shared() }.to_text(&name("example.com")).expect("fits");
        assert!(!plain.strings().concat().contains("weigh"), "{plain}");
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        for wrong in
            ["prod:10", "prod:10,dr:80", "prod:0,dr:100", "prod:100,dr:0", "prod:010,dr:90", "dr:10,dr:90", "x"]
        {
            let read = with("prod:10,dr:90", wrong);
            assert!(matches!(read, Err(FenceError::Value { key: "weights", .. })), "{wrong}: {read:?}");
        }
        assert_eq!(with("prod:10,dr:90", "dr:10,prod:90"), Err(FenceError::ForeignWeights));
        assert_eq!(with("weighed=1795246200;", ""), Err(FenceError::Missing("weighed")));
    }
}
