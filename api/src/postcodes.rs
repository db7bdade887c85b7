//! Where postcodes are: the shipped open data, in memory.
//!
//! Every live postcode of Stockport with its ward, and the centre of each outward code of Greater Manchester.
//! Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail copyright and
//! database right 2025. Contains National Statistics data © Crown copyright and database right 2025.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use rules::geo::Point;
use rules::input;
use rules::reason::Malformed;

static STOCKPORT: &[u8] = include_bytes!("../data/stockport_postcodes.csv.gz");
static OUTWARD: &str = include_str!("../data/gm_outcodes.csv");

/// Where a postcode is.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// The postcode, plain.
    pub postcode: String,
    /// Its point; the centre of the outward code for those outside Stockport.
    pub point: Point,
    /// Its electoral ward (ONS code), in Stockport.
    pub ward: Option<String>,
}

#[derive(Debug)]
struct Outward {
    point: Point,
    /// All of its postcodes lie in Stockport, so one that is not listed does not exist.
    all_in_stockport: bool,
}

/// The shipped data.
#[derive(Debug)]
pub struct Postcodes {
    exact: HashMap<String, (Point, String)>,
    wards: HashSet<String>,
    outward: HashMap<String, Outward>,
}

impl Postcodes {
    /// Reads the shipped data: some milliseconds, once.
    pub fn load() -> Result<Self> {
        let mut text = String::new();
        GzDecoder::new(STOCKPORT).read_to_string(&mut text).context("the shipped postcodes are broken")?;
        let exact: Option<HashMap<_, _>> = text.lines().skip(1).map(exact_row).collect();
        let exact = exact.context("the shipped postcodes have a broken row")?;
        let wards = exact.values().map(|(_, ward)| ward.clone()).collect();
        let outward =
            OUTWARD.lines().skip(1).map(outward_row).collect::<Option<_>>().context("the shipped outward codes have a broken row")?;
        Ok(Self { exact, wards, outward })
    }

    /// Where a postcode as typed is, or what to do about it.
    pub fn locate(&self, field: &str, typed: &str) -> Result<Location, Malformed> {
        let postcode = input::postcode(field, typed)?;
        if let Some((point, ward)) = self.exact.get(&postcode) {
            return Ok(Location { point: *point, ward: Some(ward.clone()), postcode });
        }
        let spaced = input::spaced_postcode(&postcode);
        match self.outward.get(input::outward(&postcode)) {
            None => {
                Err(Malformed::new(field, format!("{spaced} is outside Greater Manchester, where DigiKnow works: check the postcode.")))
            }
            Some(outward) if outward.all_in_stockport => {
                Err(Malformed::new(field, format!("We don't know the postcode {spaced}: check it, or use one next door.")))
            }
            Some(outward) => Ok(Location { point: outward.point, ward: None, postcode }),
        }
    }

    /// An area as typed, an outward code or a ward, or what to do about it.
    pub fn area(&self, field: &str, typed: &str) -> Result<String, Malformed> {
        let code = typed.trim().to_ascii_uppercase();
        if self.outward.contains_key(&code) || self.wards.contains(&code) {
            return Ok(code);
        }
        let told = "We don't know this area: give the first half of a postcode of Greater Manchester, like SK4, or the code of a ward of Stockport, \
                    like E05015027.";
        Err(Malformed::new(field, told))
    }

    /// How many exact postcodes there are.
    pub fn len(&self) -> usize {
        self.exact.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
    }
}

fn exact_row(row: &str) -> Option<(String, (Point, String))> {
    let mut cells = row.split(',');
    let (postcode, latitude, longitude, ward) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    Some((postcode.to_owned(), (Point { latitude: latitude.parse().ok()?, longitude: longitude.parse().ok()? }, ward.to_owned())))
}

fn outward_row(row: &str) -> Option<(String, Outward)> {
    let cells: Vec<&str> = row.split(',').collect();
    let [code, latitude, longitude, _, _, in_stockport, _, total] = cells[..] else { return None };
    let point = Point { latitude: latitude.parse().ok()?, longitude: longitude.parse().ok()? };
    Some((code.to_owned(), Outward { point, all_in_stockport: in_stockport == total }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_unknown_and_far_postcodes() {
        let postcodes = Postcodes::load().expect("the shipped data");
        assert_eq!(postcodes.len(), 6_824);
        let known = postcodes.locate("postcode", "m19 1rr").expect("known");
        assert_eq!((known.postcode.as_str(), known.ward.as_deref()), ("M191RR", Some("E05015027")));
        let near = postcodes.locate("postcode", "BL1 1AA").expect("in Greater Manchester");
        assert_eq!(near.ward, None);
        for (typed, part) in [("SW1A 1AA", "outside Greater Manchester"), ("SK99", "not a UK postcode")] {
            let problem = postcodes.locate("contact.postcode", typed).expect_err("refused");
            assert_eq!(problem.field, ["contact", "postcode"]);
            assert!(problem.message.contains(part), "{}", problem.message);
        }
        let outwards = postcodes.exact.keys().map(|postcode| input::outward(postcode));
        assert!(outwards.chain(["M1"]).all(|outward| postcodes.area("areas.0", outward).is_ok()));
        assert_eq!(postcodes.area("areas.0", " e05015027 ").as_deref(), Ok("E05015027"));
        for typed in ["", "SW1A", "E05015013", "SK4 4DP", "Heaton Moor"] {
            assert_eq!(postcodes.area("areas.3", typed).expect_err("refused").field, ["areas", "3"], "{typed}");
        }
        let inside = postcodes.outward.iter().find(|(_, o)| o.all_in_stockport).expect("an outward code of Stockport").0;
        let invented = ["0AA", "9ZZ", "0ZZ"]
            .iter()
            .map(|inward| format!("{inside}{inward}"))
            .find(|p| !postcodes.exact.contains_key(p))
            .expect("a free one");
        assert!(postcodes.locate("postcode", &invented).expect_err("refused").message.contains("We don't know"));
    }
}
