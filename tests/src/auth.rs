//! Authoritative name servers: a primary that takes signed updates, and secondaries that follow it.
//!
//! One [`AuthServer`] is one zone on one kind of software. What differs between the kinds is behind `Node`, so a test of
//! the product is written once and run over [`Kind::ALL`]. The servers are asked with `dig` and edited with the tools that
//! their operators use, because answers and refusals of those are what the product's users will compare with.

mod bind;
mod knot;
mod powerdns;

use std::fmt::{self, Debug};
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;

use data_encoding::BASE64;

use crate::command::{self, Finished};
use crate::process::{Process, Sandbox};
use crate::until::{PATIENCE, until};

/// Seconds until `nsupdate` and `knsupdate` give up; their own default is minutes, and the server is on loopback.
const UPDATE_LIMIT_S: &str = "5";

/// The name server software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Knot DNS.
    Knot,
    /// BIND 9.
    Bind,
    /// `PowerDNS` Authoritative Server on `SQLite`.
    PowerDns,
}

impl Kind {
    /// Every kind, to run a test over all of them.
    pub const ALL: [Self; 3] = [Self::Knot, Self::Bind, Self::PowerDns];
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Knot => "knot",
            Self::Bind => "bind",
            Self::PowerDns => "powerdns",
        })
    }
}

/// A TSIG algorithm (RFC 8945 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// hmac-sha256.
    HmacSha256,
    /// hmac-sha384.
    HmacSha384,
    /// hmac-sha512.
    HmacSha512,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        })
    }
}

/// A TSIG key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: String,
    algorithm: Algorithm,
    secret: String,
}

impl Key {
    /// Makes a key with a random secret of 64 octets, which suits every algorithm. The name has no final dot.
    ///
    /// # Panics
    ///
    /// When the system gives no random octets.
    pub fn generate(name: &str, algorithm: Algorithm) -> Self {
        let mut octets = [0; 64];
        let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut octets));
        read.expect("random octets from /dev/urandom");
        Self { name: name.to_owned(), algorithm, secret: BASE64.encode(&octets) }
    }

    /// The name, without the final dot.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The secret in base64.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The key as the `-y` option of dig, nsupdate, knsupdate and kdig takes it.
    fn option(&self) -> String {
        format!("{}:{}:{}", self.algorithm, self.name, self.secret)
    }
}

/// Where a server takes changes over HTTP, as `PowerDNS` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Where it listens.
    pub address: SocketAddr,
    /// The key that opens it.
    pub key: String,
}

/// What to serve, and to whom.
#[derive(Clone, Debug)]
pub struct Setup {
    zone: String,
    text: String,
    keys: Vec<Key>,
    reader: Key,
    secondaries: usize,
    notifies: bool,
    also_notify: Vec<SocketAddr>,
    is_signed: bool,
}

impl Setup {
    /// A zone (without the final dot) with its content as a zone file; one key, `flip-key`, hmac-sha256; one secondary.
    pub fn new(zone: &str, text: &str) -> Self {
        let keys = vec![Key::generate("flip-key", Algorithm::HmacSha256)];
        let reader = Key::generate("read-key", Algorithm::HmacSha256);
        Self {
            zone: zone.to_owned(),
            text: text.to_owned(),
            keys,
            reader,
            secondaries: 1,
            notifies: true,
            also_notify: Vec::new(),
            is_signed: false,
        }
    }

    /// The keys that may update and transfer, in place of the one. The first also signs NOTIFY and the secondaries' transfers.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn keys(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.keys = keys.into_iter().collect();
        assert!(!self.keys.is_empty(), "a primary needs a key");
        self
    }

    /// How many secondaries follow the primary.
    #[must_use]
    pub fn secondaries(mut self, count: usize) -> Self {
        self.secondaries = count;
        self
    }

    /// Lets the primary notify nobody: secondaries then follow only when somebody else tells them, or an hour later.
    #[must_use]
    pub fn without_notify(mut self) -> Self {
        self.notifies = false;
        self
    }

    /// Lets the primary notify somebody who is none of its secondaries, signed by the first key.
    #[must_use]
    pub fn also_notify(mut self, address: SocketAddr) -> Self {
        self.also_notify.push(address);
        self
    }

    /// Lets the primary sign the zone (DNSSEC), with keys of its own.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.is_signed = true;
        self
    }
}

