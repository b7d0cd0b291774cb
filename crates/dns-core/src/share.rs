//! A share of a number of things, in whole percent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share above zero, in whole percent: 1 % to 100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Share(u8);

/// A number or text is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share is a whole number from 1 % to 100 %, such as `50%`")]
pub struct ShareError;

impl Share {
    /// Every one.
    pub const ALL: Self = Self(100);

    /// How many of `count` things make up the share: rounded up, and never none of them.
    pub fn of(self, count: usize) -> usize {
        (count * usize::from(self.0)).div_ceil(100)
    }
}

impl TryFrom<u8> for Share {
    type Error = ShareError;
    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&percent) { Ok(Self(percent)) } else { Err(ShareError) }
    }
}

impl From<Share> for u8 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl FromStr for Share {
    type Err = ShareError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').ok_or(ShareError)?.trim_end();
        // A sign would be read, too.
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u8>().ok().filter(|_| is_number).ok_or(ShareError)?.try_into()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_so_that_a_share_is_never_nothing() {
        let share = |text: &str| text.parse::<Share>().expect("a share");
        for (text, count, want) in
            [("1%", 1, 1), ("1%", 100, 1), ("1%", 101, 2), ("50%", 3, 2), ("50 %", 4, 2), ("100%", 7, 7), ("67%", 3, 3)]
        {
            assert_eq!(share(text).of(count), want, "{text} of {count}");
        }
    }

    #[test]
    fn refuses_what_is_no_share() {
        for text in ["", "%", "0%", "101%", "-1%", "+5%", "50", "0.5", "half"] {
            assert_eq!(text.parse::<Share>(), Err(ShareError), "{text}");
        }
        assert!(serde_json::from_str::<Share>("0").is_err());
    }
}
