//! The second person: which orders a policy wants somebody else to agree to, and what waits for that.
//!
//! Nothing is decided by an order that waits. When it is approved the kernel is asked anew, with what is known then.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fence::{DecisionId, IdError};
use crate::identifier::{Actor, RegionName};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::time::Timestamp;
use crate::write::WriteKind;

/// What may wait for a second person at one service. More is no caution but a heap that nobody reads.
pub const WAITING_MAX: usize = 8;

/// Which orders of a service need a second person; none by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalPolicy {
    /// Those that override one of these rules.
    pub overrides: BTreeSet<Rule>,
    /// Those that lead to such a write.
    pub orders: BTreeSet<WriteKind>,
    /// How long an order waits; then it lapses.
    pub within: Duration,
}

impl ApprovalPolicy {
    /// The kinds of writes that orders lead to.
    pub const KINDS: [WriteKind; 4] = [WriteKind::Failover, WriteKind::Failback, WriteKind::Adopt, WriteKind::Release];

    /// The longest that an order may wait: what is approved after a day was asked in another situation.
    pub const WITHIN_MAX: Duration = Duration::from_hours(24);

    /// Whether any order needs a second person.
    pub fn is_demanding(&self) -> bool {
        !self.overrides.is_empty() || !self.orders.is_empty()
    }

    /// Why an order that leads to these writes needs a second person, if it does. What it overrides counts though the rule
    /// may agree just now: it may not at the permit.
    pub fn demand(&self, order: &Order, leads_to: &BTreeSet<WriteKind>) -> Option<String> {
        let rules = order.overrides.iter().filter(|rule| self.overrides.contains(*rule));
        let rules = rules.map(|rule| format!("overriding {rule}"));
        let kinds = leads_to.intersection(&self.orders).map(|kind| format!("a {}", kind.as_str()));
        let all: Vec<String> = kinds.chain(rules).collect();
        (!all.is_empty()).then(|| format!("the policy wants a second person for {}", all.join(" and ")))
    }
}

/// Nobody has to be asked. Whoever asks for a second person has a quarter of an hour to wake one.
impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self { overrides: BTreeSet::new(), orders: BTreeSet::new(), within: Duration::from_mins(15) }
    }
}

/// Names what waits for a second person. History tells of it under this id, like a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApprovalId(DecisionId);

impl ApprovalId {
    /// A new one.
    pub fn at(now: Timestamp, nonce: u128) -> Self {
        Self(DecisionId::at(now, nonce))
    }

    /// What its rows of the history are found by.
    pub fn in_history(&self) -> &DecisionId {
        &self.0
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ApprovalId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Something that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Since when.
    pub asked: Timestamp,
    /// When it lapses; `None` if it waits until it is given.
    pub until: Option<Timestamp>,
    /// Why somebody else is wanted.
    pub why: String,
    /// What is to be agreed to.
    pub subject: Subject,
}

/// What is to be agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Subject {
    /// An order, which is carried out then.
    Order(Order),
    /// A move that was made by hand, and can only be acknowledged.
    MovedByHand {
        /// What the fences name it by.
        plan: DecisionId,
        /// Where to.
        to: RegionName,
        /// Who moved, as the record says.
        by: Actor,
        /// Who told of it, as the token says.
        told_by: Actor,
        /// Why it was moved.
        reason: String,
    },
}

impl Approval {
    /// Who may not agree: the one whose token brought it here.
    pub fn asked_by(&self) -> &Actor {
        match &self.subject {
            Subject::Order(order) => &order.by,
            Subject::MovedByHand { told_by, .. } => told_by,
        }
    }

    /// The reason that was given for it.
    pub fn reason(&self) -> &str {
        match &self.subject {
            Subject::Order(order) => &order.reason,
            Subject::MovedByHand { reason, .. } => reason,
        }
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// What is to be agreed to, in a few words.
    pub fn words(&self) -> String {
        match &self.subject {
            Subject::Order(order) => format!("{} ordered by `{}`", wanted(order), order.by),
            Subject::MovedByHand { to, by, .. } => format!("the move to `{to}` that `{by}` made by hand"),
        }
    }
}

fn wanted(order: &Order) -> String {
    let what = match &order.command {
        Command::Failover { to } => format!("the failover to `{to}`"),
        Command::Failback => "the failback".to_owned(),
        Command::Evacuate { to: Some(to), .. } => format!("the move to `{to}` in an evacuation"),
        Command::Evacuate { to: None, .. } => "the move in an evacuation".to_owned(),
        Command::LeadGroup { to } => format!("the move of the group to `{to}`"),
        Command::Drill { to, .. } => format!("the drill's move to `{to}`"),
        Command::Adopt => "the adoption".to_owned(),
        Command::Release => "the release".to_owned(),
        Command::Pause { .. } => "the pause".to_owned(),
        Command::Resume => "the resuming".to_owned(),
        Command::Approve { .. } | Command::Decline { .. } => "the answer".to_owned(),
        Command::TellOfMove { .. } => "the record".to_owned(),
    };
    let rules: Vec<&str> = order.overrides.iter().map(|rule| rule.as_str()).collect();
    if rules.is_empty() { what } else { format!("{what} over {}", rules.join(", ")) }
}

/// What an order that waits is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaiting {
    /// What it waits as.
    pub id: ApprovalId,
    /// For how long.
    pub within: Duration,
    /// Why.
    pub why: String,
}
