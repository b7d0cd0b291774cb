//! What an installation is started as.

use crate::Kind;

/// One of the two regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The preferred one.
    Prod,
    /// The other.
    Dr,
}

impl Region {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Dr => "dr",
        }
    }
}

/// How the controller hears the monitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Plain HTTP on loopback.
    Plain,
    /// The same, through a [`Proxy`](crate::Proxy) for each monitor.
    Proxied,
    /// TLS and a token; the controller's API speaks TLS, too.
    Tls,
}

/// What differs from the ordinary installation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The authoritative server.
    pub kind: Kind,
    /// The service's mode.
    pub mode: &'static str,
    /// The policy, as a YAML flow mapping's inside.
    pub policy: String,
    /// Further keys of the provider, as a YAML flow mapping's inside.
    pub provider: String,
    /// How many monitors.
    pub monitors: usize,
    /// How the controller hears them.
    pub hearing: Hearing,
    /// How many of them, the first ones, stand inside the network of the provider's servers: they have the label
    /// `side: inside`, and with any of them monitors take the controller's questions.
    pub inside: usize,
    /// Whether vantage points have a control target, which is nobody's endpoint.
    pub controlled: bool,
    /// Further services, which only observe the same regions: each has a record of its own.
    pub observers: usize,
    /// `DNS_FAILPOINTS` of the controller.
    pub failpoints: Option<String>,
    /// Lines of `sh` that prepare a small disk of the controller's own for its store, see [`Launch::on_own_disk`](crate::Launch::on_own_disk);
    /// without them the store is in the sandbox.
    pub disk: Option<String>,
    /// Whether to wait until the controller is ready: it never is without its store.
    pub ready: bool,
    /// Whether to adopt the service and wait until it is steady on prod, with dr proven.
    pub armed: bool,
}

impl Plan {
    /// The ordinary installation on a kind of server.
    pub fn on(kind: Kind) -> Self {
        Self {
            kind,
            mode: "active",
            policy: "interval: 250ms, timeout: 200ms, detection: { fall: 2, rise: 2 }, quorum: 2, readyFor: 1s, \
                     cooldown: 10m, verifyWithin: 20s"
                .to_owned(),
            provider: "timeout: 2s, readInterval: 500ms, permit: 5s".to_owned(),
            monitors: 3,
            hearing: Hearing::Plain,
            inside: 0,
            controlled: false,
            observers: 0,
            failpoints: None,
            disk: None,
            ready: true,
            armed: true,
        }
    }
}
