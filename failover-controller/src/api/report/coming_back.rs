//! A service that comes back in steps, as the API tells it.

use dns_api::status::ComingBackReport;
use dns_core::machine::memory::Failover;
use dns_core::machine::returning::Waiting;
use dns_core::service::Service;

use super::rfc3339;

pub(super) fn report(memory: &Failover, service: &Service) -> Option<ComingBackReport> {
    let blend = memory.blend()?;
    let (next, waits_for) = match memory.next_step(service)? {
        Waiting::Until(at) => (Some(rfc3339(at)), None),
        Waiting::For(why) => (None, Some(why)),
    };
    Some(ComingBackReport {
        to: blend.to().to_string(),
        percent: blend.share().into(),
        since: rfc3339(blend.since()),
        next,
        waits_for,
    })
}
