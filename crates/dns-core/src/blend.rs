//! Answers that two regions give at once, each its share, while a service comes back in steps.
//!
//! The service stays *in* the region that it comes from until the last step: there every record goes if the coming back is
//! given up, and that is the region that a fence calls active. A blend is therefore no place of its own. It says only which
//! part of the answers the other region gives already.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identifier::RegionName;
use crate::share::Share;
use crate::time::Timestamp;

/// Which part of the answers the region gives that a service comes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "BlendText", into = "BlendText")]
pub struct Blend {
    to: RegionName,
    share: Share,
    from: RegionName,
    since: Timestamp,
}

/// What is no blend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlendError {
    /// All answers are no share of them.
    #[error("a share of the answers is less than all of them")]
    Whole,
    /// A region cannot share with itself.
    #[error("two regions share the answers, not one")]
    OneRegion,
}

impl Blend {
    /// `to` gives `share` of the answers and `from` the rest, since `since`, of which whole seconds are kept.
    ///
    /// # Errors
    /// [`BlendError`].
    pub fn new(to: RegionName, share: Share, from: RegionName, since: Timestamp) -> Result<Self, BlendError> {
        if share == Share::ALL {
            return Err(BlendError::Whole);
        }
        if to == from {
            return Err(BlendError::OneRegion);
        }
        Ok(Self { to, share, from, since: Timestamp::from_secs(since.as_secs()) })
    }

    /// The region that the service comes back to.
    pub fn to(&self) -> &RegionName {
        &self.to
    }

    /// Its share of the answers.
    pub fn share(&self) -> Share {
        self.share
    }

    /// The region that the service is in, which gives the other answers.
    pub fn from(&self) -> &RegionName {
        &self.from
    }

    /// Since when the answers are shared so.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Both regions with their weights, which add up to a hundred.
    pub fn weights(&self) -> [(&RegionName, u8); 2] {
        let percent = u8::from(self.share);
        [(&self.to, percent), (&self.from, u8::from(Share::ALL) - percent)]
    }
}

impl fmt::Display for Blend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the answers from `{}`", self.share, self.to)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlendText {
    to: RegionName,
    share: Share,
    from: RegionName,
    since: Timestamp,
}

impl From<Blend> for BlendText {
    fn from(Blend { to, share, from, since }: Blend) -> Self {
        Self { to, share, from, since }
    }
}

impl TryFrom<BlendText> for Blend {
    type Error = BlendError;
    fn try_from(BlendText { to, share, from, since }: BlendText) -> Result<Self, Self::Error> {
        Self::new(to, share, from, since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{START, region};

    #[test]
    fn is_a_share_between_two_regions() {
        let share = |percent: u8| Share::try_from(percent).expect("a share");
        let blend = |to: &str, percent| Blend::new(region(to), share(percent), region("dr"), START);
        assert_eq!(blend("prod", 100), Err(BlendError::Whole));
        assert_eq!(blend("dr", 10), Err(BlendError::OneRegion));
        let blend = blend("prod", 10).expect("a blend");
        assert_eq!(blend.weights(), [(&region("prod"), 10), (&region("dr"), 90)]);
        assert_eq!(blend.to_string(), "10 % of the answers from `prod`");
    }
}
