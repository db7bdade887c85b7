//! Configuration: the command line, or the environment variable beside each option.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, value_parser};
use rules::matching::Weights;
use rules::provider::GroupRoles;
use rules::travel::{Pace, TOWN};

/// What every subcommand that opens the database needs.
#[derive(Args, Clone, Debug)]
pub struct Storage {
    /// Database: sqlite:FILE, or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, env = "DIGIKNOW_DATABASE_URL", default_value = "sqlite:.digiknow/digiknow.sqlite", hide_env_values = true)]
    pub database_url: String,
    /// Most connections to the database; on SQLite readers, and two for each processor at most
    #[arg(long, env = "DIGIKNOW_CONNECTIONS", default_value_t = 8, value_parser = value_parser!(u32).range(1..=1_000))]
    pub connections: u32,
    /// File with the service's secret key; made by `digiknow key`, the same on every replica
    #[arg(long, env = "DIGIKNOW_KEY_FILE", default_value = ".digiknow/key.pem")]
    pub key_file: PathBuf,
}

/// Where and how to serve.
#[derive(Args, Clone, Debug)]
pub struct Serving {
    /// Address to listen on
    #[arg(long, env = "DIGIKNOW_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address for Prometheus to read GET /metrics from; keep it away from the outside
    #[arg(long, env = "DIGIKNOW_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Serve the explorer page at /explorer
    #[arg(long, env = "DIGIKNOW_EXPLORER")]
    pub explorer: bool,
    /// Points of cost that an account or client may spend a second, with a minute's worth at once; an address without either a
    /// tenth. 0 counts nothing
    #[arg(long, env = "DIGIKNOW_POINTS_PER_SECOND", default_value_t = 5_000)]
    pub points_per_second: u32,
    /// Most connections of clients at once; keep the limit of open files above it
    #[arg(long, env = "DIGIKNOW_MOST_CONNECTIONS", default_value_t = 600, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub most_connections: usize,
    /// Write logs as JSON
    #[arg(long, env = "DIGIKNOW_LOG_JSON")]
    pub log_json: bool,
}

/// How to ask the DBS Update Service; off without its address.
#[derive(Args, Clone, Debug, Default)]
pub struct UpdateServiceOptions {
    /// Address of the DBS Update Service; nothing is asked without it
    #[arg(long, env = "DIGIKNOW_UPDATE_SERVICE_URL")]
    pub update_service_url: Option<String>,
    /// The organisation that asks, as the Update Service knows it
    #[arg(long, env = "DIGIKNOW_UPDATE_SERVICE_ORGANISATION")]
    pub update_service_organisation: Option<String>,
    /// Surname of the person who answers for the asking
    #[arg(long, env = "DIGIKNOW_UPDATE_SERVICE_SURNAME")]
    pub update_service_surname: Option<String>,
    /// Forename of that person
    #[arg(long, env = "DIGIKNOW_UPDATE_SERVICE_FORENAME")]
    pub update_service_forename: Option<String>,
    /// Milliseconds an answer may take
    #[arg(long, env = "DIGIKNOW_UPDATE_SERVICE_TIMEOUT_MS", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=60_000))]
    pub update_service_timeout_ms: u64,
}

/// An identity provider that people may sign in through (OpenID Connect); off without its issuer.
#[derive(Args, Clone, Debug)]
pub struct ProviderOptions {
    /// Issuer of an identity provider to sign in through, such as `https://login.microsoftonline.com/TENANT/v2.0`; off without it
    #[arg(long, env = "DIGIKNOW_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// The client id it knows this service by
    #[arg(long, env = "DIGIKNOW_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that goes with it; better in the environment than on the command line
    #[arg(long, env = "DIGIKNOW_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,
    /// Scopes to ask for beside openid
    #[arg(long, env = "DIGIKNOW_OIDC_SCOPES", default_value = "email profile")]
    pub oidc_scopes: String,
    /// Claim of the ID token that says the address was verified; xms_edov for Entra ID
    #[arg(long, env = "DIGIKNOW_OIDC_VERIFIED_CLAIM", default_value = "email_verified")]
    pub oidc_verified_claim: String,
    /// Claim of the ID token that lists groups or app roles
    #[arg(long, env = "DIGIKNOW_OIDC_GROUPS_CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,
    /// Which group gives which role: GROUP=ROLE,GROUP=ROLE with TRAINER, COORDINATOR, SAFEGUARDING_LEAD or ADMINISTRATOR
    #[arg(long, env = "DIGIKNOW_OIDC_GROUP_ROLES", default_value = "")]
    pub oidc_group_roles: GroupRoles,
    /// Milliseconds an answer of the provider may take
    #[arg(long, env = "DIGIKNOW_OIDC_TIMEOUT_MS", default_value_t = 4_000, value_parser = value_parser!(u64).range(1..=60_000))]
    pub oidc_timeout_ms: u64,
}

