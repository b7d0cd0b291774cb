//! Ports that someone may have taken already: the error says which flag takes another.

use std::io;
use std::net::SocketAddr;

use dns_service::config::TlsConfig;
use dns_service::exit::Exit;
use dns_service::http::{BindError, Listening, PlainHttp, bind};

use crate::failure::Failure;

/// Binds an HTTP listener on loopback.
///
/// # Errors
/// A failure that names the port and `flag`.
pub(crate) fn http(address: SocketAddr, flag: &str) -> Result<Listening, Failure> {
    bind(address, PlainHttp::OnLoopback, &TlsConfig::default()).map_err(|error| match error {
        BindError::Bind { address, source } => taken(address, flag, &source),
        BindError::Plain(address) => Failure::new(Exit::Usage, format!("{address} is beyond this machine's loopback"))
            .hint(format!(
                "dev listens on loopback alone, since everyone may write there: {flag} 127.0.0.1:{}",
                address.port()
            )),
        other @ BindError::Tls { .. } => Failure::new(Exit::Failed, dns_service::exit::one_line(&other)),
    })
}

/// Why an address cannot be had.
pub(crate) fn taken(address: SocketAddr, flag: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AddrInUse {
        let what = format!("{address} is in use, perhaps by another `dns-admin dev`");
        return Failure::new(Exit::Failed, what)
            .hint(format!("{flag} ADDR:PORT takes another one, port 0 a free one; `ss -lntup` shows who has it"));
    }
    let what = format!("cannot listen on {address}: {error}");
    Failure::new(Exit::Failed, what).hint(format!("{flag} ADDR:PORT takes another address"))
}
