//! `GET /rota/week.csv` and `/rota/week.html`: a week's rota to keep or to print, with an access token. `from` is any date of the week,
//! `group` a group's id; without it, every group the caller may see.

use std::fmt::Write as _;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use rules::id::GroupId;
use rules::sheet::cell;
use serde::Deserialize;

use super::auth::{broken, signed_in};
use super::page::{escape, styled};
use super::{RequestId, Site};
use crate::graphql::id;
use crate::service::rota_sheet::{HEADINGS, Sheet, week};

const STYLE: &str = "body{margin:1rem;font:1rem/1.4 system-ui,sans-serif}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}\
th,td{border:1px solid;padding:.25rem .5rem;text-align:left;vertical-align:top}tr{break-inside:avoid}@media print{body{margin:0;font-size:10pt}}";

/// Which week, of whom.
#[derive(Deserialize, Debug)]
pub struct Asked {
    from: Option<NaiveDate>,
    group: Option<String>,
}

/// The week as comma-separated values.
pub async fn csv(State(site): State<Site>, Query(asked): Query<Asked>, request: Request) -> Response {
    let sheet = match sheet(&site, &asked, request).await {
        Ok(sheet) => sheet,
        Err(refused) => return refused,
    };
    let name = format!("attachment; filename=\"rota-{}.csv\"", sheet.monday);
    match written(&sheet) {
        Ok(bytes) => {
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Err(error) => broken(&error.into()),
    }
}

fn written(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(HEADINGS)?;
    for line in &sheet.lines {
        out.write_record(line.iter().map(|text| cell(text)))?;
    }
    Ok(out.into_inner()?)
}

/// The week as a page to print.
pub async fn page(State(site): State<Site>, Query(asked): Query<Asked>, request: Request) -> Response {
    let sheet = match sheet(&site, &asked, request).await {
        Ok(sheet) => sheet,
        Err(refused) => return refused,
    };
    let title = format!("Rota of the week of {}", sheet.monday.format("%A %-d %B %Y"));
    let mut body = format!("<h1>{title}</h1><table><thead><tr>");
    HEADINGS.iter().for_each(|heading| _ = write!(body, "<th scope=\"col\">{heading}</th>"));
    body.push_str("</tr></thead><tbody>");
    for line in &sheet.lines {
        body.push_str("<tr>");
        line.iter().for_each(|text| _ = write!(body, "<td>{}</td>", escape(text)));
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table>");
    styled(STYLE, &title, &body, "'none'")
}

async fn sheet(site: &Site, asked: &Asked, request: Request) -> Result<Sheet, Response> {
    let (parts, _) = request.into_parts();
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let call = signed_in(site, &parts).await?.call;
    let absent = || (StatusCode::NOT_FOUND, format!("There is no rota here for you to see. Request {id}.")).into_response();
    let group = match &asked.group {
        Some(text) => Some(id::parse::<GroupId>(&async_graphql::ID(text.clone())).ok_or_else(absent)?),
        None => None,
    };
    let from = asked.from.unwrap_or_else(|| call.today());
    if !(2000..2100).contains(&chrono::Datelike::year(&from)) {
        return Err((StatusCode::BAD_REQUEST, "from: choose a date between 2000 and 2100.").into_response());
    }
    week(&site.app, &call, from, group).await.map_err(|fault| broken(&fault))?.ok_or_else(absent)
}
