//! One check of one size: the checker over the properties, the graph over settling, and what they found.

use std::fmt;

use stateright::{Checker, HasDiscoveries, Model as _};

use super::Protocol;
use super::action::Action;
use super::graph::{Graph, Stuck};
use super::violation::Violation;

/// No size that is checked comes near it; a model without end would otherwise fill the memory before anyone looks.
const STEPS_MAX: usize = 6_000_000;

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// Of what.
    pub name: &'static str,
    /// How many different states there are.
    pub states: usize,
    /// How many steps lead from one to another or back.
    pub steps: usize,
    /// The longest of the shortest stories.
    pub depth: usize,
    /// Properties that do not hold, each with the shortest story that breaks it.
    pub broken: Vec<(&'static str, Vec<Action>)>,
    /// How many states are settled; `None` if that was not looked at.
    pub settled: Option<usize>,
    /// A state from which the system can never settle.
    pub stuck: Option<Stuck>,
}

impl Report {
    /// Checks properties until one fails, or all states have been visited.
    pub fn of_properties(protocol: &Protocol) -> Self {
        let checker = protocol.clone().checker().finish_when(HasDiscoveries::Any).target_state_count(STEPS_MAX);
        Self::of(protocol, &checker.spawn_bfs().join())
    }

    /// Looks for one violation, whatever else breaks before it does. Only writing without end takes a story so long that
    /// it has to be looked for depth first.
    pub fn of_violation(protocol: &Protocol, violation: Violation) -> Self {
        let enough = HasDiscoveries::AnyOf([violation.property()].into());
        let checker = protocol.clone().checker().finish_when(enough).target_state_count(STEPS_MAX);
        match violation {
            Violation::Endless => Self::of(protocol, &checker.spawn_dfs().join()),
            _ => Self::of(protocol, &checker.spawn_bfs().join()),
        }
    }

    fn of(protocol: &Protocol, checker: &impl Checker<Protocol>) -> Self {
        let discoveries = checker.discoveries().into_iter();
        let mut broken: Vec<_> = discoveries.map(|(property, path)| (property, path.into_actions())).collect();
        broken.sort_by_key(|(property, _)| *property);
        Self {
            name: protocol.settings.name,
            states: checker.unique_state_count(),
            steps: checker.state_count(),
            depth: checker.max_depth(),
            broken,
            settled: None,
            stuck: None,
        }
    }

    /// Checks properties and whether the system can settle from everywhere.
    pub fn of_everything(protocol: &Protocol) -> Self {
        let report = Self::of_properties(protocol);
        if !report.broken.is_empty() {
            return report;
        }
        let graph = Graph::explore(protocol);
        assert_eq!(graph.len(), report.states, "checker and graph see the same states");
        Self { settled: Some(graph.settled()), stuck: graph.stuck(), ..report }
    }

    /// Whether everything holds.
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty() && self.stuck.is_none() && self.settled.is_some_and(|settled| settled > 0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, steps, depth, broken, settled, stuck } = self;
        write!(f, "{name}: {states} states, {steps} steps, depth {depth}")?;
        if let Some(settled) = settled {
            write!(f, ", {settled} settled")?;
        }
        for (property, story) in broken {
            write!(f, "\nBROKEN: {property}, after {} steps:", story.len())?;
            story.iter().try_for_each(|action| write!(f, "\n  {action:?}"))?;
        }
        if let Some(Stuck { story, state }) = stuck {
            write!(f, "\nSTUCK after {} steps:", story.len())?;
            story.iter().try_for_each(|action| write!(f, "\n  {action:?}"))?;
            write!(f, "\nin {state:?}")?;
        }
        Ok(())
    }
}
