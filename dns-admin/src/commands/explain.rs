//! `explain DECISION|SERVICE`

use dns_api::client::ClientError;
use dns_core::identifier::ServiceName;
use dns_service::exit::Exit;

use super::Desk;
use crate::arguments::Explain;
use crate::failure::Failure;
use crate::render::explanation::{explanation, story};

/// A decision's id is this many hexadecimal digits.
const DECISION_DIGITS: usize = 32;

pub(super) async fn run(desk: &Desk<'_>, arguments: &Explain) -> Result<Exit, Failure> {
    let Explain { subject } = arguments;
    if looks_like_a_decision(subject) {
        match desk.client.decision(subject).await {
            Ok(told) => {
                desk.output.answer(&told, |width| story(&told, width))?;
                return Ok(Exit::Done);
            }
            // A service may be named like one.
            Err(error @ ClientError::NotFound(_)) if no_service_either(desk, subject).await => {
                return Err(
                    Failure::from(error).hint("`dns-admin history` names decisions; they are not shortened there")
                );
            }
            Err(ClientError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let service: ServiceName = subject.parse().map_err(|_| no_subject(subject))?;
    let told = desk.client.explanation(&service).await?;
    desk.output.answer(&told, |width| explanation(&told, width))?;
    Ok(Exit::Done)
}

async fn no_service_either(desk: &Desk<'_>, subject: &str) -> bool {
    match subject.parse::<ServiceName>() {
        Ok(service) => matches!(desk.client.service(&service).await, Err(ClientError::NotFound(_))),
        Err(_) => true,
    }
}

fn looks_like_a_decision(subject: &str) -> bool {
    subject.len() == DECISION_DIGITS && subject.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn no_subject(subject: &str) -> Failure {
    Failure::new(Exit::Usage, format!("`{subject}` is neither a decision nor a service's name"))
        .hint("`dns-admin history` names decisions, `dns-admin service list` services")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_is_taken_for_a_decision() {
        assert!(looks_like_a_decision("01a1fda7e22500000000000000000007"));
        for name in ["checkout", "01a1fda7e225", "01A1FDA7E22500000000000000000007", "0123456789-123456789-123456789-1"]
        {
            assert!(!looks_like_a_decision(name), "{name}");
        }
    }
}
