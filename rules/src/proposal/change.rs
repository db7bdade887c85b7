//! What followers of a planned rota are told.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// What has just happened to a planned rota, for screens that show it.
    RotaProposalChangeKind {
        /// The planner found a better rota or a better bound.
        Progress = "PROGRESS",
        /// It was queued, taken up, answered, stopped, published or put away: `status` says which.
        Status = "STATUS",
        /// A line was added, removed, locked or unlocked by hand.
        Lines = "LINES",
        /// Something may have been missed: read again what you show.
        Missed = "MISSED",
    }
}

impl RotaProposalChangeKind {
    /// What an event of this topic says of its rota; nothing for topics that say nothing of one.
    pub fn of_topic(topic: &str) -> Option<Self> {
        match topic {
            "rota.progress" => Some(Self::Progress),
            "rota.status_changed" | "rota.published" => Some(Self::Status),
            "rota.lines_changed" => Some(Self::Lines),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RotaProposalChangeKind::{self, Lines, Progress, Status};
    use crate::session::SessionChangeKind;

    #[test]
    fn topics_say_what_happened_to_a_rota() {
        for (topic, kind) in [
            ("rota.progress", Some(Progress)),
            ("rota.status_changed", Some(Status)),
            ("rota.published", Some(Status)),
            ("rota.lines_changed", Some(Lines)),
            ("session.created", None),
            ("mail", None),
        ] {
            assert_eq!(RotaProposalChangeKind::of_topic(topic), kind, "{topic}");
            assert!(kind.is_none() || SessionChangeKind::of_topic(topic).is_none(), "{topic} is of one thing");
        }
    }
}
