//! Whether monitors would take the questions that a provider with `verify: private` needs them for.

use crate::config::provider::Verify;
use crate::config::sections::provider::ProviderDraft;
use crate::config::{ControllerConfig, MonitorConfig, Role};

/// Asking for somebody makes a monitor work, so it wants an operator's token, as probing on demand does. Without one every
/// question is refused, which would otherwise show with the first move.
pub(in crate::config) fn check(
    providers: &[ProviderDraft<'_>],
    controller: Option<&ControllerConfig>,
    monitor: Option<&MonitorConfig>,
) {
    let (Some(controller), Some(monitor)) = (controller, monitor) else { return };
    let private = providers
        .iter()
        .filter(|draft| draft.config().is_some_and(|config| matches!(config.verify, Verify::Private { .. })));
    for draft in private {
        if !monitor.tokens.iter().any(|token| token.role >= Role::Operator) {
            draft.spot.fault_with_hint(
                "`verify: private` needs a token with the role operator in `monitor.tokens`: monitors ask for no one else",
                "give the controller's token there the role operator",
            );
        }
        if controller.monitor_token_file.is_none() {
            draft.spot.fault_with_hint(
                "`verify: private` needs `controller.monitorTokenFile`: monitors ask for nobody without a token",
                "name the file of a token that `monitor.tokens` has with the role operator",
            );
        }
    }
}
