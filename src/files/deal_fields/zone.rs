//! In which time zone a time becomes a day, as a mapping names it.
//!
//! Deals, settlements and pay periods are of days, so a zone matters only where something else's time is read: there alone
//! it is stated. Leaves out how a time is written (`form`).

use crate::files::fields::did_you_mean;
use jiff::tz::{TimeZone, db};
use serde::Deserialize;

/// A name like "America/New_York"; UTC unless a mapping says one. The zones are compiled in, so that the day of a deal is
/// not another one on another machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(pub TimeZone);

impl Default for Zone {
    fn default() -> Zone {
        Zone(TimeZone::UTC)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Zone, String> {
        // The library also has a zone that stands for none, and would read it as UTC.
        let zone = TimeZone::get(&name).ok().filter(|zone| !zone.is_unknown());
        zone.map(Zone).ok_or_else(|| {
            let hint = nearest(&name).unwrap_or_else(|| "write one like \"America/New_York\"".into());
            format!("\"{name}\" is no time zone; {hint}")
        })
    }
}

/// The zone that was meant: by its name, or by its city alone.
fn nearest(name: &str) -> Option<String> {
    let known: Vec<String> = db().available().map(|zone| zone.to_string()).collect();
    let city = name.replace(' ', "_").to_lowercase();
    let of_city = |zone: &&String| zone.rsplit_once('/').is_some_and(|(_, last)| last.to_lowercase() == city);
    let by_city = known.iter().find(of_city).map(|zone| format!("did you mean \"{zone}\"?"));
    by_city.or_else(|| did_you_mean(name, known.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::Zone;

    /// The last second of a day, and the first of the next.
    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let table = [
            ("UTC", "2026-02-01T00:00:00Z", "2026-01-31", "2026-02-01"),
            // Winter, the day on which clocks go forward, summer, and the day on which they go back.
            ("America/New_York", "2026-02-01T05:00:00Z", "2026-01-31", "2026-02-01"),
            ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-07", "2026-03-08"),
            ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-08", "2026-03-09"),
            ("America/New_York", "2026-11-01T04:00:00Z", "2026-10-31", "2026-11-01"),
            ("America/New_York", "2026-11-02T05:00:00Z", "2026-11-01", "2026-11-02"),
            ("America/New_York", "2026-01-31T23:30:00-05:00", "2026-01-31", "2026-01-31"),
            // Ahead of Greenwich.
            ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-28", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-29", "2026-03-30"),
            ("Asia/Kolkata", "2026-01-31T18:30:00Z", "2026-01-31", "2026-02-01"),
            ("Pacific/Auckland", "2026-01-31T11:00:00Z", "2026-01-31", "2026-02-01"),
            ("Pacific/Auckland", "2026-07-31T12:00:00Z", "2026-07-31", "2026-08-01"),
            ("Pacific/Kiritimati", "2026-01-31T10:00:00Z", "2026-01-31", "2026-02-01"),
            // A day that began at one o'clock, and one that there was not.
            ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-03", "2018-11-04"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-29", "2011-12-31"),
        ];
        for (name, first, before, day) in table {
            let zone = Zone::try_from(String::from(name)).unwrap();
            let first: jiff::Timestamp = first.parse().unwrap();
            let last = first - jiff::SignedDuration::from_secs(1);
            let days = [last, first].map(|time| Form::Day.read(&time.to_string(), &zone.0).unwrap());
            assert_eq!(days, [before, day], "{name} {first}");
        }
    }

    #[test]
    fn a_zone_that_is_not_known_is_told_with_the_nearest() {
        let table = [
            ("America/New York", "did you mean \"America/New_York\"?"),
            ("Europe/Berln", "did you mean \"Europe/Berlin\"?"),
            ("tokyo", "did you mean \"Asia/Tokyo\"?"),
            ("Los Angeles", "did you mean \"America/Los_Angeles\"?"),
            ("Springfield", "write one like \"America/New_York\""),
            ("Etc/Unknown", "write one like \"America/New_York\""),
        ];
        for (name, hint) in table {
            let said = Zone::try_from(String::from(name)).unwrap_err();
            assert_eq!(said, format!("\"{name}\" is no time zone; {hint}"));
        }
        // Names are found however they are written.
        assert!(Zone::try_from(String::from("europe/berlin")).is_ok());
    }
}
