//! Keeps the copy of a source that transfers its zone: woken by NOTIFY and by the timers of its SOA, it asks for what has changed,
//! or for the whole where the source cannot tell.

use std::sync::Arc;
use std::time::Instant;

use dns_transfer::notify::Wake;
use dns_transfer::refresh::{Bounds, Duty, Found, Secondary};
use dns_transfer::tsig::TsigFault;
use dns_transfer::{Client, Fault, Fetched, Soa, TransferError};
use dns_zone::{Owner, Serial, Zone};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::metering::{self, Transfer};
use super::original::Original;
use super::signs::SourceSign;
use super::told::Told;

/// A source, with what is needed to keep its copy.
pub(super) struct Keeper {
    primary: Primary,
    original: Arc<Original>,
    sign: SourceSign,
    /// None if NOTIFY is not taken.
    wake: Option<Wake>,
    told: Told,
}

/// A server, with one key, or two while they are being exchanged.
pub(super) struct Primary {
    clients: Vec<Client>,
    /// The one whose key the server took last.
    current: usize,
}

impl Primary {
    /// There is at least one client.
    pub(super) fn new(clients: Vec<Client>) -> Self {
        Self { clients, current: 0 }
    }

    fn client(&self) -> &Client {
        &self.clients[self.current]
    }

    /// After a failure: whether the key was at fault, and another one may do at the next try.
    fn changes_key(&mut self, fault: &Fault) {
        if matches!(fault, Fault::Tsig(TsigFault::BadKey { .. } | TsigFault::BadSig { .. })) {
            self.current = (self.current + 1) % self.clients.len();
        }
    }
}

impl Keeper {
    /// Nothing is known yet. Without `wake` NOTIFY is not taken.
    pub(super) fn new(primary: Primary, original: Arc<Original>, sign: SourceSign, wake: Option<Wake>) -> Self {
        Self { primary, original, sign, wake, told: Told::default() }
    }

    /// Keeps the copy until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut timers = Secondary::new(Bounds::default());
        // What is on its way when it ends is nobody's: nothing was promised yet.
        stop.run_until_cancelled(async {
            loop {
                self.do_next(&mut timers).await;
            }
        })
        .await;
    }

    async fn do_next(&mut self, timers: &mut Secondary) {
        match timers.poll(Instant::now()) {
            Duty::Wait(until) => match woken(self.wake.as_mut(), &self.original, until).await {
                Woken::Notified => {
                    metering::woken(self.original.apex());
                    timers.notified(Instant::now());
                }
                Woken::Asked => timers.notified(Instant::now()),
                Woken::Due => {}
            },
            Duty::AskSoa => self.ask(timers).await,
            Duty::Ixfr => self.take_changes(timers).await,
            Duty::Axfr => self.take_whole(timers).await,
            Duty::Expire => {
                let zone = self.original.apex();
                error!(%zone, "the source has confirmed nothing for longer than its SOA allows: nothing is copied from it until it answers");
                self.original.forget();
                self.sign.expired();
            }
        }
    }

    async fn ask(&mut self, timers: &mut Secondary) {
        match self.primary.client().soa(self.original.apex()).await {
            Ok(Soa { serial, .. }) => match timers.soa_came(serial, Instant::now()) {
                Found::Newer => {}
                Found::Same => self.confirmed(serial),
                Found::Behind => {
                    let known = known(timers);
                    self.tell(&format!("its serial {serial} is behind {known}, which is known here: was it restored?"));
                }
            },
            Err(error) => self.failed(timers, &error),
        }
    }

    async fn take_changes(&mut self, timers: &mut Secondary) {
        let fetched = self.primary.client().fetch(&self.original.soa_alone()).await;
        self.changes_came(timers, fetched);
    }

    /// Takes what was answered to an IXFR, which is asked for only where the SOA was newer.
    fn changes_came(&mut self, timers: &mut Secondary, fetched: Result<Fetched, TransferError>) {
        let taken = match fetched {
            Ok(Fetched::Whole(zone)) => return self.take(timers, Transfer::Ixfr, zone),
            Ok(Fetched::Current(serial)) => {
                return self.lags(timers, &format!("its SOA was newer, and then its latest serial was {serial}"));
            }
            Ok(Fetched::Differences(differences)) => self.original.change(differences).map(|changes| changes.len()),
            Err(error) => Err(error),
        };
        match taken {
            Ok(changes) => self.taken(timers, Transfer::Ixfr, changes),
            Err(error) => self.failed(timers, &error),
        }
    }

    async fn take_whole(&mut self, timers: &mut Secondary) {
        match self.primary.client().axfr(self.original.apex()).await {
            Ok(zone) => self.take(timers, Transfer::Axfr, zone),
            Err(error) => self.failed(timers, &error),
        }
    }

    /// Takes a whole zone, but for one that takes back what is known.
    fn take(&mut self, timers: &mut Secondary, how: Transfer, zone: Zone) {
        match zone.serial().filter(|serial| !timers.takes(*serial)) {
            None => {
                let changes = self.original.replace(zone, Vec::new());
                self.taken(timers, how, changes);
            }
            Some(serial) => self.lags(timers, &format!("a whole zone came with serial {serial}")),
        }
    }

    /// What came is not newer than what is known, though the source said that it has something newer.
    fn lags(&mut self, timers: &mut Secondary, what_came: &str) {
        metering::transfer_failed(self.original.apex());
        let known = known(timers);
        // A whole zone would come from the same server.
        timers.failed(false, Instant::now());
        self.tell(&format!("{what_came}, and {known} is known here: does one of its servers lag?"));
    }

    fn taken(&mut self, timers: &mut Secondary, how: Transfer, changes: usize) {
        let zone: &Owner = self.original.apex();
        let soa = self.original.soa().expect("invariant: a transferred zone has an SOA");
        info!(%zone, serial = %soa.serial, changes, "{how} taken");
        metering::transferred(zone, how);
        timers.transferred(soa, Instant::now());
        self.confirmed(soa.serial);
    }

    fn failed(&mut self, timers: &mut Secondary, error: &TransferError) {
        metering::transfer_failed(self.original.apex());
        self.primary.changes_key(&error.fault);
        timers.failed(error.fault.is_worth_axfr(), Instant::now());
        self.tell(&error.to_string());
    }

    /// What is wrong is in the report as long as it lasts, and in the log once.
    fn tell(&mut self, problem: &str) {
        if self.told.is_news(problem) {
            warn!(zone = %self.original.apex(), "the source is not taken: {problem}");
        }
        self.sign.failing(problem.to_owned());
    }

    fn confirmed(&mut self, serial: Serial) {
        if self.told.is_over() {
            info!(zone = %self.original.apex(), %serial, "the source is taken again");
        }
        self.sign.confirmed(Some(serial));
        self.original.confirmed();
    }
}

