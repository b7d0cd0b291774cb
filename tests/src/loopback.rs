//! Loopback addresses that belong to one test.
//!
//! Each sandbox claims an address of its own in 127.0.0.0/8, so tests of the same run, and other people's runs on the
//! same machine, cannot take each other's ports: a port that was free stays free. Looking for a free port on 127.0.0.1
//! has a gap between the look and the server's bind, in which somebody else binds it; a restarted server would have it
//! again.
//!
//! The claim is a listening socket on the address's guard port. The kernel arbitrates it across processes and users of a
//! network namespace and releases it when the process dies; lock files would do neither across temporary folders.
//!
//! BIND listens only on addresses that an interface carries, which of 127.0.0.0/8 is 127.0.0.1 alone. For it there is
//! [`LocalhostPort`]: a port of 127.0.0.1 that is claimed by listening on the same port of a guard address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

/// The port whose listener is the claim: above the ephemeral range of Linux, so that no client is ever bound to it.
const GUARD_PORT: u16 = 61_953;

/// Ports are handed out from here; below the ephemeral range of Linux (from 32768).
const FIRST_PORT: u16 = 20_000;
const LAST_PORT: u16 = 32_000;

/// Where a port of 127.0.0.1 is claimed; below every address that [`Loopback`] claims.
const GUARD_IP: Ipv4Addr = Ipv4Addr::new(127, 15, 0, 1);

/// Addresses or ports to try before giving up; each is taken only while a sandbox lives.
const ATTEMPTS: u32 = 10_000;

/// A claimed loopback address. The claim ends when this is dropped.
#[derive(Debug)]
pub struct Loopback {
    ip: Ipv4Addr,
    next_port: AtomicU16,
    /// Holds the claim; never accepts.
    _guard: TcpListener,
}

impl Loopback {
    /// Claims an address that no other test uses.
    ///
    /// # Panics
    ///
    /// When none can be bound, as on systems that serve only 127.0.0.1.
    pub fn claim() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let ip = candidate(process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            match TcpListener::bind((ip, GUARD_PORT)) {
                Ok(guard) => return Self { ip, next_port: AtomicU16::new(FIRST_PORT), _guard: guard },
                Err(error) => last = Some((ip, error)),
            }
        }
        panic!("no free loopback address after {ATTEMPTS} attempts; the last: {last:?}");
    }

    /// The address.
    pub fn ip(&self) -> IpAddr {
        IpAddr::V4(self.ip)
    }

    /// A port of this address that is free for TCP and UDP and was not handed out before.
    ///
    /// # Panics
    ///
    /// When the range is used up.
    pub fn port(&self) -> u16 {
        loop {
            let port = self.next_port.fetch_add(1, Ordering::Relaxed);
            assert!(port <= LAST_PORT, "no free port left on {}", self.ip);
            // A wildcard listener of the machine takes the port on every loopback address.
            if is_free(self.ip, port) {
                return port;
            }
        }
    }

    /// The address with a fresh [`port`](Self::port).
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.ip(), self.port())
    }
}

/// A claimed port of 127.0.0.1, for TCP and UDP. The claim ends when this is dropped.
#[derive(Debug)]
pub struct LocalhostPort {
    port: u16,
    /// Holds the claim; never accepts.
    _guard: TcpListener,
}

impl LocalhostPort {
    /// Claims a port that no other test uses and that is free now.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn claim() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let range = u32::from(LAST_PORT - FIRST_PORT);
        for _ in 0..ATTEMPTS {
            let count = NEXT.fetch_add(1, Ordering::Relaxed);
            let offset = process::id().wrapping_mul(61).wrapping_add(count) % range;
            let port = FIRST_PORT + u16::try_from(offset).expect("invariant: less than the range of ports");
            let Ok(guard) = TcpListener::bind((GUARD_IP, port)) else { continue };
            if is_free(Ipv4Addr::LOCALHOST, port) {
                return Self { port, _guard: guard };
            }
        }
        panic!("no free port on 127.0.0.1 after {ATTEMPTS} attempts");
    }

    /// 127.0.0.1 with the port.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

fn is_free(ip: Ipv4Addr, port: u16) -> bool {
    TcpListener::bind((ip, port)).is_ok() && UdpSocket::bind((ip, port)).is_ok()
}

/// Spreads processes over 127.16.0.0 to 127.239.255.255, so that the first attempt mostly succeeds; 127.0.x.x is left to the
/// machine's own services, and .0 and .255 are never used because some tools read them as a network's.
fn candidate(pid: u32, count: u32) -> Ipv4Addr {
    let [_, b, c, d] = pid.wrapping_mul(61).wrapping_add(count).wrapping_mul(0x9e37_79b1).to_be_bytes();
    Ipv4Addr::new(127, 16 + b % 224, c, 1 + d % 254)
}
