//! Whether the system can settle from wherever it has come to.
//!
//! The checker's own `eventually` does not see through cycles, and this graph is full of them: a controller that looks
//! again and again is one. So every state and every step is collected, and from the settled states the graph is walked
//! backwards over the steps that come by themselves. What is not met on that walk can never settle again.

use std::collections::HashMap;
use std::rc::Rc;

use stateright::Model as _;

use super::Protocol;
use super::action::Action;
use super::world::World;

/// Every reachable state with what can come of it.
pub struct Graph {
    states: Vec<Rc<World>>,
    /// How each state was first reached: from which one, by what.
    origins: Vec<Option<(usize, Action)>>,
    /// For each state those that lead to it by a fair step.
    fair_origins: Vec<Vec<u32>>,
}

/// A state from which one decision can never again stand everywhere.
#[derive(Debug)]
pub struct Stuck {
    /// The shortest way to it.
    pub story: Vec<Action>,
    /// It.
    pub state: World,
}

impl Graph {
    /// Explores everything, breadth first.
    pub fn explore(protocol: &Protocol) -> Self {
        let mut graph = Self { states: Vec::new(), origins: Vec::new(), fair_origins: Vec::new() };
        let mut known: HashMap<Rc<World>, usize> = HashMap::new();
        for state in protocol.init_states() {
            graph.add(&mut known, state, None);
        }
        let (mut next, mut actions) = (0, Vec::new());
        while next < graph.states.len() {
            let state = Rc::clone(&graph.states[next]);
            actions.clear();
            protocol.actions(&state, &mut actions);
            for action in actions.iter().copied() {
                let Some(after) = protocol.next_state(&state, action) else { continue };
                let index = graph.add(&mut known, after, Some((next, action)));
                if action.is_fair(&state) {
                    let from = u32::try_from(next).expect("invariant: the settings keep the graph far below 2^32");
                    graph.fair_origins[index].push(from);
                }
            }
            next += 1;
        }
        graph
    }

    fn add(&mut self, known: &mut HashMap<Rc<World>, usize>, state: World, origin: Option<(usize, Action)>) -> usize {
        let state = Rc::new(state);
        *known.entry(Rc::clone(&state)).or_insert_with(|| {
            self.states.push(state);
            self.origins.push(origin);
            self.fair_origins.push(Vec::new());
            self.states.len() - 1
        })
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many of them are settled.
    pub fn settled(&self) -> usize {
        self.states.iter().filter(|state| state.is_settled()).count()
    }

    /// The first state, by the length of its story, from which the system can never settle.
    pub fn stuck(&self) -> Option<Stuck> {
        let mut settles: Vec<bool> = self.states.iter().map(|state| state.is_settled()).collect();
        let mut front: Vec<usize> = (0..settles.len()).filter(|index| settles[*index]).collect();
        while let Some(index) = front.pop() {
            for origin in self.fair_origins[index].iter().map(|origin| *origin as usize) {
                if !std::mem::replace(&mut settles[origin], true) {
                    front.push(origin);
                }
            }
        }
        let first = settles.iter().position(|settles| !settles)?;
        Some(Stuck { story: self.story(first), state: World::clone(&self.states[first]) })
    }

    fn story(&self, mut index: usize) -> Vec<Action> {
        let mut story = Vec::new();
        while let Some((origin, action)) = self.origins[index] {
            story.push(action);
            index = origin;
        }
        story.reverse();
        story
    }
}
