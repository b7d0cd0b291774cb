//! `zoneFiles:`: a folder with a file for each zone.

use super::zones;
use crate::config::provider::ZoneFilesConfig;
use crate::config::tree::Spot;

/// Reads `zoneFiles:`.
pub(super) fn read(spot: &Spot<'_>) -> Option<ZoneFilesConfig> {
    let map = spot.map(&["folder", "zones"])?;
    let folder = map.required("folder").and_then(|spot| spot.file());
    let zones = map.required("zones").and_then(|spot| zones(&spot));
    Some(ZoneFilesConfig { folder: folder?, zones: zones? })
}
