//! The town as it is built up: rows by table, and what later steps look up.

use std::collections::HashMap;

use anyhow::{Context, Result};
use entity::{
    account, api_client, availability_exception, availability_window, champion, champion_area, champion_language, champion_mailbox,
    champion_request, champion_topic, client_key, cohort, cohort_seat, community_group, completion, consent, counter, dbs_check, dbs_event,
    duplicate, evidence, group_topic, module_trainer, organisation, place, place_module, referee_reference, requirement, role_grant,
    session, session_topic, training_module, venue,
};
use rules::id::{AccountId, ChampionId, ClientId, GroupId, OrganisationId, VenueId};
use sea_orm::{ConnectionTrait, DbErr};

use super::first_day::{FirstDay, Ids};
use crate::store::row::insert_all;
use crate::store::training;

/// What the baseline installed.
#[derive(Debug)]
pub struct Baseline {
    modules: HashMap<String, training_module::Model>,
    /// Requirements of the champion role, in order.
    pub requirements: Vec<requirement::Model>,
}

impl Baseline {
    /// Reads it.
    pub async fn load(conn: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let modules = training::catalogue(conn).await?.into_values().map(|(row, _)| (row.code.clone(), row)).collect();
        Ok(Self { modules, requirements: training::requirements(conn).await? })
    }

    /// A module by its code.
    pub fn module(&self, code: &str) -> Result<&training_module::Model> {
        self.modules.get(code).with_context(|| format!("there is no training module {code}: the baseline is not installed"))
    }

    /// Every module, by code.
    pub fn modules(&self) -> Vec<&training_module::Model> {
        let mut modules: Vec<_> = self.modules.values().collect();
        modules.sort_by(|a, b| a.code.cmp(&b.code));
        modules
    }
}

/// Rows to write, by table.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub organisations: Vec<organisation::Model>,
    pub accounts: Vec<account::Model>,
    pub clients: Vec<api_client::Model>,
    pub client_keys: Vec<client_key::Model>,
    pub venues: Vec<venue::Model>,
    pub groups: Vec<community_group::Model>,
    pub group_topics: Vec<group_topic::Model>,
    pub grants: Vec<role_grant::Model>,
    pub trainers: Vec<module_trainer::Model>,
    pub champions: Vec<champion::Model>,
    pub languages: Vec<champion_language::Model>,
    pub topics: Vec<champion_topic::Model>,
    pub areas: Vec<champion_area::Model>,
    pub consents: Vec<consent::Model>,
    pub evidence: Vec<evidence::Model>,
    pub completions: Vec<completion::Model>,
    pub checks: Vec<dbs_check::Model>,
    pub check_events: Vec<dbs_event::Model>,
    pub windows: Vec<availability_window::Model>,
    pub exceptions: Vec<availability_exception::Model>,
    pub sessions: Vec<session::Model>,
    pub session_topics: Vec<session_topic::Model>,
    pub places: Vec<place::Model>,
    pub place_modules: Vec<place_module::Model>,
    pub requests: Vec<champion_request::Model>,
    pub counters: Vec<counter::Model>,
    pub references: Vec<referee_reference::Model>,
    pub duplicates: Vec<duplicate::Model>,
    pub mailboxes: Vec<champion_mailbox::Model>,
    pub cohorts: Vec<cohort::Model>,
    pub seats: Vec<cohort_seat::Model>,
}

impl Rows {
    /// Writes every row, each table after those it refers to.
    pub async fn save(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        insert_all(conn, self.organisations).await?;
        insert_all(conn, self.accounts).await?;
        insert_all(conn, self.clients).await?;
        insert_all(conn, self.client_keys).await?;
        insert_all(conn, self.venues).await?;
        insert_all(conn, self.groups).await?;
        insert_all(conn, self.group_topics).await?;
        insert_all(conn, self.grants).await?;
        insert_all(conn, self.trainers).await?;
        insert_all(conn, self.champions).await?;
        insert_all(conn, self.languages).await?;
        insert_all(conn, self.topics).await?;
        insert_all(conn, self.areas).await?;
        insert_all(conn, self.consents).await?;
        insert_all(conn, self.evidence).await?;
        insert_all(conn, self.completions).await?;
        insert_all(conn, self.checks).await?;
        insert_all(conn, self.check_events).await?;
        insert_all(conn, self.windows).await?;
        insert_all(conn, self.exceptions).await?;
        insert_all(conn, self.sessions).await?;
        insert_all(conn, self.session_topics).await?;
        insert_all(conn, self.places).await?;
        insert_all(conn, self.place_modules).await?;
        insert_all(conn, self.requests).await?;
        insert_all(conn, self.counters).await?;
        insert_all(conn, self.references).await?;
        insert_all(conn, self.duplicates).await?;
        insert_all(conn, self.mailboxes).await?;
        insert_all(conn, self.cohorts).await?;
        insert_all(conn, self.seats).await
    }
}

/// Accounts of the people who run things.
#[derive(Clone, Copy, Debug)]
pub struct Staff {
    pub coordinator: AccountId,
    pub trainer: AccountId,
    pub second_trainer: AccountId,
    pub safeguarding: AccountId,
}

/// A town in the making.
#[derive(Debug)]
pub struct Town {
    /// The day it starts on.
    pub first: FirstDay,
    /// Gives ids out.
    pub ids: Ids,
    /// What was there before.
    pub baseline: Baseline,
    /// What will be written.
    pub rows: Rows,
    /// Hash of the password that everybody has.
    pub password_hash: String,
    /// Partners by slug.
    pub partners: HashMap<String, OrganisationId>,
    /// Venues by slug.
    pub venues: HashMap<String, VenueId>,
    /// Groups by slug.
    pub groups: HashMap<String, GroupId>,
    /// Who speaks for a group.
    pub leaders: HashMap<GroupId, AccountId>,
    /// The champion of the `champion@` account.
    pub guest: Option<ChampionId>,
    /// The partner website.
    pub client: Option<ClientId>,
}

impl Town {
    /// An empty town.
    pub fn new(first: FirstDay, baseline: Baseline, password_hash: String) -> Self {
        Self {
            first,
            ids: Ids::new(first),
            baseline,
            rows: Rows::default(),
            password_hash,
            partners: HashMap::new(),
            venues: HashMap::new(),
            groups: HashMap::new(),
            leaders: HashMap::new(),
            guest: None,
            client: None,
        }
    }
}

/// Looks a slug up that another sheet names.
pub fn named<T: Copy>(map: &HashMap<String, T>, slug: &str) -> Result<T> {
    map.get(slug).copied().with_context(|| format!("the demo data names nothing with the slug {slug:?}"))
}
