//! How the division of a pool stands in a fact: `equal`, or `payee.` and the name of a parameter.

use crate::domain::plan::PoolShare;
use crate::domain::reject::{Reason, Reject};

const EQUAL: &str = "equal";
const PAYEE: &str = "payee.";

pub(super) fn pool_text(share: &PoolShare) -> String {
    share.parameter().map_or_else(|| EQUAL.into(), |name| format!("{PAYEE}{name}"))
}

pub(super) fn read_pool(field: &str, text: &str) -> Result<PoolShare, Reject> {
    match text.strip_prefix(PAYEE).filter(|name| !name.is_empty()) {
        Some(name) => Ok(PoolShare::ByParameter(name.into())),
        None if text == EQUAL => Ok(PoolShare::Equal),
        None => {
            let message = format!("\"{text}\" is not supported; use {EQUAL} or {PAYEE} and the name of a parameter");
            Err(Reject::new(Reason::NotSupported, field, message))
        }
    }
}
