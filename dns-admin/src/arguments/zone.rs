//! `zone`: what `dns-sync` does, under this program's name.

use std::ffi::OsString;

use clap::Args;

/// Arguments of `zone`. They are read by `dns-sync` itself, so that both take the same, help included.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Zone {
    /// `plan`, `apply`, `rollback`, `capabilities`, `diff` or `ownership`, each with `--help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub words: Vec<OsString>,
}
