//! A second person must exist: a policy that wants one needs two holders of an operator's token.

use crate::config::sections::policy::Policies;
use crate::config::sections::top::Top;
use crate::config::{ControllerConfig, Role};

/// Refuses policies that want a second person where there is only one. Names of tokens are unique, so each is a person.
pub(in crate::config) fn check(top: &Top<'_>, policies: &Policies, controller: Option<&ControllerConfig>) {
    let Some(controller) = controller else { return };
    let operators = controller.tokens.iter().filter(|token| token.role == Role::Operator).count();
    if operators >= 2 {
        return;
    }
    for name in policies.demanding() {
        let message = format!(
            "`policies.{name}.approval` wants a second person, and `controller.tokens` has {operators} with the role operator"
        );
        top.missing(&message, "give each operator a token of a name of their own, or remove `approval`");
    }
}
