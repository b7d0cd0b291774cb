//! Every service in the order of the names, each found by the name that it shows: a name beside it would be a fifth of what
//! a service at rest takes here.

use dns_core::identifier::ServiceName;

use super::Shown;

/// What is shown of every service.
#[derive(Clone, Default)]
pub(crate) struct Listed(Box<[Shown]>);

/// In whatever order they come.
impl FromIterator<Shown> for Listed {
    fn from_iter<I: IntoIterator<Item = Shown>>(all: I) -> Self {
        let mut all: Vec<Shown> = all.into_iter().collect();
        if !all.is_sorted_by(|one, other| one.name() <= other.name()) {
            all.sort_by(|one, other| one.name().cmp(other.name()));
        }
        Self(all.into())
    }
}

impl Listed {
    /// One of them.
    pub(crate) fn get(&self, name: &ServiceName) -> Option<&Shown> {
        let rank = self.0.binary_search_by(|shown| shown.name().cmp(name)).ok()?;
        self.0.get(rank)
    }

    /// One of them that probably has this rank, as it had in another list of the same services.
    pub(crate) fn get_near(&self, rank: usize, name: &ServiceName) -> Option<&Shown> {
        self.0.get(rank).filter(|shown| shown.name() == name).or_else(|| self.get(name))
    }

    /// Whether it is among them.
    pub(crate) fn contains_key(&self, name: &ServiceName) -> bool {
        self.get(name).is_some()
    }

    /// With their names.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&ServiceName, &Shown)> {
        self.0.iter().map(|shown| (shown.name(), shown))
    }

    /// Their names.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &ServiceName> {
        self.0.iter().map(Shown::name)
    }

    /// Without their names.
    pub(crate) fn values(&self) -> std::slice::Iter<'_, Shown> {
        self.0.iter()
    }

    /// To change them. The names stay.
    pub(super) fn values_mut(&mut self) -> std::slice::IterMut<'_, Shown> {
        self.0.iter_mut()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
