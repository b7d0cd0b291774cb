//! What `--help` says below: an example or two, and how each command ends.

/// Of the program.
pub(super) const ALL: &str = "\
Environment:
  DNS_SYNC_CONFIG   the configuration where the command line names none

Examples:
  dns-sync --config sync.yaml --check-config
  dns-sync plan --config sync.yaml --out plan.json && dns-sync apply plan.json --config sync.yaml

Exit codes: 0 done, 1 failed, 2 usage, 3 refused or stopped, 4 written but not served everywhere, 5 unreachable, 64 bad \
configuration; each command's --help says more";

/// Of `plan`.
pub(super) const PLAN: &str = "\
Examples:
  dns-sync plan --config sync.yaml --out plan.json
  dns-sync plan --config sync.yaml --zone example.com --target main --output markdown

Exit codes: 0 planned, whether anything is to be done or not, 1 the plan could not be saved, 2 no such zone or target, 3 a \
source has faults, or a plan is stopped, 5 a source or target cannot be read, 64 bad configuration";

/// Of `apply`.
pub(super) const APPLY: &str = "\
Examples:
  dns-sync apply plan.json --config sync.yaml
  dns-sync apply plan.json --config sync.yaml --force deletesShare

Exit codes: 0 written and served, or nothing to do, 1 something could not be written, 2 usage, 3 nothing more was written: the \
plan is stopped or too old, or something has changed since, 4 written, and not served everywhere within a minute, 5 a source or \
target could not be reached, 64 bad configuration";

/// Of `daemon`.
pub(super) const DAEMON: &str = "\
Examples:
  dns-sync daemon --config sync.yaml --log-format json
  dns-sync daemon --config sync.yaml --zone example.com --listen 127.0.0.1:0

Exit codes: 0 it was told to stop, 1 it could not start, as when its address is taken, 2 no such zone or target, 64 bad \
configuration. What goes wrong later ends nothing: the log, /api/v1/sync and /metrics tell it";

/// Of `rollback`.
pub(super) const ROLLBACK: &str = "\
Examples:
  dns-sync rollback --config sync.yaml --preview
  dns-sync rollback --config sync.yaml --zone example.com --target main --yes

Exit codes: 0 undone and served, 1 something could not be written, 2 no such zone or target, or there is nobody to ask, 3 there is nothing to undo, or \
something else has changed since, 4 written, and not served everywhere within a minute, 5 a target could not be reached, 64 bad \
configuration";

/// Of `capabilities`.
pub(super) const CAPABILITIES: &str = "\
Example:
  dns-sync capabilities --config sync.yaml

Exit codes: 0 told, 1 no client of a provider can be made, 64 bad configuration";

/// Of `diff`.
pub(super) const DIFF: &str = "\
Examples:
  dns-sync diff --config sync.yaml provider:hidden dns://ns1.example.net
  dns-sync diff file:example.com.zone dns://192.0.2.53 --zone example.com

Exit codes: 0 equal, as far as it was seen, 1 different, 2 the zone is not clear, or a name is wrong, 5 a side cannot be read \
whole, 64 bad configuration";

/// Of `ownership`.
pub(super) const OWNERSHIP: &str = "\
Examples:
  dns-sync ownership show --config sync.yaml --zone example.com
  dns-sync ownership claim --config sync.yaml --zone example.com --target main --below dev --preview
  dns-sync ownership transfer --config sync.yaml --zone example.com --target main --to other

Exit codes: 0 shown or written, 1 it could not be written, 2 usage, or there is nobody to ask, 3 refused, or somebody else has \
written meanwhile, 4 written, and read back otherwise, 5 a target could not be reached, 64 bad configuration";
