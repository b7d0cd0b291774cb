//! Sends one HTTP or HTTPS request and judges the response.
//!
//! Every run opens a new connection, without TLS resumption: a pooled connection would hide a backend that takes no
//! new ones, a resumed session a certificate that has expired or changed. The connection goes to the endpoint's
//! address whatever the host is called, never through a proxy of the environment. Redirects are followed only if the
//! specification says so, and only to the same host.

mod client;
mod judge;
mod words;

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dns_core::probe::{HeaderSource, HttpProbe};
use dns_core::service::Endpoint;
use dns_service::config::secret::read_secret_line;
use dns_service::exit::one_line;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::{Client, Url};
use tokio::time::{Instant as Deadline, timeout_at};

use self::client::Clients;
use super::certificate::CertificateEnd;
use super::{Failure, Outcome};

/// Probes one endpoint by one specification, and keeps its clients.
#[derive(Debug)]
pub struct HttpProber {
    spec: HttpProbe,
    /// The endpoint's host name, if it has one.
    hostname: Option<String>,
    clients: Clients,
    /// The certificate that was served last, of whichever address.
    certificate: Mutex<Option<CertificateEnd>>,
}

impl HttpProber {
    /// Prepares a prober; nothing is read or sent.
    pub fn new(endpoint: &Endpoint, spec: HttpProbe) -> Self {
        let hostname = endpoint.hostname().map(|name| name.to_ascii().trim_end_matches('.').to_owned());
        let clients = Clients::new(spec.tls.clone(), spec.redirects_max);
        Self { spec, hostname, clients, certificate: Mutex::default() }
    }

    /// `http` or `https`.
    pub fn kind(&self) -> &'static str {
        if self.spec.tls.is_some() { "https" } else { "http" }
    }

    /// Good if the response of `target` is the expected one, within `within`.
    pub async fn run(&self, target: IpAddr, within: Duration) -> Outcome {
        let started = Instant::now();
        match self.ask(target, within).await {
            Ok(()) => Outcome::Good { latency: started.elapsed() },
            Err(failure) => failure.outcome(started.elapsed()),
        }
    }

    /// When the certificate ends that was served last.
    pub fn certificate(&self) -> Option<CertificateEnd> {
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, target: IpAddr, within: Duration) -> Result<(), Failure> {
        let deadline = Deadline::now() + within;
        let late = |phase: &str| Failure::Theirs(format!("timed out after {} ms while {phase}", within.as_millis()));
        let prepared = timeout_at(deadline, self.prepare(target, within)).await;
        let (client, url, headers) =
            prepared.map_err(|_| Failure::Ours("reading the probe's own files took too long".to_owned()))??;
        let method = Method::from_bytes(self.spec.method.as_bytes())
            .map_err(|error| Failure::Ours(format!("`{}`: {error}", self.spec.method)))?;
        let sent = timeout_at(deadline, client.request(method, url).headers(headers).send()).await;
        let response = sent.map_err(|_| late("waiting for the response"))?;
        let mut response = response.map_err(|error| words::sort(&error, within))?;
        let served = judge::certificate(&response);
        if let Some(Ok(end)) = &served {
            *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some(*end);
        }
        judge::head(&response, served.as_ref(), &self.spec)?;
        let body = timeout_at(deadline, judge::body(&mut response, &self.spec)).await;
        body.map_err(|_| late("reading the body"))?
    }

    async fn prepare(&self, target: IpAddr, within: Duration) -> Result<(Client, Url, HeaderMap), Failure> {
        let url = self.url(target)?;
        let headers = self.headers().await?;
        let client = self.clients.client(target, within).await.map_err(Failure::Ours)?;
        Ok((client, url, headers))
    }

    /// The URL names the host, for SNI and certificate; an address as host can be neither, and the URL names the
    /// endpoint itself.
    fn url(&self, target: IpAddr) -> Result<Url, Failure> {
        let named = self.spec.host.as_ref().filter(|host| host.parse::<IpAddr>().is_err());
        let host = named.or(self.hostname.as_ref());
        let text = host.map_or_else(|| authority(target), Clone::clone);
        let url = format!("{}://{text}:{}{}", self.kind(), self.spec.port, self.spec.path);
        let refused = |reason: &str| Failure::Ours(format!("`{text}` cannot be the host of a request: {reason}"));
        let url = Url::parse(&url).map_err(|error| refused(&error.to_string()))?;
        // `7` and `0x7f.1` are names to DNS and addresses to URLs: the request would go elsewhere.
        if host.is_some() && url.domain().is_none() {
            return Err(refused("in a URL it is an address"));
        }
        Ok(url)
    }

    async fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(host) = &self.spec.host {
            let host = host.parse::<IpAddr>().map_or_else(|_| host.clone(), authority);
            headers.insert(HOST, value(&host).map_err(Failure::Ours)?);
        }
        for (name, source) in &self.spec.headers {
            let invalid = |error: &str| Failure::Ours(format!("header `{name}`: {error}"));
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(&error.to_string()))?;
            let mut value = match source {
                HeaderSource::Value(text) => value(text).map_err(|error| invalid(&error))?,
                HeaderSource::File(path) => {
                    let path = path.clone();
                    let read = tokio::task::spawn_blocking(move || read_secret_line(&path)).await;
                    let read = read.map_err(|error| invalid(&error.to_string()))?;
                    value(&read.map_err(|error| invalid(&one_line(&error)))?).map_err(|error| invalid(&error))?
                }
            };
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        Ok(headers)
    }
}

/// A header's value; the error does not quote it, it may be a secret.
fn value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "the value holds characters that no header can carry".to_owned())
}

/// An address as it stands in a URL or a Host header (RFC 3986 §3.2.2).
fn authority(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prober(endpoint: &Endpoint, host: Option<&str>) -> HttpProber {
        let spec = HttpProbe {
            tls: None,
            method: "GET".to_owned(),
            path: "/healthz?full".to_owned(),
            port: 8080,
            host: host.map(str::to_owned),
            headers: std::collections::BTreeMap::new(),
            status: vec![200],
            body_contains: None,
            redirects_max: 0,
        };
        HttpProber::new(endpoint, spec)
    }

    #[test]
    fn the_url_names_the_host_and_falls_back_to_the_endpoint() {
        let v6: IpAddr = "2001:db8::1".parse().expect("an address");
        let address = Endpoint::Address(v6);
        let name = Endpoint::Hostname("lb.example.net.".parse::<hickory_proto::rr::Name>().expect("a name").into());
        let url = |endpoint, host| prober(endpoint, host).url(v6).map(String::from);
        assert_eq!(url(&address, Some("api.example.com")).as_deref(), Ok("http://api.example.com:8080/healthz?full"));
        assert_eq!(url(&address, None).as_deref(), Ok("http://[2001:db8::1]:8080/healthz?full"));
        assert_eq!(url(&address, Some("192.0.2.1")).as_deref(), Ok("http://[2001:db8::1]:8080/healthz?full"));
        assert_eq!(url(&name, None).as_deref(), Ok("http://lb.example.net:8080/healthz?full"));
    }

    #[test]
    fn a_name_that_a_url_takes_for_an_address_is_refused() {
        let address = Endpoint::Address("192.0.2.1".parse().expect("an address"));
        let refused = prober(&address, Some("0x7f.1")).url("192.0.2.1".parse().expect("an address"));
        assert!(matches!(refused, Err(Failure::Ours(reason)) if reason.contains("0x7f.1")));
    }
}
