//! Who is told what happens, who is asked before a move, and who is told after it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use dns_core::identifier::{HookName, ReceiverName, ServiceName};
use url::Url;

/// One receiver of notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// Its name, in logs and metrics and as the reader of the history that it is.
    pub name: ReceiverName,
    /// What it is told.
    pub on: BTreeSet<Topic>,
    /// Of which services; `None` means all.
    pub services: Option<BTreeSet<ServiceName>>,
    /// How long one call may take.
    pub timeout: Duration,
    /// How it is told.
    pub kind: ReceiverKind,
}

/// What a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Rows of the history that should wake someone, and those that end such a trouble.
    Pages,
    /// Every row of a decision that moves records.
    Moves,
    /// Every row.
    All,
}

/// How a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// Signed JSON.
    Webhook {
        /// Where to.
        url: Url,
        /// The file with the secret that signs.
        secret_file: PathBuf,
    },
    /// Text for people, to whatever takes what Slack's incoming webhooks take.
    Slack {
        /// The file with the URL, which is a secret.
        url_file: PathBuf,
    },
    /// Events that open and resolve incidents.
    PagerDuty {
        /// The endpoint of the Events API v2.
        url: Url,
        /// The file with the integration's key.
        routing_key_file: PathBuf,
    },
    /// Alerts.
    Alertmanager {
        /// Its root, as `--web.external-url` has it.
        url: Url,
        /// The file with a bearer token, for one behind a proxy that wants one.
        token_file: Option<PathBuf>,
    },
}

/// Hooks of a policy, and the services that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksConfig {
    /// Whose moves they are asked about.
    pub services: BTreeSet<ServiceName>,
    /// Asked before a move is sent.
    pub pre_flip: Vec<PreFlipHook>,
    /// Told after a move was verified, or could not be.
    pub post_flip: Vec<HookConfig>,
}

/// Where a hook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookConfig {
    /// Its name, in reasons, logs and metrics.
    pub name: HookName,
    /// Where to.
    pub url: Url,
    /// The file with the secret that signs.
    pub secret_file: PathBuf,
    /// How long one call may take.
    pub timeout: Duration,
}

/// A hook that may say no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreFlipHook {
    /// Where.
    pub hook: HookConfig,
    /// What it means if it does not answer.
    pub on_timeout: OnTimeout,
}

/// What the silence of a pre-flip hook means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// The move goes on: the hook must not stand between users and a region that works.
    Proceed,
    /// The move ends: without a yes nothing moves.
    Veto,
}