/// What a server does in the zone.
enum Role<'a> {
    /// Takes updates, and notifies the secondaries.
    Primary { notify: &'a [SocketAddr] },
    /// Transfers from the primary.
    Secondary { primary: SocketAddr },
}

/// A server to be configured.
struct Place<'a> {
    sandbox: &'a Sandbox,
    /// Names the server's folder and log within the sandbox.
    label: String,
    address: SocketAddr,
    setup: &'a Setup,
    role: Role<'a>,
}

impl<'a> Place<'a> {
    fn new(
        sandbox: &'a Sandbox,
        kind: Kind,
        name: &str,
        address: SocketAddr,
        setup: &'a Setup,
        role: Role<'a>,
    ) -> Self {
        Self { sandbox, label: format!("{kind}-{name}-{}", setup.zone), address, setup, role }
    }
}

/// One running server of some kind.
trait Node: Debug {
    fn process(&mut self) -> &mut Process;

    /// Refuses updates until [`thaw`](Self::thaw).
    fn freeze(&self);

    fn thaw(&self);

    /// Replaces the zone's data and history by a zone file, while the server is down.
    fn replace_data(&self, text: &str);

    /// Its HTTP API, if it has one.
    fn api(&self) -> Option<&Api> {
        None
    }

    /// Gives it a command about the zone by its own tool.
    fn control(&self, command: &str, arguments: &[&str]);
}

/// A zone on a primary and its secondaries, all of one kind.
#[derive(Debug)]
pub struct AuthServer {
    kind: Kind,
    setup: Setup,
    primary: Box<dyn Node>,
    primary_address: SocketAddr,
    secondaries: Vec<Box<dyn Node>>,
    secondary_addresses: Vec<SocketAddr>,
}

impl AuthServer {
    /// Starts the primary and the secondaries and waits until all of them serve the zone.
    ///
    /// # Panics
    ///
    /// When one does not serve within [`PATIENCE`].
    pub fn start(kind: Kind, setup: Setup) -> Self {
        Self::start_in(&Sandbox::new(), kind, setup)
    }

    /// Starts them within an existing sandbox.
    ///
    /// # Panics
    ///
    /// When one does not serve within [`PATIENCE`].
    pub fn start_in(sandbox: &Sandbox, kind: Kind, setup: Setup) -> Self {
        let address = || match kind {
            // BIND listens only on addresses that an interface carries.
            Kind::Bind => sandbox.localhost_socket(),
            Kind::Knot | Kind::PowerDns => sandbox.socket(),
        };
        let primary_address = address();
        let secondary_addresses: Vec<SocketAddr> = (0..setup.secondaries).map(|_| address()).collect();
        let notified: &[SocketAddr] = if setup.notifies { &secondary_addresses } else { &[] };
        let notify = [notified, &setup.also_notify].concat();
        let role = Role::Primary { notify: &notify };
        let primary = launch(kind, &Place::new(sandbox, kind, "primary", primary_address, &setup, role));
        let secondaries = Vec::new();
        let mut server = Self { kind, setup, primary, primary_address, secondaries, secondary_addresses };
        server.until_primary_serves();
        server.start_secondaries(sandbox);
        server
    }

    /// The software.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The zone's name, without the final dot.
    pub fn zone(&self) -> &str {
        &self.setup.zone
    }

    /// The first key.
    pub fn key(&self) -> &Key {
        &self.setup.keys[0]
    }

    /// A key that the primary knows and that may do nothing but sign questions.
    pub fn reader_key(&self) -> &Key {
        &self.setup.reader
    }

