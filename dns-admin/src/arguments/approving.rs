//! The second person's commands.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// What waits, as the answer to the order, `status` and notifications name it.
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "list")]
    pub approval: Option<String>,
    /// Why you agree; kept in history.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "list")]
    pub reason: Option<String>,
    /// Lists what waits, instead.
    #[arg(long, conflicts_with_all = ["approval", "reason"])]
    pub list: bool,
}

/// Arguments of `decline`.
#[derive(Debug, Args)]
pub struct Decline {
    /// What waits, as the answer to the order, `status` and notifications name it.
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub approval: String,
    /// Why.
    #[command(flatten)]
    pub reason: super::Reason,
}
