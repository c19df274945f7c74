//! Commands that people may look for and this version does not have: refused by name, never half done.

use super::exit::{Exit, usage_error};

/// Commands of a later version.
const LATER: [&str; 7] = ["why", "trace", "simulate", "doctor", "top", "plan", "propose"];

/// Refuses a word that is no command of this version.
pub fn command(words: &[String]) -> anyhow::Result<Exit> {
    let name = words.first().map_or("", String::as_str);
    if LATER.contains(&name) {
        return Err(not_in_this_version(&format!("`accrue {name}`")));
    }
    Err(usage_error(format!("there is no command \"{name}\"; `accrue --help` lists them")))
}

/// The refusal of a command or option by its name.
pub fn not_in_this_version(what: &str) -> anyhow::Error {
    usage_error(format!("{what} is not in this version; `accrue --help` lists what is"))
}
