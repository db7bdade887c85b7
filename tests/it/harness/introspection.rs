//! The schema as a client sees it, and inputs that have the right shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::World;

const QUERY: &str = "{ __schema { types { kind name description
    fields(includeDeprecated: true) { name description args { name description defaultValue type { ...T } } type { ...T } }
    inputFields { name description defaultValue type { ...T } }
    enumValues(includeDeprecated: true) { name description } interfaces { name } possibleTypes { name } isOneOf } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The types of the schema by name, those of introspection itself left out.
pub struct Introspection(pub BTreeMap<String, Value>);

impl Introspection {
    pub async fn of(world: &World) -> Self {
        let data = world.sign_in("admin").await.ask(QUERY, json!({})).await;
        let types = data["__schema"]["types"].as_array().cloned().expect("types");
        let name = |t: &Value| t["name"].as_str().expect("a name").to_owned();
        Self(types.into_iter().map(|t| (name(&t), t)).filter(|(name, _)| !name.starts_with("__")).collect())
    }

    /// The fields of a type.
    pub fn fields(&self, type_name: &str) -> Vec<&Value> {
        self.0[type_name]["fields"].as_array().map(|f| f.iter().collect()).unwrap_or_default()
    }

    /// A value of an input type with the right shape: what may be left out is; ids name nothing that exists.
    pub fn dummy(&self, field: &str, of: &Value) -> Value {
        match of["kind"].as_str().expect("a kind") {
            "NON_NULL" => self.dummy(field, &of["ofType"]),
            "LIST" => json!([self.dummy(field, &of["ofType"])]),
            "ENUM" => self.0[of["name"].as_str().expect("a name")]["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => self.dummy_object(of["name"].as_str().expect("a name")),
            _ => scalar(field, of["name"].as_str().expect("a name")),
        }
    }

    fn dummy_object(&self, name: &str) -> Value {
        let (all, one_of) = (self.0[name]["inputFields"].as_array().expect("fields"), self.0[name]["isOneOf"] == true);
        let needed = |f: &&Value| one_of || (f["type"]["kind"] == "NON_NULL" && f["defaultValue"].is_null());
        let take = if one_of { 1 } else { all.len() };
        let fields = all.iter().filter(needed).take(take).map(|f| {
            let name = f["name"].as_str().expect("a name");
            (name.to_owned(), self.dummy(name, &f["type"]))
        });
        Value::Object(fields.collect::<Map<_, _>>())
    }
}

fn scalar(field: &str, name: &str) -> Value {
    match name {
        "ID" => json!(nobody(kind_of(field))),
        "Int" => json!(60),
        "Float" => json!(1.5),
        "Boolean" => json!(true),
        "LocalDate" if field == "birthDate" => json!("1980-02-29"),
        "LocalDate" => json!("2026-12-06"),
        "LocalTime" if field == "endTime" => json!("12:00"),
        "LocalTime" => json!("10:00"),
        "DateTime" => json!("2026-12-06T10:00:00Z"),
        "TimeZone" => json!("Europe/London"),
        "String" => json!(match field {
            "email" => "sweep@example.org",
            "password" => "a-long-enough-one",
            "slug" => "a-slug",
            "phone" => "07700 900123",
            "postcode" => "SK1 3XE",
            "code" => "SWEEP1",
            "languages" | "language" => "eng",
            "rule" => "FREQ=WEEKLY",
            "withReference" => "DC-0001",
            _ => "Ada Lovelace",
        }),
        other => panic!("no dummy for the scalar {other}: add one"),
    }
}

/// The type an id field names.
fn kind_of(field: &str) -> &'static str {
    match field.trim_end_matches("Ids").trim_end_matches("Id") {
        "account" => "Account",
        "assignment" => "Assignment",
        "bundle" => "OfferBundle",
        "champion" => "Champion",
        "check" => "DbsCheck",
        "client" => "ApiClient",
        "completion" => "TrainingCompletion",
        "closure" => "GroupClosure",
        "cohort" => "TrainingCohort",
        "duplicate" => "ChampionDuplicate",
        "exception" => "AvailabilityException",
        "exemption" => "Exemption",
        "feed" => "CalendarFeed",
        "group" => "Group",
        "key" => "ApiClientKey",
        "membership" => "RoleMembership",
        "module" | "prerequisite" => "TrainingModule",
        "offer" | "acceptOffer" => "Offer",
        "organisation" => "Organisation",
        "reference" => "Reference",
        "request" => "ChampionRequest",
        "requirement" => "Requirement",
        "series" => "SessionSeries",
        "session" => "Session",
        "standIn" => "StandIn",
        "survivor" => "Champion",
        "swap" => "Swap",
        "proposal" | "keepLockedOf" => "RotaProposal",
        "line" => "RotaLine",
        "venue" => "Venue",
        "waves" => "OfferWaves",
        "id" | "ids" => "Champion",
        other => panic!("which type does {other}Id name? add it"),
    }
}

/// An id of a type that nothing has.
pub fn nobody(kind: &str) -> String {
    api::graphql::id::encode(kind, uuid::Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_dead_beef)).to_string()
}
