//! Places and distances: WGS 84, straight line. Distances are for in-person work only and reach others as bands.

use crate::input::outward;
use crate::vocabulary::vocabulary;

/// A WGS 84 position in degrees.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// North, in degrees.
    pub latitude: f64,
    /// East, in degrees.
    pub longitude: f64,
}

/// The mean radius of the Earth, in metres.
pub(crate) const EARTH_RADIUS: f64 = 6_371_009.0;

/// Great-circle distance in whole metres (haversine on a sphere of that radius; within 0.5% of the ellipsoid).
pub fn distance_metres(a: Point, b: Point) -> u32 {
    let (lat_a, lat_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.longitude - a.longitude).to_radians() / 2.0).sin();
    let h = half_lat.powi(2) + lat_a.cos() * lat_b.cos() * half_lon.powi(2);
    (2.0 * EARTH_RADIUS * h.sqrt().min(1.0).asin()).round() as u32
}

/// The areas a plain postcode lies in: its outward code (`SK4`), and its electoral ward (ONS code) where that is known.
pub fn areas_of(postcode: &str, ward: Option<&str>) -> Vec<String> {
    [outward(postcode), ward.unwrap_or_default()].into_iter().filter(|area| !area.is_empty()).map(str::to_owned).collect()
}

vocabulary! {
    /// How far away, coarsely: a champion's home is never published, and a finer figure would point to it.
    DistanceBand {
        /// Less than two kilometres.
        Under2Km = "UNDER_2_KM",
        /// Two to five kilometres.
        From2To5Km = "FROM_2_TO_5_KM",
        /// Five to ten kilometres.
        From5To10Km = "FROM_5_TO_10_KM",
        /// Ten kilometres or more.
        Over10Km = "OVER_10_KM",
    }
}

/// The band of a distance in metres; its upper end belongs to the next band.
pub fn band(metres: u32) -> DistanceBand {
    match metres {
        0..2_000 => DistanceBand::Under2Km,
        2_000..5_000 => DistanceBand::From2To5Km,
        5_000..10_000 => DistanceBand::From5To10Km,
        _ => DistanceBand::Over10Km,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stockport_to_marple_is_seven_kilometres() {
        let stockport = Point { latitude: 53.4066, longitude: -2.1569 };
        let marple = Point { latitude: 53.3943, longitude: -2.0632 };
        let metres = distance_metres(stockport, marple);
        assert!((6_300..6_500).contains(&metres), "{metres}");
        assert_eq!(distance_metres(stockport, stockport), 0);
    }

    #[test]
    fn a_place_lies_in_its_outward_code_and_its_ward() {
        assert_eq!(areas_of("SK43LD", Some("E05015027")), ["SK4", "E05015027"]);
        assert_eq!(areas_of("M11AE", None), ["M1"]);
        assert!(areas_of("", None).is_empty());
    }

    #[test]
    fn bands_are_half_open() {
        let cases = [
            (0, DistanceBand::Under2Km),
            (1_999, DistanceBand::Under2Km),
            (2_000, DistanceBand::From2To5Km),
            (4_999, DistanceBand::From2To5Km),
            (5_000, DistanceBand::From5To10Km),
            (10_000, DistanceBand::Over10Km),
        ];
        for (metres, expected) in cases {
            assert_eq!(band(metres), expected, "{metres} m");
        }
    }
}
