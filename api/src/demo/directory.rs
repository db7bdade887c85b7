//! Organisations, venues and groups.

use anyhow::{Result, anyhow};
use entity::{community_group, group_topic, organisation, venue};

use super::sheet;
use super::town::{Town, named};
use crate::postcodes::Postcodes;

impl Town {
    /// Adds the partners, their venues and their groups.
    pub fn add_directory(&mut self, postcodes: &Postcodes) -> Result<()> {
        for partner in sheet::partners()? {
            self.add_partner(partner);
        }
        for place in sheet::places()? {
            self.add_venue(place, postcodes)?;
        }
        for group in sheet::groups()? {
            self.add_group(&group)?;
        }
        Ok(())
    }

    fn add_partner(&mut self, partner: sheet::Partner) {
        let id = self.ids.next();
        self.partners.insert(partner.slug.clone(), id);
        self.rows.organisations.push(organisation::Model {
            id,
            slug: partner.slug,
            name: partner.name,
            kind: partner.kind,
            description: partner.description,
            asks_acceptance: false,
            created_at: self.first.at(-900, 9),
        });
    }

    fn add_venue(&mut self, place: sheet::Place, postcodes: &Postcodes) -> Result<()> {
        let at = postcodes.locate("postcode", &place.postcode).map_err(|problem| anyhow!(problem.message))?;
        let id = self.ids.next();
        self.venues.insert(place.slug.clone(), id);
        self.rows.venues.push(venue::Model {
            id,
            organisation_id: Some(named(&self.partners, &place.partner_slug)?),
            slug: place.slug,
            name: place.name,
            address: place.address,
            postcode: at.postcode,
            latitude: at.point.latitude,
            longitude: at.point.longitude,
            ward: at.ward,
            step_free: place.step_free,
            created_at: self.first.at(-890, 9),
        });
        Ok(())
    }

    fn add_group(&mut self, group: &sheet::Group) -> Result<()> {
        let id = self.ids.next();
        self.groups.insert(group.slug.clone(), id);
        self.rows.groups.push(community_group::Model {
            id,
            organisation_id: named(&self.partners, &group.partner_slug)?,
            venue_id: group.venue_slug.as_ref().map(|slug| named(&self.venues, slug)).transpose()?,
            slug: group.slug.clone(),
            name: group.name.clone(),
            description: group.description.clone(),
            created_at: self.first.at(-880, 9),
        });
        let topics = sheet::topics(&group.topics)?.into_iter().map(|topic| group_topic::Model { group_id: id, topic });
        self.rows.group_topics.extend(topics);
        Ok(())
    }
}
