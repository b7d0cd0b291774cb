//! A zone as its name servers answer it: what is in sync, over DNS.
//!
//! The serving is `dns-authority`'s; this turns record sets into its records. Its SOA serial goes up with every change,
//! which the service's does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dns_authority::{KeyAlgorithm, Primary, UpdateKey, Zone};
use hickory_proto::rr::Name;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::account::{Account, lock};
use super::name::RecordName;
use super::record::{Alias, Data, Key, RecordSet, Routing};
use super::zone::Sets;

/// How often the zone is looked at: short against every propagation that a test can notice.
const PERIOD: Duration = Duration::from_millis(10);

/// What load balancers have (Developer Guide, "Choosing between alias and non-alias records").
const ALIAS_TTL_SECONDS: u32 = 60;

/// How many aliases may lead to one another; longer chains are loops.
const ALIAS_STEPS_MAX: usize = 8;

/// A zone that is to be served.
#[derive(Debug)]
pub(super) struct View {
    pub(super) zone: String,
    pub(super) name: RecordName,
    pub(super) alias_addresses: BTreeMap<RecordName, Vec<IpAddr>>,
}

impl View {
    /// Serves on the runtime, for as long as it runs, and returns the address.
    pub(super) fn serve(
        self,
        runtime: &Handle,
        address: SocketAddr,
        account: &Arc<Mutex<Account>>,
        sets: Sets,
    ) -> SocketAddr {
        let _context = runtime.enter();
        let origin = Name::from_ascii(self.name.to_string()).expect("a zone's name");
        let text = self.text(&sets, sets.keys().map(|key| &key.name));
        let zone =
            Zone::parse(&origin, &text).unwrap_or_else(|error| panic!("cannot serve {}: {error}\n{text}", self.name));
        // Nobody knows the key: Route 53 takes no UPDATE.
        let secret = std::iter::repeat_with(|| fastrand::u8(..)).take(32).collect();
        let key = UpdateKey::new(&origin, KeyAlgorithm::HmacSha256, secret);
        let bound = Primary::bind(address).unwrap_or_else(|error| panic!("cannot serve {}: {error}", self.name));
        let primary = bound.serve(zone, key, &CancellationToken::new()).expect("the runtime takes the sockets");
        let address = primary.local_addr();
        runtime.spawn(self.follow(primary, Arc::clone(account), sets));
        address
    }

    /// Publishes what comes in sync, until the zone is deleted.
    async fn follow(self, primary: Primary, account: Arc<Mutex<Account>>, mut served: Sets) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let Some(sets) = lock(&account).sets_in_sync(&self.zone) else { return };
            if !Arc::ptr_eq(&sets, &served) {
                self.publish(&primary, &served, &sets);
                served = sets;
            }
        }
    }

    fn publish(&self, primary: &Primary, before: &Sets, after: &Sets) {
        // An alias changes with its target, whose name is another one.
        let may_differ = |key: &Key, set: &Arc<RecordSet>| {
            matches!(set.data, Data::Alias(_)) || before.get(key).is_none_or(|held| !Arc::ptr_eq(held, set))
        };
        let present = after.iter().filter(|(key, set)| may_differ(key, set)).map(|(key, _)| &key.name);
        let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| &key.name);
        let changed: BTreeSet<&RecordName> = present.chain(gone).collect();
        // The server keeps a SOA of its own, whose serial goes up: a change beside it must not bring another.
        let kept = after.iter().filter(|(key, _)| key.rtype != "SOA");
        let after: Sets = Arc::new(kept.map(|(key, set)| (Arc::clone(key), Arc::clone(set))).collect());
        let text = self.text(&after, changed.iter().copied());
        primary.edit(|editor| {
            for name in changed {
                let owner = Name::from_ascii(name.in_zone_file()).expect("a name of the zone");
                editor.remove_name(&owner);
            }
            editor.replace(&text).unwrap_or_else(|error| panic!("cannot serve {}: {error}\n{text}", self.name));
        });
    }

    /// The records of some names, one to a line.
    fn text<'a>(&self, sets: &Sets, names: impl Iterator<Item = &'a RecordName>) -> String {
        let mut text = String::new();
        for name in names.collect::<BTreeSet<_>>() {
            let mut answered = BTreeSet::new();
            for set in of_name(sets, name).into_iter().filter(|set| is_weighty(set)) {
                if !answered.insert(&set.rtype) {
                    continue;
                }
                let (ttl, values) = self.answer(sets, set, ALIAS_STEPS_MAX);
                for value in values {
                    writeln!(text, "{} {ttl} IN {} {}", name.in_zone_file(), set.rtype, absolute(&set.rtype, value))
                        .expect("a string takes it");
                }
            }
        }
        text
    }

    /// What a set answers, an alias after so many steps at most.
    fn answer(&self, sets: &Sets, set: &RecordSet, steps: usize) -> (u32, Vec<String>) {
        let Alias { dns_name, .. } = match &set.data {
            Data::Records { ttl, values } => return (*ttl, values.clone()),
            Data::Alias(alias) => alias,
        };
        let target = of_name(sets, dns_name).into_iter().find(|target| target.rtype == set.rtype && is_weighty(target));
        match (target, steps) {
            (Some(target), 1..) => self.answer(sets, target, steps - 1),
            _ => (ALIAS_TTL_SECONDS, self.addresses(dns_name, &set.rtype)),
        }
    }

    fn addresses(&self, target: &RecordName, rtype: &str) -> Vec<String> {
        let all = self.alias_addresses.get(target).into_iter().flatten();
        all.filter(|address| address.is_ipv4() == (rtype == "A")).map(ToString::to_string).collect()
    }
}

fn of_name<'a>(sets: &'a Sets, name: &RecordName) -> Vec<&'a RecordSet> {
    let first = Key { name: name.clone(), rtype: String::new(), set_identifier: String::new() };
    sets.range::<Key, _>(first..).take_while(|(key, _)| key.name == *name).map(|(_, set)| &**set).collect()
}

fn is_weighty(set: &RecordSet) -> bool {
    set.routing != Some(Routing::Weighted(0))
}

/// Route 53 takes every name in a value for absolute; a zone file does not.
fn absolute(rtype: &str, value: String) -> String {
    let ends_in_a_name = matches!(rtype, "CNAME" | "NS" | "PTR" | "MX" | "SRV");
    if ends_in_a_name && !value.ends_with('.') { value + "." } else { value }
}
