//! `pool` of a component: whose earnings it is of, and how it is divided.

use crate::domain::plan::PoolShare;
use crate::files::fields::Fields;
use crate::files::modes;
use crate::files::source::{Findings, Located};

pub(super) fn pool(component: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<PoolShare>> {
    component.node("pool")?;
    let mut fields = component.table("pool", "{ of = \"team\", share = \"equal\" }", findings)?;
    let of = fields.choice("of", modes::POOL_OF, findings);
    let share = fields.choice("share", modes::POOL_SHARE, findings);
    fields.finish(&[], findings);
    of.and(share).map(|share| Located::new(share.value, fields.place))
}
