//! From sign-up to clearance: references, limits of stages, emergency contacts, duplicates; training in cohorts, certificates of others
//! and warnings; what organisations accept.

use sea_orm_migration::prelude::*;

mod people;
mod training;

#[derive(Debug)]
pub struct Migration;

/// Named by hand: the derived name is that of the file, and another migration's file is called `mod` too.
impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261122_000011_onboarding"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in people::tables().into_iter().chain(training::tables()) {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// What queries use, and what must not be there twice.
const INDEXES: [&str; 16] = [
    "CREATE INDEX referee_reference_champion ON referee_reference (champion_id)",
    "CREATE INDEX referee_reference_next ON referee_reference (next_at)",
    "CREATE UNIQUE INDEX referee_reference_one_open ON referee_reference (champion_id, email_key) WHERE status = 'ASKED'",
    "CREATE INDEX champion_phone ON champion (phone_e164)",
    "CREATE INDEX champion_birth_date ON champion (birth_date)",
    "CREATE INDEX champion_postcode ON champion (postcode)",
    "CREATE INDEX champion_mailbox_new ON champion_mailbox (champion_id) WHERE looked_at IS NULL",
    "CREATE INDEX champion_mailbox_mailbox ON champion_mailbox (mailbox)",
    // Those who were there before: close enough to find whoever signs up again.
    "INSERT INTO champion_mailbox (champion_id, mailbox) SELECT id, email_key FROM champion",
    "CREATE UNIQUE INDEX duplicate_once ON duplicate (first_id, second_id)",
    "CREATE INDEX cohort_on ON cohort (on_date)",
    "CREATE UNIQUE INDEX cohort_seat_once ON cohort_seat (cohort_id, champion_id) WHERE status IN ('BOOKED', 'WAITING')",
    "CREATE INDEX cohort_seat_champion ON cohort_seat (champion_id)",
    "CREATE INDEX completion_expires ON completion (expires_on)",
    "CREATE INDEX acceptance_champion ON acceptance (champion_id)",
    "CREATE INDEX acceptance_organisation ON acceptance (organisation_id)",
];

fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}