/// What the alliance sets.
#[derive(Args, Clone, Debug)]
pub struct Policy {
    /// Months after a certificate's date until a new DBS check is due
    #[arg(long, env = "DIGIKNOW_DBS_RECHECK_MONTHS", default_value_t = 36, value_parser = value_parser!(u32).range(1..=120))]
    pub dbs_recheck_months: u32,
    /// Months until somebody in the Update Service is asked about again
    #[arg(long, env = "DIGIKNOW_DBS_UPDATE_MONTHS", default_value_t = 12, value_parser = value_parser!(u32).range(1..=120))]
    pub dbs_update_months: u32,
    /// Minutes an access token is good for, 60 at most
    #[arg(long, env = "DIGIKNOW_ACCESS_TOKEN_MINUTES", default_value_t = 10, value_parser = value_parser!(i64).range(1..=60))]
    pub access_token_minutes: i64,
    /// Hours a link in an e-mail is good for
    #[arg(long, env = "DIGIKNOW_EMAIL_LINK_HOURS", default_value_t = 72, value_parser = value_parser!(i64).range(1..=720))]
    pub email_link_hours: i64,
    /// How often one champion is asked in seven days at most without saying yes; an urgent call may ask twice as often
    #[arg(long, env = "DIGIKNOW_OFFERS_PER_WEEK", default_value_t = 4, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    pub offers_per_week: usize,
    /// Days nobody asks a champion who said "not now"
    #[arg(long, env = "DIGIKNOW_QUIET_DAYS", default_value_t = 14, value_parser = value_parser!(i64).range(0..=365))]
    pub quiet_days: i64,
    /// Hours before a session from which somebody missing is looked for urgently: everybody who could come is asked at once
    #[arg(long, env = "DIGIKNOW_LATE_HOURS", default_value_t = 48, value_parser = value_parser!(i64).range(0..=720))]
    pub late_hours: i64,
    /// Hours before a session from which its group's leaders and the coordinators are told, once for each cause, that it is at risk
    #[arg(long, env = "DIGIKNOW_RISK_HOURS", default_value_t = 72, value_parser = value_parser!(i64).range(0..=720))]
    pub risk_hours: i64,
    /// What the factors of a match weigh, as in distance=25,topics=20; what is not named keeps its default (docs/matching.md)
    #[arg(long, env = "DIGIKNOW_MATCH_WEIGHTS", default_value = "")]
    pub match_weights: Weights,
    /// How referees are asked
    #[command(flatten)]
    pub references: ReferenceOptions,
    /// How champions get from one session to another
    #[command(flatten)]
    pub travel: Travel,
    /// Where people sign in
    #[command(flatten)]
    pub identity: Identity,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            dbs_recheck_months: 36,
            dbs_update_months: 12,
            access_token_minutes: 10,
            email_link_hours: 72,
            offers_per_week: 4,
            quiet_days: 14,
            late_hours: 48,
            risk_hours: 72,
            match_weights: Weights::default(),
            references: ReferenceOptions::default(),
            travel: Travel::default(),
            identity: Identity::default(),
        }
    }
}

/// How referees are asked, and for how long they are remembered.
#[derive(Args, Clone, Debug)]
pub struct ReferenceOptions {
    /// Days after asking on which a referee who has not answered is reminded, as in 7,14
    #[arg(long, env = "DIGIKNOW_REFERENCE_REMINDER_DAYS", value_delimiter = ',', default_values_t = [7, 14], value_parser = value_parser!(i64).range(1..=365))]
    pub reference_reminder_days: Vec<i64>,
    /// Days a referee has to answer
    #[arg(long, env = "DIGIKNOW_REFERENCE_DAYS", default_value_t = 28, value_parser = value_parser!(i64).range(1..=365))]
    pub reference_days: i64,
    /// Days an accepted answer may be used again for the same level or a lower one
    #[arg(long, env = "DIGIKNOW_REFERENCE_REUSE_DAYS", default_value_t = 730, value_parser = value_parser!(i64).range(0..=3_650))]
    pub reference_reuse_days: i64,
    /// Months after which the referees of an applicant who was not taken on are forgotten
    #[arg(long, env = "DIGIKNOW_APPLICANT_MONTHS", default_value_t = 6, value_parser = value_parser!(u32).range(1..=120))]
    pub applicant_months: u32,
    /// Months after which the referees of somebody who left are forgotten
    #[arg(long, env = "DIGIKNOW_LEAVER_MONTHS", default_value_t = 36, value_parser = value_parser!(u32).range(1..=120))]
    pub leaver_months: u32,
}

