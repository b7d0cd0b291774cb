//! Directives: `$ORIGIN` and `$INCLUDE` (RFC 1035 §5.1), `$TTL` (RFC 2308 §4).

use super::duration;
use super::reader::{Fault, Reader, Scope};
use super::record;
use crate::rdata::scan;
use crate::token::{self, Lexer, Token};

impl Reader<'_> {
    pub(super) fn directive(
        &mut self,
        lexer: &Lexer<'_>,
        scope: &mut Scope,
        word: &Token,
        arguments: &[Token],
    ) -> Result<(), Fault> {
        let text = lexer.text();
        match word.raw(text).to_ascii_uppercase().as_slice() {
            b"$ORIGIN" => {
                let argument = only(word, arguments, "$ORIGIN name")?;
                scope.origin = name(text, argument, scope)?;
                Ok(())
            }
            b"$TTL" => {
                let argument = only(word, arguments, "$TTL seconds")?;
                let secs = duration::secs(argument.raw(text));
                let secs =
                    secs.map_err(|reason| Fault::new(argument, reason, "write a number of seconds, such as `3600`"))?;
                self.default_ttl = Some(record::ttl(argument, secs)?);
                Ok(())
            }
            b"$INCLUDE" => self.include_directive(lexer, scope, word, arguments),
            b"$GENERATE" => {
                let advice = "write its records out (`named-compilezone` does), or put them into a file of their own";
                Err(Fault::new(word, "this directive is BIND's own and not read here", advice))
            }
            _ => Err(Fault::new(
                word,
                "this is no directive",
                "known are $ORIGIN, $TTL and $INCLUDE; a name that begins so is written `\\$…`",
            )),
        }
    }

    fn include_directive(
        &mut self,
        lexer: &Lexer<'_>,
        scope: &Scope,
        word: &Token,
        arguments: &[Token],
    ) -> Result<(), Fault> {
        const FORM: &str = "write `$INCLUDE file` or `$INCLUDE file origin`";
        let text = lexer.text();
        let (file, origin) = match arguments {
            [] => return Err(Fault::after(word, "the file is missing", FORM)),
            [file] => (file, scope.origin.clone()),
            [file, origin] => (file, name(text, origin, scope)?),
            [_, _, more, ..] => return Err(Fault::new(more, "this follows the directive's end", FORM)),
        };
        let octets = token::octets_of(file.raw(text)).map_err(|reason| Fault::new(file, reason, FORM))?;
        let path =
            String::from_utf8(octets).map_err(|_| Fault::new(file, "the file's name is no UTF-8", "rename it"))?;
        self.include(scope, &path, origin).map_err(|(message, advice)| Fault::new(file, message, advice))
    }
}

/// The only argument of a directive.
fn only<'t>(word: &Token, arguments: &'t [Token], form: &'static str) -> Result<&'t Token, Fault> {
    match arguments {
        [argument] => Ok(argument),
        [] => Err(Fault::after(word, "its argument is missing", format!("write `{form}`"))),
        [_, more, ..] => Err(Fault::new(more, "this follows the directive's end", format!("write `{form}`"))),
    }
}

fn name(text: &[u8], token: &Token, scope: &Scope) -> Result<domain::base::Name<Vec<u8>>, Fault> {
    scan::name(token, token.raw(text), &scope.origin).map_err(|reason| Fault::new(token, reason, record::NAME_ADVICE))
}
