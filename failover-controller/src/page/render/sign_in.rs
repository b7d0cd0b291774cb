//! The page for whoever has not signed in: one field.

use maud::{Markup, html};

use super::shell::document;

/// The form; `refusal` says why the last try failed.
pub(crate) fn sign_in(refusal: Option<&str>) -> Markup {
    let content = html! {
        main.narrow {
            h1 { "Failover status" }
            p { "Reading needs a token of this controller. The session ends with the token, or after twelve hours, and "
                "only reads: every order asks for an operator's token again." }
            form method="post" action="/session" autocomplete="off" {
                label {
                    "Token"
                    input name="token" type="password" required autofocus autocomplete="off";
                }
                @if let Some(refusal) = refusal { p.refusal role="alert" { (refusal) } }
                button.go type="submit" { "Sign in" }
            }
        }
    };
    document("Sign in", None, &content)
}