    /// Where the primary listens, for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.primary_address
    }

    /// The primary's HTTP API.
    ///
    /// # Panics
    ///
    /// For every kind but `PowerDNS`, which have none.
    pub fn api(&self) -> &Api {
        self.primary.api().unwrap_or_else(|| panic!("{} has no HTTP API", self.kind))
    }

    /// Where the authoritative servers listen: the primary, then the secondaries.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        [self.primary_address].into_iter().chain(self.secondary_addresses.iter().copied()).collect()
    }

    /// The primary's process, to be killed, stopped and continued.
    pub fn primary(&mut self) -> &mut Process {
        self.primary.process()
    }

    /// A secondary's process.
    ///
    /// # Panics
    ///
    /// When there is no such secondary.
    pub fn secondary(&mut self, number: usize) -> &mut Process {
        self.secondaries[number].process()
    }

    /// Starts the primary again with the data that it has, after a kill or in place of the running process.
    ///
    /// # Panics
    ///
    /// When it does not serve within [`PATIENCE`].
    pub fn restart(&mut self) {
        self.primary.process().restart();
        self.until_primary_serves();
    }

    /// Asks the primary; see [`query_at`].
    pub fn query(&self, name: &str, rtype: &str) -> Vec<String> {
        query_at(self.primary_address, name, rtype)
    }

    /// Transfers the zone with the key: the records as `dig` prints them, with white space as single spaces, sorted.
    ///
    /// # Errors
    ///
    /// What `dig` says when the transfer is refused or fails.
    pub fn transfer(&self) -> Result<Vec<String>, String> {
        self.transfer_with(Some(self.key()))
    }

    /// Transfers the zone, unsigned without a key.
    ///
    /// # Errors
    ///
    /// What `dig` says when the transfer is refused or fails.
    pub fn transfer_with(&self, key: Option<&Key>) -> Result<Vec<String>, String> {
        let option = key.map(|key| format!("-y{}", key.option()));
        let extra: Vec<&str> = ["+onesoa", "+noall", "+answer"].into_iter().chain(option.as_deref()).collect();
        let answer = dig(self.primary_address, &self.setup.zone, "AXFR", &extra);
        let comment = answer.stdout.lines().find(|line| line.starts_with("; ") && !line.starts_with("; <<>>"));
        match comment {
            None if answer.is_success() && !answer.stdout.is_empty() => Ok(sorted_records(&answer.stdout)),
            _ => Err(answer.stdout + &answer.stderr),
        }
    }

    /// Sends a signed UPDATE (RFC 2136) made of nsupdate's lines, e.g. `update add www.example.test. 60 A 192.0.2.1` or
    /// `prereq nxrrset www.example.test. AAAA`.
    ///
    /// # Errors
    ///
    /// What the tool says when the server refuses.
    pub fn update(&self, lines: &[&str]) -> Result<(), String> {
        self.update_with(Some(self.key()), lines)
    }

    /// Sends an UPDATE, unsigned without a key.
    ///
    /// # Errors
    ///
    /// What the tool says when the server refuses.
    pub fn update_with(&self, key: Option<&Key>, lines: &[&str]) -> Result<(), String> {
        let tool = match self.kind {
            Kind::Knot => "knsupdate",
            Kind::Bind | Kind::PowerDns => "nsupdate",
        };
        let option = key.map(Key::option);
        let key_args = option.iter().flat_map(|option| ["-y", option]);
        let args = ["-v", "-t", UPDATE_LIMIT_S].into_iter().chain(key_args);
        let finished = command::run(tool, args, &self.update_script(lines));
        // knsupdate reports a refusal on standard error and may still exit with 0.
        if finished.is_success() && finished.stderr.is_empty() {
            return Ok(());
        }
        Err(finished.stdout + &finished.stderr)
    }

    /// Edits the zone as an operator would by hand, past the product, with the server's own tool.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn edit(&self, lines: &[&str]) {
        if let Err(refusal) = self.update(lines) {
            panic!("{} refused the edit {lines:?}: {refusal}", self.kind);
        }
    }

    /// Gives the primary commands about the zone by its own tool, such as `knotc`; each is an action with its arguments.
    ///
    /// # Panics
    ///
    /// When one fails, and for `PowerDNS`, which has no such tool.
    pub fn control(&self, commands: &[&[&str]]) {
        for command in commands {
            let (action, arguments) = command.split_first().expect("a command has an action");
            self.primary.control(action, arguments);
        }
    }

    /// Freezes the zone at the primary, so that it refuses updates.
    ///
    /// # Panics
    ///
    /// When the server refuses to, and for `PowerDNS`, which cannot.
    pub fn freeze(&self) {
        self.primary.freeze();
    }

    /// Ends [`freeze`](Self::freeze).
    ///
    /// # Panics
    ///
    /// When the server refuses to.
    pub fn thaw(&self) {
        self.primary.thaw();
    }

    /// Restores another state of the zone at the primary: stops it, replaces data and history, starts it. Secondaries
    /// follow only if the serial in `text` is newer than theirs, as after a real restore.
    ///
    /// # Panics
    ///
    /// When the primary does not serve within [`PATIENCE`].
    pub fn restore(&mut self, text: &str) {
        self.primary.process().kill9();
        self.primary.replace_data(text);
        self.restart();
    }

    fn update_script(&self, lines: &[&str]) -> String {
        let (address, zone) = (self.primary_address, &self.setup.zone);
        let lines = lines.join("\n");
        format!("server {} {}\nzone {zone}.\n{lines}\nsend\n", address.ip(), address.port())
    }

    /// Starts the secondaries after the primary serves: one that finds no primary waits long before it tries again.
    fn start_secondaries(&mut self, sandbox: &Sandbox) {
        for (number, address) in self.secondary_addresses.iter().enumerate() {
            let name = format!("secondary{number}");
            let role = Role::Secondary { primary: self.primary_address };
            let place = Place::new(sandbox, self.kind, &name, *address, &self.setup, role);
            self.secondaries.push(launch(self.kind, &place));
        }
        for (node, address) in self.secondaries.iter_mut().zip(&self.secondary_addresses) {
            node.process().until_ready(PATIENCE, || soa(*address, &self.setup.zone).map(drop));
        }
    }

    fn until_primary_serves(&mut self) {
        let (address, zone) = (self.primary_address, &self.setup.zone);
        self.primary.process().until_ready(PATIENCE, || soa(address, zone).map(drop));
    }

    /// Waits until every secondary has the primary's serial.
    ///
    /// # Panics
    ///
    /// When one has not within [`PATIENCE`].
    pub fn until_secondaries_follow(&self) {
        let zone = &self.setup.zone;
        for address in &self.secondary_addresses {
            until(&format!("secondary {address} has the primary's serial"), PATIENCE, || {
                let (theirs, ours) = (soa(*address, zone), soa(self.primary_address, zone));
                if theirs.is_ok() && theirs == ours { Ok(()) } else { Err((theirs, ours)) }
            });
        }
    }
}

