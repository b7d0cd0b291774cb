//! Why a service is held in an evacuation: what a rule of the kernel says, or that one person is not enough.

use std::fmt;

use crate::kernel::{Rejection, Rule};
use crate::machine::effect::Refusal;

/// What says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// A rule of the kernel.
    Rule(Rule),
    /// The service's policy wants a second person, and nobody agrees to hundreds of services one by one.
    SecondPerson,
}

impl Ground {
    /// The ground as a word; that of a rule is the rule's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.as_str(),
            Self::SecondPerson => "secondPerson",
        }
    }

    /// Whether an operator may override it in the evacuation's order.
    pub fn is_overridable(self) -> bool {
        match self {
            Self::Rule(rule) => rule.is_overridable(),
            Self::SecondPerson => false,
        }
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that holds a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// What says no.
    pub ground: Ground,
    /// Why, and what helps.
    pub reason: String,
}

impl From<Rejection> for Objection {
    fn from(Rejection { rule, reason }: Rejection) -> Self {
        Self { ground: Ground::Rule(rule), reason }
    }
}

/// What a refusal says. What no rule says is about where the service could go.
pub(super) fn objections(refusal: Refusal) -> Vec<Objection> {
    let said = |ground, reason: String| vec![Objection { ground, reason }];
    match refusal {
        Refusal::Kernel(rejections) => rejections.into_iter().map(Objection::from).collect(),
        Refusal::SecondPerson(reason) => said(Ground::SecondPerson, reason),
        Refusal::Pointless(reason) | Refusal::Invalid(reason) => said(Ground::Rule(Rule::TargetProven), reason),
        Refusal::Unexpected => said(Ground::Rule(Rule::OneWrite), "it does not take orders in its state".to_owned()),
    }
}
