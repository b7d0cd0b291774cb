//! Who gives an order that no controller authenticates: a name for fence, record and history.

use dns_core::identifier::{Actor, IDENTIFIER_BYTES_MAX};
use dns_service::exit::Exit;

use crate::failure::Failure;

/// Where the name is looked for, in order: whoever became root is still who they were.
const VARIABLES: [&str; 3] = ["SUDO_USER", "USER", "LOGNAME"];

/// The name given, or that of the login.
///
/// # Errors
/// If there is none.
pub fn operator(given: Option<&Actor>) -> Result<Actor, Failure> {
    given.cloned().or_else(login).ok_or_else(|| {
        Failure::new(Exit::Usage, "nobody knows who you are").hint("say it with --by NAME: it stands in the fence")
    })
}

/// The name of the login, if there is one.
pub fn login() -> Option<Actor> {
    VARIABLES.iter().filter_map(|variable| std::env::var(variable).ok()).find_map(|login| actor(&login))
}

/// A login as a name: lower case, and a hyphen for whatever a fence cannot hold.
fn actor(login: &str) -> Option<Actor> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let name: String = login.to_lowercase().chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    let name: String = name.trim_matches('-').chars().take(IDENTIFIER_BYTES_MAX).collect();
    Actor::new(name.trim_matches('-')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_becomes_a_name_that_a_fence_can_hold() {
        let cases = [("ada", Some("ada")), ("Ada.L@example", Some("ada-l-example")), ("_x_", Some("x")), ("--", None)];
        for (login, name) in cases {
            assert_eq!(actor(login).as_ref().map(Actor::as_str), name, "{login}");
        }
        assert!(actor(&"a".repeat(200)).is_some());
    }
}