/// Asks one server as users do, `dig +short`: the answers, sorted. No answer at all shows as dig's own `;;` lines, so a dead
/// server is never taken for an empty name.
pub fn query_at(server: SocketAddr, name: &str, rtype: &str) -> Vec<String> {
    let mut lines: Vec<String> = dig(server, name, rtype, &["+short"]).stdout.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn soa(server: SocketAddr, zone: &str) -> Result<Vec<String>, Vec<String>> {
    let lines = query_at(server, zone, "SOA");
    match lines.as_slice() {
        [line] if !line.starts_with(';') => Ok(lines),
        _ => Err(lines),
    }
}

fn dig(server: SocketAddr, name: &str, rtype: &str, extra: &[&str]) -> Finished {
    let (ip, port) = (format!("@{}", server.ip()), server.port().to_string());
    // -r: the user's .digrc must not change what the tests see.
    let common = ["-r", "+tries=1", "+time=1", &ip, "-p", &port];
    command::run("dig", common.iter().chain(extra).chain([&name, &rtype]), "")
}

fn sorted_records(text: &str) -> Vec<String> {
    let records = text.lines().filter(|line| !line.is_empty() && !line.starts_with(';'));
    let mut records: Vec<String> = records.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    records.sort();
    records
}

fn launch(kind: Kind, place: &Place<'_>) -> Box<dyn Node> {
    match kind {
        Kind::Knot => knot::start(place),
        Kind::Bind => bind::start(place),
        Kind::PowerDns => powerdns::start(place),
    }
}
