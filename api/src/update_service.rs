//! Asks the DBS Update Service about one certificate. Off unless an operator names its address.
//!
//! The address of a question holds a name, a birth date and a certificate's number: it never reaches a log, an error or a
//! trace. Whatever is not a well-formed answer is a failure, and a failure clears nobody.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::events::Event;
use reqwest::Url;
use rules::dbs::update_service::StatusCheckResult;

use crate::config::UpdateServiceOptions;

/// The largest answer that is read: a real one has a few hundred bytes.
const LARGEST: usize = 16 * 1024;

/// The Update Service, as this organisation may ask it.
#[derive(Clone, Debug)]
pub struct UpdateService {
    base: Url,
    http: reqwest::Client,
    organisation: String,
    surname: String,
    forename: String,
}

/// A question about one certificate. Not printable: it is about a person.
pub struct Question<'a> {
    /// Twelve digits.
    pub certificate: &'a str,
    /// The applicant's.
    pub birth_date: NaiveDate,
    /// As printed.
    pub surname: &'a str,
}

/// Why there is no answer. Says nothing of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not reached, or cut off.
    #[error("it could not be reached")]
    Unreachable,
    /// Took too long.
    #[error("it took too long")]
    TimedOut,
    /// Answered that it could not.
    #[error("it answered HTTP {0}")]
    Status(u16),
    /// Answered something else than one result.
    #[error("its answer could not be read")]
    Malformed,
}

impl UpdateService {
    /// The service an operator named, or none.
    pub fn new(options: &UpdateServiceOptions) -> Result<Option<Self>> {
        let Some(url) = &options.update_service_url else { return Ok(None) };
        let base = Url::parse(url).context("DIGIKNOW_UPDATE_SERVICE_URL is not an address")?;
        let named = |value: &Option<String>, what: &str| value.clone().with_context(|| format!("the Update Service wants to know {what}"));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_millis(options.update_service_timeout_ms))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client")?;
        Ok(Some(Self {
            base,
            http,
            organisation: named(&options.update_service_organisation, "who asks: DIGIKNOW_UPDATE_SERVICE_ORGANISATION")?,
            surname: named(&options.update_service_surname, "whose account asks: DIGIKNOW_UPDATE_SERVICE_SURNAME")?,
            forename: named(&options.update_service_forename, "whose account asks: DIGIKNOW_UPDATE_SERVICE_FORENAME")?,
        }))
    }

    /// Asks about a certificate.
    pub async fn ask(&self, question: &Question<'_>) -> Result<StatusCheckResult, Failure> {
        let failed = |error: reqwest::Error| if error.is_timeout() { Failure::TimedOut } else { Failure::Unreachable };
        let mut response = self.http.get(self.address(question)?).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(Failure::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(Failure::Malformed);
            }
        }
        std::str::from_utf8(&body).ok().and_then(parse).ok_or(Failure::Malformed)
    }

    fn address(&self, question: &Question<'_>) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Failure::Unreachable)?.pop_if_empty().extend(["crsc", "api", "status", question.certificate]);
        url.query_pairs_mut()
            .append_pair("dateOfBirth", &question.birth_date.format("%d/%m/%Y").to_string())
            .append_pair("surname", question.surname)
            .append_pair("hasAgreedTermsAndConditions", "true")
            .append_pair("organisationName", &self.organisation)
            .append_pair("employeeSurname", &self.surname)
            .append_pair("employeeForename", &self.forename);
        Ok(url)
    }
}

/// One `statusCheckResult` and nothing else: each field once, text only, no document type. The content type is not looked at,
/// since it varies.
fn parse(text: &str) -> Option<StatusCheckResult> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Start(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).ok()?;
                open(&path, &mut fields, &name)?;
                path.push(name);
            }
            Event::End(_) => {
                path.pop()?;
            }
            Event::Text(found) => put(&path, &mut fields, &found.decode().ok()?)?,
            Event::GeneralRef(entity) => put(&path, &mut fields, character(&entity.decode().ok()?)?)?,
            Event::Eof => break,
            _ => return None,
        }
    }
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Some(StatusCheckResult {
        result_type: field("statusCheckResultType")?,
        status: field("status")?,
        surname: field("surname"),
        print_date: field("printDate"),
    })
    .filter(|_| path.is_empty())
}

/// An element may open where it belongs, and once.
fn open(path: &[String], fields: &mut Vec<(String, String)>, name: &str) -> Option<()> {
    const FIELDS: [&str; 5] = ["statusCheckResultType", "status", "forename", "surname", "printDate"];
    match path {
        [] => (name == "statusCheckResult" && fields.is_empty()).then_some(()),
        [_] if FIELDS.contains(&name) && fields.iter().all(|(known, _)| known != name) => {
            fields.push((name.to_owned(), String::new()));
            Some(())
        }
        _ => None,
    }
}

/// Text stands in a field; between the fields there is white space at most.
fn put(path: &[String], fields: &mut [(String, String)], text: &str) -> Option<()> {
    match (path, fields.last_mut()) {
        ([_, _], Some((_, value))) => value.push_str(text),
        _ if text.trim().is_empty() => {}
        _ => return None,
    }
    Some(())
}

/// The five characters XML has names for; anything else is not ours to look up.
fn character(entity: &str) -> Option<&'static str> {
    Some(match entity {
        "amp" => "&",
        "apos" => "'",
        "quot" => "\"",
        "lt" => "<",
        "gt" => ">",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(inside: &str) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<statusCheckResult>{inside}</statusCheckResult>\n")
    }

    const FIELDS: &str = "<statusCheckResultType>SUCCESS</statusCheckResultType>\n <status>NEW_INFO</status>";

    #[test]
    fn one_result_is_read_and_nothing_else() {
        let found = parse(&whole(&format!("{FIELDS}<surname>O&apos;Neill</surname><printDate>2026-05-01</printDate>"))).expect("a result");
        assert_eq!((found.result_type.as_str(), found.status.as_str()), ("SUCCESS", "NEW_INFO"));
        assert_eq!((found.surname.as_deref(), found.print_date.as_deref()), (Some("O'Neill"), Some("2026-05-01")));
        for (text, why) in [
            (String::new(), "nothing"),
            ("<html><body>Service unavailable</body></html>".into(), "a page"),
            (whole("<status>NEW_INFO</status>"), "a field is missing"),
            (whole(&format!("{FIELDS}<status>BLANK_NO_NEW_INFO</status>")), "a field comes twice"),
            (whole(&format!("{FIELDS}<other/>")), "an unknown field"),
            (whole(&format!("{FIELDS}<surname><b>x</b></surname>")), "a field inside a field"),
            (whole(&format!("{FIELDS} words")), "text between the fields"),
            (format!("{}{}", whole(FIELDS), whole(FIELDS)), "two results"),
            (format!("<a>{}</a>", whole(FIELDS)), "a result inside something"),
            (format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", whole(FIELDS)), "a document type"),
            (whole(&format!("{FIELDS}<surname>&a;</surname>")), "an entity of its own"),
            (whole(FIELDS).replace("</statusCheckResult>", ""), "cut off"),
            (whole(FIELDS).replace("</status>", "</Status>"), "not well-formed"),
        ] {
            assert_eq!(parse(&text), None, "{why}");
        }
    }
}
