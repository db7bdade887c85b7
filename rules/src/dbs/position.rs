//! What somebody will do decides the most a check may be asked for: asking for more is against the law.

use super::{CannotRequest, DbsLevel, DbsScope, Permitted, SessionFacts, permitted};

/// One thing a champion will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The sessions it is about.
    pub facts: SessionFacts,
    /// Whether it is with children on more than 3 days in any 30.
    pub often: bool,
}

/// The most that may be asked for somebody who will do all of this; a basic check needs no position.
pub fn permitted_for(positions: &[Position]) -> Permitted {
    let nothing =
        Permitted { scope: DbsScope::BASIC, regulated: false, reason: "without a position a basic check is all that is permitted" };
    let each = positions.iter().map(|position| permitted(position.facts, position.often));
    let both = |a: Permitted, b: Permitted| Permitted {
        scope: a.scope.join(b.scope),
        regulated: a.regulated || b.regulated,
        reason: if b.scope.suffices_for(a.scope) { b.reason } else { a.reason },
    };
    each.reduce(both).unwrap_or(nothing)
}

/// Refuses to ask for more than the positions permit.
pub(super) fn excess(scope: DbsScope, positions: &[Position]) -> Option<CannotRequest> {
    if scope.level == DbsLevel::Basic {
        return None;
    }
    if positions.is_empty() {
        return Some(CannotRequest::PositionMissing);
    }
    let most = permitted_for(positions);
    (!most.scope.suffices_for(scope)).then_some(CannotRequest::MoreThanPermitted { permitted: most.scope, reason: most.reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbs::{Audience, DbsWorkforce};

    fn position(audience: Audience, weekly: bool, handles_money: bool, often: bool) -> Position {
        Position { facts: SessionFacts { audience, weekly, handles_money, overnight: false }, often }
    }

    #[test]
    fn asking_for_more_than_the_position_permits_is_refused() {
        use Audience::*;
        let enhanced = |workforce| DbsScope::of(DbsLevel::Enhanced, workforce);
        let child = enhanced(DbsWorkforce::Child);
        let barred = DbsScope { children_barred: true, ..child };
        let money = DbsScope { adults_barred: true, ..enhanced(DbsWorkforce::Adult) };
        let both = DbsScope { children_barred: true, adults_barred: true, ..enhanced(DbsWorkforce::ChildAndAdult) };
        let drop_in = position(AdultsPublic, true, false, false);
        let taught_once = position(Children, false, false, false);
        let taught_often = position(Children, false, false, true);
        let shopping = position(AdultsPublic, false, true, false);
        let cases: [(DbsScope, &[Position], bool); 13] = [
            (DbsScope::BASIC, &[], true),
            (DbsScope::BASIC, &[drop_in], true),
            (enhanced(DbsWorkforce::Adult), &[], false),
            (enhanced(DbsWorkforce::Adult), &[drop_in], false),
            (enhanced(DbsWorkforce::Adult), &[position(AdultsReceivingCare, true, false, false)], true),
            (enhanced(DbsWorkforce::Adult), &[position(AdultsReceivingCare, false, false, false)], false),
            (child, &[taught_once], true),
            (barred, &[taught_once], false),
            (barred, &[taught_often], true),
            (barred, &[position(Families, true, false, false)], false),
            (money, &[shopping], true),
            (both, &[taught_often, shopping], true),
            (both, &[taught_once, shopping], false),
        ];
        for (scope, positions, allowed) in cases {
            assert_eq!(excess(scope, positions).is_none(), allowed, "{scope} for {positions:?}");
        }
    }
}
