//! The daemons of a configuration, in this process: every vantage point's monitor, and one controller.
//!
//! They are the daemons' own `serve` functions on listeners that were bound before, and they talk to each other over
//! loopback as always. Nothing about them is different from production but the addresses of the vantage points.

use std::net::{Ipv4Addr, SocketAddr};

use dns_core::identifier::Actor;
use dns_service::auth::Tokens;
use dns_service::config::{Config, TlsConfig};
use dns_service::exit::Exit;
use dns_service::http::{Listening, PlainHttp, bind};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::failure::Failure;

/// Any free port of the loopback.
pub(crate) const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What runs.
pub(crate) struct Daemons {
    tasks: JoinSet<Result<(), Failure>>,
    stop: CancellationToken,
}

impl Daemons {
    /// Starts them. `callers` may call the controller, whose name is `instance` and which listens on `page`.
    ///
    /// # Errors
    /// If no port is free.
    pub(crate) fn start(
        mut config: Config,
        instance: Actor,
        callers: Tokens,
        page: Listening,
    ) -> Result<Self, Failure> {
        // One process, one machine: certificates name hosts that this is not.
        config.tls = TlsConfig::default();
        let mut monitors = Vec::new();
        for point in &mut config.vantage_points {
            let listening = bind(FREE, PlainHttp::OnLoopback, &config.tls).map_err(|error| failed("a port", &error))?;
            point.url = Url::parse(&listening.url()).map_err(|error| failed("a URL", &error))?;
            monitors.push((point.name.clone(), listening));
        }
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        for (name, listening) in monitors {
            let (config, stop) = (config.clone(), stop.clone());
            tasks.spawn(async move {
                let served = dns_monitor::run::serve(&config, &name, listening, stop).await;
                served
                    .map_err(|failure| Failure::new(failure.exit(), format!("monitor `{name}`: {}", failure.reason())))
            });
        }
        let token = stop.clone();
        tasks.spawn(async move {
            let served = failover_controller::serve(&config, &instance, callers, page, token).await;
            served.map_err(|error| Failure::new(Exit::Failed, format!("controller `{instance}`: {error:#}")))
        });
        Ok(Self { tasks, stop })
    }

    /// Waits for a daemon that ends by itself, and says why.
    pub(crate) async fn ended(&mut self) -> Failure {
        match self.tasks.join_next().await {
            Some(Ok(Err(failure))) => failure,
            Some(Ok(Ok(()))) | None => Failure::new(Exit::Failed, "a daemon ended by itself"),
            Some(Err(error)) => failed("a daemon", &error),
        }
    }

    /// Drains them all.
    ///
    /// # Errors
    /// The first failure of one that ended badly.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        let mut result = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.map_err(|error| failed("a daemon", &error)).and_then(|ended| ended);
            result = result.and(ended);
        }
        result
    }
}

fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Failed, format!("{what}: {}", dns_service::exit::one_line(error)))
}
