//! What can be compared, as people name it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use dns_core::identifier::ProviderName;
use url::Url;

/// Where DNS servers listen.
const PORT: u16 = 53;

/// One of the two that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A zone file.
    File(PathBuf),
    /// A zone of octoDNS's `YamlProvider`.
    OctoDns(PathBuf),
    /// A provider of the configuration, with its key or token.
    Provider(ProviderName),
    /// A server, asked without any key.
    Live(Server),
}

/// A server by name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// An IPv6 address stands in brackets.
    host: String,
    port: u16,
}

/// A text names nothing that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {why}; write `file:PATH`, `octodns:PATH`, `provider:NAME` or `dns://HOST[:PORT]`")]
pub(crate) struct SideError {
    text: String,
    why: String,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::OctoDns(path) => write!(f, "octodns:{}", path.display()),
            Self::Provider(name) => write!(f, "provider:{name}"),
            Self::Live(server) => write!(f, "dns://{server}"),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Side {
    type Err = SideError;

    fn from_str(text: &str) -> Result<Self, SideError> {
        let wrong = |why: &str| SideError { text: text.to_owned(), why: why.to_owned() };
        let (scheme, rest) = text.split_once(':').ok_or_else(|| wrong("does not say what it is"))?;
        if rest.is_empty() {
            return Err(wrong("is not whole"));
        }
        match scheme {
            "file" => Ok(Self::File(rest.into())),
            "octodns" => Ok(Self::OctoDns(rest.into())),
            "provider" => rest.parse().map(Self::Provider).map_err(|error| wrong(&format!("is no provider: {error}"))),
            "dns" => server(text).map(Self::Live).ok_or_else(|| wrong("is no server")),
            _ => Err(wrong("is of no kind that is known")),
        }
    }
}

/// A server's URL holds a host and perhaps a port: a path or a user would mean that something else was meant.
fn server(text: &str) -> Option<Server> {
    let url = Url::parse(text).ok()?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
    let host = url.host_str().filter(|host| is_bare && !host.is_empty())?.to_owned();
    let port = url.port().unwrap_or(PORT);
    (port > 0).then_some(Server { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Side {
        text.parse().expect(text)
    }

    #[test]
    fn each_kind_is_named_by_what_stands_before_the_colon() {
        assert_eq!(read("file:zones/a.zone"), Side::File("zones/a.zone".into()));
        assert_eq!(read("octodns:/a.yaml"), Side::OctoDns("/a.yaml".into()));
        assert_eq!(read("provider:main"), Side::Provider("main".parse().expect("a name")));
        for (text, shown) in [
            ("dns://ns1.example.net", "dns://ns1.example.net:53"),
            ("dns://192.0.2.53:5353", "dns://192.0.2.53:5353"),
            ("dns://[2001:db8::53]/", "dns://[2001:db8::53]:53"),
        ] {
            assert_eq!(read(text).to_string(), shown);
        }
    }

    #[test]
    fn what_names_nothing_is_refused_with_what_would() {
        for text in ["a.zone", "file:", "http://a", "dns:192.0.2.1", "dns://", "dns://a/b", "dns://a:0", "provider:A B"]
        {
            let told = text.parse::<Side>().expect_err(text).to_string();
            assert!(
                told.contains("write `file:PATH`, `octodns:PATH`, `provider:NAME` or `dns://HOST[:PORT]`"),
                "{told}"
            );
        }
    }
}
