//! `pool` of a component: whose earnings it is of, and how it is divided.

use crate::domain::plan::PoolShare;
use crate::files::fields::Fields;
use crate::files::modes;
use crate::files::own::{is_own, parameter};
use crate::files::source::{Findings, Located, Place};

/// A pool, where it says that it is one and how it is divided.
pub(super) struct Pool {
    pub(super) place: Place,
    pub(super) share: Located<PoolShare>,
}

impl Pool {
    /// The parameter that divides it.
    pub(super) fn parameter(&self) -> Option<Located<String>> {
        self.share.value.parameter().map(|name| Located::new(name.into(), self.share.place))
    }
}

pub(super) fn pool(component: &mut Fields<'_>, findings: &mut Findings) -> Option<Pool> {
    component.node("pool")?;
    let mut fields = component.table("pool", "{ of = \"team\", share = \"equal\" }", findings)?;
    let of = fields.choice("of", modes::POOL_OF, findings);
    let share = match fields.node("share").filter(|node| is_own(node)) {
        Some(node) => parameter(node, "share", findings).map(|name| Located::new(PoolShare::ByParameter(name.value), name.place)),
        None => fields.choice("share", modes::POOL_SHARE, findings).map(|equal| Located::new(PoolShare::Equal, equal.place)),
    };
    fields.finish(&[], findings);
    of.and(share).map(|share| Pool { place: fields.place, share })
}
