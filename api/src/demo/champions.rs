//! Volunteers: who they are, their accounts and their consents.

use anyhow::{Result, anyhow};
use entity::{champion, champion_area, champion_language, champion_topic, consent, counter};
use rules::champion::Membership;
use rules::dbs::DbsLevel;
use rules::id::{AccountId, ChampionId};
use rules::input::{ConsentPurpose, phone};
use rules::policy::Role;

use super::first_day::FirstDay;
use super::sheet::{self, Person};
use super::story::Story;
use super::town::{Staff, Town};
use super::{DOMAIN, GUEST};
use crate::postcodes::Postcodes;
use crate::service::champion::name_key;

impl Town {
    /// Adds the volunteers, each with everything that is known of them.
    pub fn add_champions(&mut self, postcodes: &Postcodes, staff: Staff) -> Result<()> {
        let people = sheet::people()?;
        for (number, person) in (1..).zip(&people) {
            let story = Story::new(person, number)?;
            let account = (person.stage != Membership::Enquired).then(|| self.open_champion_account(&story));
            let id = self.ids.next();
            if person.full_name == GUEST {
                self.guest = Some(id);
            }
            let row = self.champion_row(id, account, &story, postcodes)?;
            self.rows.champions.push(row);
            self.add_profile(id, person)?;
            self.add_consents(id, &story);
            self.add_evidence(id, account, &story, staff);
            self.add_training(id, &story, staff)?;
            self.add_check(id, &story, staff);
            self.add_availability(id, &story)?;
        }
        let given = i64::try_from(people.len())?;
        self.rows.counters.push(counter::Model { name: "champion".to_owned(), value: given });
        Ok(())
    }

    fn open_champion_account(&mut self, story: &Story<'_>) -> AccountId {
        let name = story.person.known_as.as_ref().unwrap_or(&story.person.full_name);
        let account = self.add_account(&mailbox(story), name, story.joined);
        self.grant(account, Role::Champion, None, story.joined);
        account
    }

    fn champion_row(
        &self,
        id: ChampionId,
        account_id: Option<AccountId>,
        story: &Story<'_>,
        postcodes: &Postcodes,
    ) -> Result<champion::Model> {
        let Story { person, number, .. } = story;
        let home = postcodes.locate("postcode", &person.postcode).map_err(|problem| anyhow!(problem.message))?;
        // Numbers that Ofcom keeps for drama, so that they never ring anybody.
        let phone = phone("phone", &format!("07700 9001{number:02}")).map_err(|problem| anyhow!(problem.message))?;
        let email = format!("{}@{DOMAIN}", mailbox(story));
        let joined = self.first.at(story.joined, 10);
        Ok(champion::Model {
            id,
            number: *number,
            account_id,
            full_name: person.full_name.clone(),
            known_as: person.known_as.clone(),
            name_key: name_key(&person.full_name, person.known_as.as_deref()),
            email_key: email.clone(),
            email,
            email_confirmed_at: account_id.map(|_| joined),
            phone_raw: Some(phone.raw),
            phone_e164: Some(phone.e164),
            postcode: Some(home.postcode),
            latitude: Some(home.point.latitude),
            longitude: Some(home.point.longitude),
            ward: home.ward,
            birth_date: Some(person.birth_date),
            membership: person.stage,
            membership_changed_at: changed_at(self.first, story),
            reach_metres: person.max_distance_km * 1000,
            remote_only: false,
            most_per_week: (number % 6 == 0).then_some(3),
            last_asked_at: None,
            source_client_id: self.client.filter(|_| number % 3 != 0),
            version: 1,
            created_at: joined,
            updated_at: changed_at(self.first, story),
        })
    }

    fn add_profile(&mut self, champion_id: ChampionId, person: &Person) -> Result<()> {
        let languages = sheet::list(&person.languages).map(|code| champion_language::Model { champion_id, language: code.to_owned() });
        self.rows.languages.extend(languages);
        let topics = sheet::topics(&person.topics)?.into_iter().map(|topic| champion_topic::Model { champion_id, topic });
        self.rows.topics.extend(topics);
        self.rows.areas.extend(sheet::list(&person.areas).map(|area| champion_area::Model { champion_id, area: area.to_owned() }));
        Ok(())
    }

    fn add_consents(&mut self, champion_id: ChampionId, story: &Story<'_>) {
        let enhanced = story.check.is_some_and(|check| check.scope.level == DbsLevel::Enhanced);
        let asked = [
            (ConsentPurpose::PrivacyNotice, true, true),
            (ConsentPurpose::ShareWithPartners, true, story.number % 7 != 0),
            (ConsentPurpose::Newsletter, true, story.number % 2 == 0),
            (ConsentPurpose::DbsUpdateService, enhanced, story.number % 4 != 0),
        ];
        for (purpose, _, given) in asked.into_iter().filter(|(_, asked, _)| *asked) {
            let withdrawn = purpose == ConsentPurpose::Newsletter && story.number % 10 == 0;
            let id = self.ids.next();
            self.rows.consents.push(consent::Model {
                id,
                champion_id,
                purpose,
                wording_version: "2020-01".to_owned(),
                given,
                given_at: self.first.at(story.joined, 10),
                channel: "partner website".to_owned(),
                withdrawn_at: withdrawn.then(|| self.first.at(story.joined + 1, 10)),
            });
        }
    }
}

fn changed_at(first: FirstDay, story: &Story<'_>) -> chrono::DateTime<chrono::Utc> {
    first.at(story.changed, 12)
}

/// What stands before the `@`: a word of the name in plain letters, and the number.
fn mailbox(story: &Story<'_>) -> String {
    if story.person.full_name == GUEST {
        return "champion".to_owned();
    }
    let name = story.person.known_as.as_ref().unwrap_or(&story.person.full_name);
    let word: String = name.split_whitespace().next().unwrap_or_default().to_lowercase().chars().filter_map(plain).collect();
    format!("{}.{}", if word.is_empty() { "volunteer" } else { &word }, story.number)
}

/// A letter without its accent, if it has a plain form.
fn plain(letter: char) -> Option<char> {
    match letter {
        'a'..='z' => Some(letter),
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => Some('a'),
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ễ' => Some('e'),
        'í' | 'ì' | 'î' | 'ï' | 'ı' => Some('i'),
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => Some('o'),
        'ú' | 'ù' | 'û' | 'ü' => Some('u'),
        'ç' | 'ć' | 'č' => Some('c'),
        'ñ' | 'ń' => Some('n'),
        'ś' | 'š' => Some('s'),
        'ź' | 'ž' | 'ż' => Some('z'),
        'ł' => Some('l'),
        'ř' => Some('r'),
        'ý' => Some('y'),
        _ => None,
    }
}
