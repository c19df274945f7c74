//! Which end of its axis a component's table pays more for, as `Component` of `schemas/facts.avsc` has it: nothing is stated
//! where higher is better.

use super::mode::{mode, mode_text};
use crate::domain::plan::Direction;
use crate::domain::reject::{Reason, Reject};

pub(super) fn direction_texts(direction: Direction) -> Result<(Option<String>, Option<String>), String> {
    match direction {
        Direction::Higher => Ok((None, None)),
        Direction::Lower(at_zero) => Ok((Some("lower".into()), Some(mode_text(&at_zero)?))),
    }
}

pub(super) fn read_direction(path: &str, direction: Option<&str>, at_zero: Option<&str>) -> Result<Direction, Reject> {
    let at = |field: &str| format!("{path}.{field}");
    match (direction.unwrap_or("higher"), at_zero) {
        ("higher", None) => Ok(Direction::Higher),
        ("higher", Some(_)) => Err(Reject::field(&at("at_zero"), "where higher is better nothing is stated of zero".into())),
        ("lower", Some(text)) => mode(&at("at_zero"), text).map(Direction::Lower),
        ("lower", None) => Err(Reject::field(&at("at_zero"), "where lower is better zero earns something or nothing".into())),
        (other, _) => {
            let message = format!("\"{other}\" is not supported; use higher or lower");
            Err(Reject::new(Reason::NotSupported, &at("direction"), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::AtZero;

    #[test]
    fn a_direction_is_as_it_was_written_or_refused() {
        for direction in [Direction::Higher, Direction::Lower(AtZero::Best), Direction::Lower(AtZero::Nothing)] {
            let (text, at_zero) = direction_texts(direction).unwrap();
            assert_eq!(read_direction("c", text.as_deref(), at_zero.as_deref()), Ok(direction));
        }
        assert_eq!(read_direction("c", Some("higher"), None), Ok(Direction::Higher));
        let check = |direction, at_zero, expected: &str| {
            let found = read_direction("c", direction, at_zero).map_err(|reject| reject.to_string());
            assert_eq!(found, Err(expected.to_string()));
        };
        let of_higher = "c.at_zero: where higher is better nothing is stated of zero [invalid_field]";
        check(None, Some("best"), of_higher);
        check(Some("higher"), Some("nothing"), of_higher);
        check(Some("lower"), None, "c.at_zero: where lower is better zero earns something or nothing [invalid_field]");
        check(Some("lower"), Some("worst"), "c.at_zero: \"worst\" is not supported; use best or nothing [not_supported]");
        check(Some("closer"), None, "c.direction: \"closer\" is not supported; use higher or lower [not_supported]");
    }
}
