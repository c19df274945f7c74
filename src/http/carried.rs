//! What a request says beside its body, and the record that is written for it says, too: its trace, and which event it is
//! (CloudEvents 1.0 in HTTP's binary mode).

use super::deals::Refusal;
use crate::wire::Format;
use crate::wire::cloud_event::{CONTENT_TYPE, check_version, format_of, is_structured, media_type};
use crate::wire::envelope::Headers;
use crate::wire::trace::{PARENT, STATE, Trace};
use axum::http::HeaderMap;

const PREFIX: &str = "ce-";
const VERSION: &str = "ce-specversion";
/// It says how the request's body is, which the record is not.
const DATA_SCHEMA: &str = "ce-dataschema";
/// All that a record carries of an event.
const MAXIMUM_BYTES: usize = 8 << 10;

/// The trace that a request is part of.
pub fn trace(headers: &HeaderMap) -> Headers {
    let of = |name: &'static str| headers.get_all(name).iter().map(move |value| (name.to_owned(), value.as_bytes().to_vec()));
    let stated: Headers = of(PARENT).chain(of(STATE)).collect();
    Trace::of(&stated).iter().flat_map(Trace::headers).collect()
}

/// The event that a request is, as headers of a record whose value is of `content_type`; empty where it is none.
pub fn event(headers: &HeaderMap, content_type: &str) -> Result<Headers, Refusal> {
    let refused = |what: String| Refusal::Unreadable(what);
    let stated = headers.get(CONTENT_TYPE).map(|value| media_type(value.as_bytes()));
    if stated.as_deref().is_some_and(is_structured) {
        return Err(refused(
            "an event in structured mode is not read: send it in binary mode, its attributes as ce- headers".into(),
        ));
    }
    let Some(version) = headers.get(VERSION) else { return Ok(Headers::new()) };
    check_version(version.as_bytes()).map_err(|reject| refused(format!("{VERSION}: {}", reject.message)))?;
    if stated.is_some_and(|stated| format_of(&stated) != Ok(Format::Json)) {
        return Err(refused("the data of an event is read as JSON: send it with content-type: application/json".into()));
    }
    let mut carried = vec![(CONTENT_TYPE.to_owned(), content_type.as_bytes().to_vec())];
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str() != DATA_SCHEMA) {
        let Some(attribute) = name.as_str().strip_prefix(PREFIX) else { continue };
        let value =
            percent_decoded(value.as_bytes()).ok_or_else(|| refused(format!("header {name} is no percent-encoded UTF-8")))?;
        carried.push((format!("ce_{attribute}"), value.into_bytes()));
    }
    let bytes: usize = carried.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAXIMUM_BYTES {
        return Err(refused(format!("the attributes of the event are {bytes} bytes, more than {MAXIMUM_BYTES}")));
    }
    Ok(carried)
}

/// As HTTP's binding of CloudEvents encodes what is not printable.
fn percent_decoded(value: &[u8]) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte == b'%' {
            let (digits, behind) = rest.split_at_checked(2)?;
            let digits =
                std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    /// What a request says, and what is carried of it, or the beginning of why it is refused.
    type Case<'c> = (&'c [(&'c str, &'c str)], Result<&'c str, &'c str>);

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let entry = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        headers.iter().map(entry).collect()
    }

    fn shown(headers: Headers) -> String {
        let text = |(name, value): (String, Vec<u8>)| format!("{name}={}", String::from_utf8(value).unwrap());
        headers.into_iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_no_event_or_not_read_is_told() {
        let id = ("ce-id", "1");
        let long = "x".repeat(8 << 10);
        let cases: &[Case<'_>] = &[
            (&[], Ok("")),
            (&[id, ("content-type", "application/x-www-form-urlencoded")], Ok("")),
            (&[("content-type", "application/cloudevents+json; charset=utf-8")], Err("an event in structured mode is not read")),
            (&[("ce-specversion", "0.3"), id], Err("ce-specversion: header ce_specversion is \"0.3\", expected 1.0")),
            (&[("ce-specversion", "1.0"), ("content-type", "application/avro")], Err("the data of an event is read as JSON")),
            (&[("ce-specversion", "1.0"), ("ce-id", "a%2")], Err("header ce-id is no percent-encoded UTF-8")),
            (&[("ce-specversion", "1.0"), ("ce-id", "%ff")], Err("header ce-id is no percent-encoded UTF-8")),
            (&[("ce-specversion", "1.0"), ("ce-id", &long)], Err("the attributes of the event are 8")),
            (
                &[
                    ("Ce-SpecVersion", "1.0"),
                    ("ce-id", "a%20%C3%A9"),
                    ("ce-dataschema", "s"),
                    ("content-type", "application/vnd.d+json"),
                ],
                Ok("content-type=application/avro ce_specversion=1.0 ce_id=a é"),
            ),
        ];
        for (headers, expected) in cases {
            let found = event(&map(headers), "application/avro").map(shown).map_err(|refusal| match refusal {
                Refusal::Unreadable(what) => what,
                _ => String::new(),
            });
            match (expected, &found) {
                (Ok(expected), Ok(found)) => assert_eq!(found, expected),
                (Err(begins), Err(found)) => assert!(found.starts_with(begins), "{found}"),
                _ => panic!("{headers:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_request_is_part_of_one_trace_or_of_none() {
        let parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(shown(trace(&map(&[parent, parent]))), "");
        assert_eq!(shown(trace(&map(&[("tracestate", "a=1")]))), "");
        let said = shown(trace(&map(&[("tracestate", "a=1"), parent, ("tracestate", "b=2")])));
        assert_eq!(said, format!("traceparent={} tracestate=a=1,b=2", parent.1));
    }
}
