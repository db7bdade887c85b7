//! Partners, venues and groups, and when each meets.

use chrono::{NaiveTime, TimeDelta};
use entity::{community_group, group_topic, organisation, venue};
use rules::availability::Weekday;
use rules::dbs::{Audience, DbsScope, SessionFacts, permitted};
use rules::geo::Point;
use rules::id::{AccountId, GroupId, OrganisationId, VenueId};
use rules::input::{OrganisationKind, Topic};
use rules::policy::Role;
use rules::session::Modality;

use super::{Generator, LONG_AGO, Shape};

/// A group, as its champions and sessions see it.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub leader: AccountId,
    pub name: String,
    pub venue: Option<VenueId>,
    pub modality: Modality,
    pub audience: Audience,
    /// The check its sessions ask for.
    pub check: DbsScope,
    pub topics: [Topic; 2],
    pub weekday: Weekday,
    pub start: NaiveTime,
    pub minutes: i32,
    /// Whether its first place is a lead's.
    pub led: bool,
}

impl Generator {
    /// A town's partner.
    pub(super) fn partner(&mut self, town: usize) -> OrganisationId {
        let id = self.ids.next();
        self.rows.organisations.push(organisation::Model {
            id,
            slug: format!("partner-{town}"),
            name: format!("Partner {town}"),
            kind: OrganisationKind::ALL[town % OrganisationKind::ALL.len()],
            description: String::new(),
            asks_acceptance: false,
            created_at: self.first.at(LONG_AGO, 9),
        });
        id
    }

    /// A group of a town, with its venue and its leader.
    pub(super) fn group(&mut self, town: usize, index: usize, shape: Shape, centre: Point, organisation_id: OrganisationId) -> Group {
        let number = town * shape.groups + index;
        let modality = if index % 10 == 9 { Modality::Video } else { Modality::InPerson };
        let audience = if index % 12 == 5 { Audience::Children } else { Audience::AdultsPublic };
        let venue = (modality == Modality::InPerson).then(|| self.venue(number, centre, organisation_id));
        let id = self.ids.next();
        let name = format!("Group {number}");
        self.rows.groups.push(community_group::Model {
            id,
            organisation_id,
            venue_id: venue,
            slug: format!("group-{number}"),
            name: name.clone(),
            description: String::new(),
            created_at: self.first.at(LONG_AGO, 9),
        });
        let all = Topic::ALL;
        let topics = [all[index % all.len()], all[(index + 3) % all.len()]];
        self.rows.group_topics.extend(topics.map(|topic| group_topic::Model { group_id: id, topic }));
        let leader = self.account(&format!("leader{number}"), &format!("Leader {number}"), Role::GroupLeader, Some(id));
        let facts = SessionFacts { audience, weekly: true, handles_money: false, overnight: false };
        Group {
            id,
            leader,
            name,
            venue,
            modality,
            audience,
            check: permitted(facts, false).scope,
            topics,
            weekday: Weekday::ALL[index % 6],
            start: NaiveTime::MIN + TimeDelta::minutes(9 * 60 + 30 * i64::try_from(index * 7 % 18).unwrap_or_default()),
            minutes: [60, 90, 120][index % 3],
            led: index.is_multiple_of(3),
        }
    }

    fn venue(&mut self, number: usize, centre: Point, organisation_id: OrganisationId) -> VenueId {
        let (id, at) = (self.ids.next(), self.draw.near(centre));
        self.rows.venues.push(venue::Model {
            id,
            organisation_id: Some(organisation_id),
            slug: format!("venue-{number}"),
            name: format!("Venue {number}"),
            address: format!("{number} High Street"),
            postcode: "SK13XE".to_owned(),
            latitude: at.latitude,
            longitude: at.longitude,
            ward: None,
            step_free: number.is_multiple_of(2),
            created_at: self.first.at(LONG_AGO, 9),
        });
        id
    }
}
