//! What a zone holds while two regions share a service's answers.

use super::{RenderError, Service};
use crate::blend::Blend;
use crate::fence::Fence;
use crate::identifier::RegionName;
use crate::rrset::{Rrset, RrsetKey, Rrsets, Weighted};

impl Service {
    /// The RRsets that the zone holds while the service is in a region, answers that it shares with another one included.
    ///
    /// # Errors
    /// [`RenderError`], the first one.
    pub fn render_shared(&self, active: &RegionName, blend: Option<&Blend>) -> Result<Rrsets, RenderError> {
        let own = self.render(active)?;
        match blend {
            None => Ok(own),
            Some(blend) => {
                let others = self.render(blend.to())?;
                own.into_iter().map(|(key, set)| share_out(key, set, &others, blend)).collect()
            }
        }
    }

    /// What a fence of this service should guard, by the configuration as it is now; nothing without an active region.
    pub fn render_under(&self, fence: &Fence) -> Rrsets {
        let rendered = fence.active.as_ref().and_then(|active| self.render_shared(active, fence.blend.as_deref()).ok());
        rendered.unwrap_or_default()
    }
}

/// What only one of the regions has stays as it is until the last step: an address family that only the region has that
/// the service comes back to would give it all of that family's questions at once.
fn share_out(key: RrsetKey, own: Rrset, others: &Rrsets, blend: &Blend) -> Result<(RrsetKey, Rrset), RenderError> {
    let Some(other) = others.get(&key).filter(|other| **other != own) else { return Ok((key, own)) };
    let sets = blend.weights().into_iter().zip([other.clone(), own]);
    let sets = sets.map(|((region, weight), set)| Weighted { identifier: region.to_string(), weight, set });
    let shared = Rrset::weighted_of(key.clone(), sets).map_err(|source| RenderError::Rrset {
        key: key.clone(),
        region: blend.to().clone(),
        source,
    })?;
    Ok((key, shared))
}
