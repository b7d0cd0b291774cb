//! Keeps the copy of a source that transfers its zone: woken by NOTIFY and by the timers of its SOA, it asks for what has changed,
//! or for the whole where the source cannot tell.

use std::sync::Arc;
use std::time::Instant;

use dns_transfer::notify::Wake;
use dns_transfer::refresh::{Bounds, Duty, Found, Secondary};
use dns_transfer::tsig::TsigFault;
use dns_transfer::{Client, Fault, Fetched, Soa, TransferError};
use dns_zone::{Owner, Zone};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::metering::{self, Transfer};
use super::original::Original;
use super::signs::SourceSign;

/// A source, with what is needed to keep its copy.
pub(super) struct Keeper {
    pub(super) primary: Primary,
    pub(super) original: Arc<Original>,
    pub(super) sign: SourceSign,
    /// None if NOTIFY is not taken.
    pub(super) wake: Option<Wake>,
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
            Duty::Wait(until) => {
                if woken(self.wake.as_mut(), until).await {
                    metering::woken(self.original.apex());
                    timers.notified(Instant::now());
                }
            }
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
                Found::Same => self.sign.confirmed(Some(serial)),
                Found::Behind => {
                    let known = timers.soa().map(|soa| soa.serial);
                    let known = known.map_or_else(|| "none".to_owned(), |serial| serial.to_string());
                    let text = format!("its serial {serial} is behind {known}, which is known here: was it restored?");
                    warn!(zone = %self.original.apex(), "the source is not taken: {text}");
                    self.sign.failing(text);
                }
            },
            Err(error) => self.failed(timers, &error),
        }
    }

    async fn take_changes(&mut self, timers: &mut Secondary) {
        let fetched = self.primary.client().fetch(&self.original.soa_alone()).await;
        let taken = match fetched {
            Ok(Fetched::Current(_)) => Ok(0),
            Ok(Fetched::Differences(differences)) => self.original.change(differences).map(|changes| changes.len()),
            Ok(Fetched::Whole(zone)) => Ok(self.original.replace(zone, Vec::new())),
            Err(error) => Err(error),
        };
        match taken {
            Ok(changes) => self.taken(timers, Transfer::Ixfr, changes),
            Err(error) => self.failed(timers, &error),
        }
    }

    async fn take_whole(&mut self, timers: &mut Secondary) {
        match self.primary.client().axfr(self.original.apex()).await {
            Ok(zone) => {
                let changes = self.take(zone);
                self.taken(timers, Transfer::Axfr, changes);
            }
            Err(error) => self.failed(timers, &error),
        }
    }

    fn take(&self, zone: Zone) -> usize {
        self.original.replace(zone, Vec::new())
    }

    fn taken(&mut self, timers: &mut Secondary, how: Transfer, changes: usize) {
        let zone: &Owner = self.original.apex();
        let soa = self.original.soa().expect("invariant: a transferred zone has an SOA");
        info!(%zone, serial = %soa.serial, changes, "{how} taken");
        metering::transferred(zone, how);
        timers.transferred(soa, Instant::now());
        self.sign.confirmed(Some(soa.serial));
    }

    fn failed(&mut self, timers: &mut Secondary, error: &TransferError) {
        metering::transfer_failed(self.original.apex());
        self.primary.changes_key(&error.fault);
        timers.failed(error.fault.is_worth_axfr(), Instant::now());
        warn!(%error, "the source did not tell");
        self.sign.failing(error.to_string());
    }
}

/// Waits for a NOTIFY, if there is a listener, or until a time, if there is one; whether it was a NOTIFY.
async fn woken(wake: Option<&mut Wake>, until: Option<Instant>) -> bool {
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
        () = notified => true,
        () = due => false,
    }
}
