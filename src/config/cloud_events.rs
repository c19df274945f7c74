//! `cloud_events_source`: whose events the results are. Empty: they are none.
//!
//! A source is a URI-reference (RFC 3986), absolute or not. Whether anything is there is nobody's business here.

use super::{Reader, Section};

const KEY: &str = "cloud_events_source";

impl Reader<'_> {
    pub(super) fn event_source(&mut self, root: &Section<'_>) -> Option<String> {
        let source = self.text_or_nothing(root, KEY)?;
        let Some(what) = fault(&source) else { return Some(source) };
        let (value, _) = root.value(KEY)?;
        let example = "like \"https://comp.example/accrue\" or \"/accrue\"";
        self.refuse(value.span(), format!("\"{KEY}\" must be a URI-reference {example}: {what}"));
        None
    }
}

/// What keeps a text from being a URI-reference.
fn fault(text: &str) -> Option<String> {
    let outside = |letter: &char| !letter.is_ascii_alphanumeric() && !"-._~:/?#[]@!$&'()*+,;=%".contains(*letter);
    if let Some(letter) = text.chars().find(outside) {
        return Some(format!("{letter:?} must be percent-encoded"));
    }
    let mut escapes = text.split('%').skip(1);
    if escapes.any(|rest| rest.len() < 2 || !rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())) {
        return Some("\"%\" must be followed by two hexadecimal digits".into());
    }
    if text.matches('#').count() > 1 {
        return Some("\"#\" may be there once".into());
    }
    // A colon in front of the first slash ends a scheme.
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = first.split_once(':').map(|(scheme, _)| scheme)?;
    let letters = scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    let is_scheme = letters && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (!is_scheme).then(|| format!("\"{scheme}\" is no scheme"))
}