/// The serial that is known here, for people.
fn known(timers: &Secondary) -> String {
    timers.soa().map_or_else(|| "none".to_owned(), |soa| soa.serial.to_string())
}

/// What ended a wait.
enum Woken {
    /// A NOTIFY.
    Notified,
    /// A target that differs.
    Asked,
    /// The time.
    Due,
}

/// Waits for a NOTIFY, if there is a listener, for a target that wants to know, or until a time, if there is one.
async fn woken(wake: Option<&mut Wake>, original: &Original, until: Option<Instant>) -> Woken {
    let notified = async {
        match wake {
            Some(wake) => wake.woken().await,
            None => std::future::pending().await,
        }
    };
    let due = async {
        match until {
            Some(until) => tokio::time::sleep_until(until.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = notified => Woken::Notified,
        () = original.asked() => Woken::Asked,
        () = due => Woken::Due,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dns_service::clock::Clock;
    use dns_transfer::Limits;
    use dns_transfer::refresh::Duty::{Axfr, Ixfr};

    use super::*;
    use crate::daemon::signs::Signs;
    use crate::fake::{apex, zone};

    fn keeper() -> Keeper {
        let (sign, _) = Signs::default().add(&apex(), "provider hidden".to_owned(), &[], Clock::start());
        let server = "192.0.2.53:53".parse().expect("an address");
        let primary = Primary::new(vec![Client::new(server, None, Limits::default())]);
        Keeper::new(primary, Arc::new(Original::new(apex(), Vec::new())), sign, None)
    }

    fn with_serial(serial: u32) -> Zone {
        zone(&[&format!("@ SOA ns hostmaster {serial} 3600 600 604800 300"), "@ NS ns", "ns A 192.0.2.53"])
    }

    /// After a NOTIFY the source says that it has this serial; the changes are to be taken now.
    fn is_newer(timers: &mut Secondary, serial: u32) {
        let now = Instant::now() + Duration::from_secs(1);
        timers.notified(now);
        assert_eq!(timers.poll(now), Duty::AskSoa);
        assert_eq!(timers.soa_came(Serial::new(serial), now), Found::Newer);
        assert_eq!(timers.poll(now), Ixfr);
    }

    /// Behind one address there may be several servers, of which one lags.
    #[test]
    fn nothing_newer_after_a_newer_soa_confirms_nothing() {
        for lagging in [18, 19] {
            let (mut keeper, mut timers) = (keeper(), Secondary::new(Bounds::default()));
            assert_eq!(timers.poll(Instant::now()), Axfr);
            keeper.take(&mut timers, Transfer::Axfr, with_serial(19));
            is_newer(&mut timers, 20);
            keeper.changes_came(&mut timers, Ok(Fetched::Current(Serial::new(lagging))));
            let Duty::Wait(Some(until)) = timers.poll(Instant::now()) else { panic!("it asks again later") };
            assert!(until < Instant::now() + Duration::from_mins(11), "after retry, not after refresh");
            assert!(keeper.told.is_over(), "it was told");
        }
    }

    #[test]
    fn a_whole_zone_that_is_older_than_what_is_known_is_not_taken() {
        let (mut keeper, mut timers) = (keeper(), Secondary::new(Bounds::default()));
        assert_eq!(timers.poll(Instant::now()), Axfr);
        keeper.take(&mut timers, Transfer::Axfr, with_serial(19));
        is_newer(&mut timers, 20);
        timers.failed(true, Instant::now());
        assert_eq!(timers.poll(Instant::now()), Axfr);
        keeper.take(&mut timers, Transfer::Axfr, with_serial(18));
        assert_eq!(keeper.original.soa().map(|soa| soa.serial), Some(Serial::new(19)));
        let Duty::Wait(Some(until)) = timers.poll(Instant::now()) else { panic!("it asks again later") };
        assert!(until > Instant::now() + Duration::from_mins(1), "after retry, not at once");
        is_newer(&mut timers, 20);
        keeper.take(&mut timers, Transfer::Ixfr, with_serial(20));
        assert_eq!(keeper.original.soa().map(|soa| soa.serial), Some(Serial::new(20)));
    }
}
