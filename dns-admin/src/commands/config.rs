//! `config check [--live] FILE…`

use dns_service::config::Config as Loaded;
use dns_service::config::fault::Fault;
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::exit::Exit;
use serde::Serialize;

use super::live;
use crate::arguments::Check;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::lines;

/// The result for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    faults: Vec<Complaint>,
    warnings: Vec<Complaint>,
}

/// One fault or warning.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    file: String,
    line: usize,
    column: usize,
    path: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Fault> for Complaint {
    fn from(fault: &Fault) -> Self {
        let Fault { file, line, column, path, message, hint } = fault;
        Self {
            file: file.display().to_string(),
            line: *line,
            column: *column,
            path: path.clone(),
            message: message.clone(),
            hint: hint.clone(),
        }
    }
}

pub(super) async fn check(arguments: &Check, output: &Output) -> Result<Exit, Failure> {
    let Check { files, no_secrets, live } = arguments;
    // Live, whoever asks has the providers' credentials and need not have the daemons' other secrets.
    let secrets = if *no_secrets || *live { SecretCheck::Skip } else { SecretCheck::Require };
    match Loaded::load(files, &Program::Admin(secrets)) {
        Ok(config) if *live => {
            config.warnings.iter().for_each(|warning| output.aside(&format!("warning: {warning}")));
            live::run(&config, output).await
        }
        Ok(config) => {
            let verdict = Verdict {
                valid: true,
                digest: Some(config.digest.to_string()),
                faults: Vec::new(),
                warnings: config.warnings.iter().map(Complaint::from).collect(),
            };
            output.answer(&verdict, |_| praise(&config))?;
            Ok(Exit::Done)
        }
        Err(faults) => {
            let complaints = faults.iter().map(Complaint::from).collect();
            let verdict = Verdict { valid: false, digest: None, faults: complaints, warnings: Vec::new() };
            output.answer(&verdict, |_| faults.to_string())?;
            Ok(Exit::BadConfiguration)
        }
    }
}

fn praise(config: &Loaded) -> String {
    let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
    let sizes = format!(
        "good: installation {}; services: {}, vantage points: {}, providers: {}; digest {}",
        config.installation,
        config.services.len(),
        config.vantage_points.len(),
        config.providers.len(),
        config.digest,
    );
    lines(warnings.chain([sizes]))
}
