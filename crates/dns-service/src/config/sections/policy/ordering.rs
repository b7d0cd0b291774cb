//! The part of a policy that binds orders: how long their overrides count, and which need a second person.

use std::collections::BTreeSet;

use dns_core::approval::ApprovalPolicy;
use dns_core::kernel::Rule;
use dns_core::overriding::OverrideTerm;
use dns_core::write::WriteKind;

use crate::config::tree::{Spot, each, or_default};

/// `overrides: { last: 10m, lastAtMost: 1h }`.
pub(super) fn read_overrides(spot: &Spot<'_>) -> Option<OverrideTerm> {
    let default = OverrideTerm::default();
    let map = spot.map(&["last", "lastAtMost"])?;
    let most = map.optional("lastAtMost");
    let longest = or_default(most.clone(), default.longest, |spot| spot.positive_duration())?;
    if longest > OverrideTerm::LONGEST_MAX {
        let bound = humantime::format_duration(OverrideTerm::LONGEST_MAX);
        most.as_ref().unwrap_or(spot).fault_with_hint(
            format!("overrides would last longer than {bound}"),
            "whoever overrides a rule has looked at what is so now; order again later",
        );
        return None;
    }
    let last = map.optional("last");
    // A default never makes a short bound a fault.
    let usual = or_default(last.clone(), default.usual.min(longest), |spot| spot.positive_duration())?;
    if usual > longest {
        let bound = humantime::format_duration(longest);
        last.as_ref().unwrap_or(spot).fault(format!("is longer than `lastAtMost`, {bound}"));
        return None;
    }
    Some(OverrideTerm { usual, longest })
}

/// `approval: { overrides: [targetProven], orders: [release], within: 15m }`.
pub(super) fn read_approval(spot: &Spot<'_>) -> Option<ApprovalPolicy> {
    let default = ApprovalPolicy::default();
    let map = spot.map(&["overrides", "orders", "within"])?;
    let overrides = or_default(map.optional("overrides"), BTreeSet::new(), |spot| read_rules(&spot));
    let orders = or_default(map.optional("orders"), BTreeSet::new(), |spot| read_kinds(&spot));
    let within = or_default(map.optional("within"), default.within, |spot| {
        let within = spot.positive_duration()?;
        if within > ApprovalPolicy::WITHIN_MAX {
            let bound = humantime::format_duration(ApprovalPolicy::WITHIN_MAX);
            spot.fault_with_hint(
                format!("an order would wait longer than {bound}"),
                "what is approved later was asked in another situation; order again then",
            );
            return None;
        }
        Some(within)
    });
    let policy = ApprovalPolicy { overrides: overrides?, orders: orders?, within: within? };
    if !policy.is_demanding() {
        spot.fault_with_hint("names no order that needs a second person", "name `overrides` or `orders`, or remove it");
        return None;
    }
    Some(policy)
}

fn read_rules(spot: &Spot<'_>) -> Option<BTreeSet<Rule>> {
    let overridable = || Rule::ALL.iter().copied().filter(|rule| rule.is_overridable());
    if spot.is_word("all") {
        return Some(overridable().collect());
    }
    let known: Vec<(&str, Rule)> = overridable().map(|rule| (rule.as_str(), rule)).collect();
    let rules = each(&spot.filled_list("a rule that can be overridden")?, |spot| spot.choice(&known))?;
    Some(rules.into_iter().collect())
}

fn read_kinds(spot: &Spot<'_>) -> Option<BTreeSet<WriteKind>> {
    let known = ApprovalPolicy::KINDS.map(|kind| (kind.as_str(), kind));
    let kinds = each(&spot.filled_list("an order")?, |spot| spot.choice(&known))?;
    Some(kinds.into_iter().collect())
}