impl Default for ReferenceOptions {
    fn default() -> Self {
        Self { reference_reminder_days: vec![7, 14], reference_days: 28, reference_reuse_days: 730, applicant_months: 6, leaver_months: 36 }
    }
}

/// How champions get from one session to another. Sessions in person that leave less time clash.
#[derive(Args, Clone, Copy, Debug)]
pub struct Travel {
    /// Minutes a champion needs between two sessions in person at different places, besides the journey
    #[arg(long, env = "DIGIKNOW_TRAVEL_BUFFER_MINUTES", default_value_t = TOWN.buffer, value_parser = value_parser!(i64).range(0..=240))]
    pub travel_buffer_minutes: i64,
    /// Metres of a straight line that champions travel in a minute
    #[arg(long, env = "DIGIKNOW_TRAVEL_METRES_PER_MINUTE", default_value_t = TOWN.speed, value_parser = value_parser!(i64).range(10..=5_000))]
    pub travel_metres_per_minute: i64,
}

impl Travel {
    /// As the rules read it.
    pub fn pace(self) -> Pace {
        Pace { buffer: self.travel_buffer_minutes, speed: self.travel_metres_per_minute }
    }
}

impl Default for Travel {
    fn default() -> Self {
        Self { travel_buffer_minutes: TOWN.buffer, travel_metres_per_minute: TOWN.speed }
    }
}

/// Where people sign in from, and how they are led back.
#[derive(Args, Clone, Debug)]
pub struct Identity {
    /// Address of this service for browsers: links in messages begin with it
    #[arg(long, env = "DIGIKNOW_PUBLIC_URL", default_value = Identity::HERE)]
    pub public_url: String,
    /// Page of the app that a sign-in by link returns to, with a refresh token in the fragment
    #[arg(long, env = "DIGIKNOW_APP_URL")]
    pub app_url: Option<String>,
    /// How many proxies of ours stand in front and add to X-Forwarded-For
    #[arg(long, env = "DIGIKNOW_TRUSTED_PROXIES", default_value_t = 0, value_parser = RangedU64ValueParser::<usize>::new().range(0..=16))]
    pub trusted_proxies: usize,
}

impl Identity {
    const HERE: &'static str = "http://127.0.0.1:8080";
}

impl Default for Identity {
    fn default() -> Self {
        Self { public_url: Self::HERE.to_owned(), app_url: None, trusted_proxies: 0 }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct All {
        #[command(flatten)]
        _storage: Storage,
        #[command(flatten)]
        _serving: Serving,
        #[command(flatten)]
        _update_service: UpdateServiceOptions,
        #[command(flatten)]
        _provider: ProviderOptions,
        #[command(flatten)]
        _policy: Policy,
    }

    fn refused(name: &str, value: &str) -> bool {
        let asked = All::try_parse_from(["digiknow".to_owned(), format!("--{name}={value}")]);
        asked.is_err_and(|refused| refused.to_string().contains(&format!("'--{name} ")))
    }

    #[test]
    fn every_number_has_bounds_and_a_value_beyond_them_is_refused_by_name() {
        let command = All::command();
        let numbers =
            command.get_arguments().filter(|arg| arg.get_default_values().iter().any(|v| v.to_string_lossy().parse::<i64>().is_ok()));
        let names: Vec<&str> = numbers.filter_map(|arg| arg.get_long()).collect();
        assert!(names.len() > 15, "{names:?}");
        for name in names {
            for beyond in ["-1", "9223372036854775807", "many"] {
                assert!(refused(name, beyond), "--{name}={beyond}");
            }
        }
        assert!(refused("connections", "0") && refused("most-connections", "0"), "somebody has to be served");
    }
}
