//! Puts fragments in an order in which each comes after those it spreads.
//!
//! Without recursion over fragments: a chain of them can be far longer than the stack is deep.

use std::collections::{HashMap, HashSet};

use async_graphql::Pos;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::{Refusal, Why};

pub(super) struct Fragments<'a> {
    /// Every fragment of the document, those it spreads before it.
    pub(super) sorted: Vec<&'a str>,
    spreads: HashMap<&'a str, Vec<&'a str>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Done,
}

impl<'a> Fragments<'a> {
    /// Refuses a document in which a fragment reaches itself.
    pub(super) fn sort(document: &'a ExecutableDocument) -> Result<Self, Refusal> {
        let mut names: Vec<(Pos, &str)> = Vec::with_capacity(document.fragments.len());
        let mut fragments =
            Self { sorted: Vec::with_capacity(document.fragments.len()), spreads: HashMap::with_capacity(document.fragments.len()) };
        for (name, fragment) in &document.fragments {
            names.push((fragment.pos, name));
            let spreads = known_spreads(&fragment.node.selection_set.node, document);
            fragments.spreads.insert(name, spreads);
        }
        // A map has no order of its own, and the same document should get the same answer.
        names.sort_unstable();
        let mut states = HashMap::new();
        for (_, name) in names {
            fragments.visit(name, &mut states).map_err(|name| Why::FragmentCycle(name.to_owned()).at(document.fragments[name].pos))?;
        }
        Ok(fragments)
    }

    /// The fragments that a selection reaches, directly or through others.
    pub(super) fn reached_from(&self, selection: &'a SelectionSet, document: &'a ExecutableDocument) -> HashSet<&'a str> {
        let mut reached = HashSet::new();
        let mut open = known_spreads(selection, document);
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(&self.spreads[name]);
            }
        }
        reached
    }

    fn visit(&mut self, name: &'a str, states: &mut HashMap<&'a str, State>) -> Result<(), &'a str> {
        let mut path = vec![(name, 0)];
        while let Some((name, next)) = path.pop() {
            if next == 0 {
                match states.insert(name, State::Open) {
                    Some(State::Open) => return Err(name),
                    Some(State::Done) => {
                        states.insert(name, State::Done);
                        continue;
                    }
                    None => {}
                }
            }
            if let Some(spread) = self.spreads[name].get(next) {
                path.push((name, next + 1));
                path.push((spread, 0));
            } else {
                states.insert(name, State::Done);
                self.sorted.push(name);
            }
        }
        Ok(())
    }
}

/// Names of the fragments spread in a selection; unknown ones are for validation to report.
fn known_spreads<'a>(selection: &'a SelectionSet, document: &'a ExecutableDocument) -> Vec<&'a str> {
    let mut names = Vec::new();
    collect(selection, &mut names);
    names.sort_unstable();
    names.dedup();
    names.retain(|name| document.fragments.contains_key(*name));
    names
}

fn collect<'a>(selection: &'a SelectionSet, names: &mut Vec<&'a str>) {
    for item in &selection.items {
        match &item.node {
            Selection::Field(field) => collect(&field.node.selection_set.node, names),
            Selection::InlineFragment(inline) => collect(&inline.node.selection_set.node, names),
            Selection::FragmentSpread(spread) => names.push(&spread.node.fragment_name.node),
        }
    }
}
