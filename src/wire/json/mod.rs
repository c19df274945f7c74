//! Records as JSON: lines of every input and every output in and out, under the names that the Avro records have.
//!
//! Reading is strict: an exponent, a decimal too many or a field given twice is refused with its path, and of inputs an
//! unknown field, too.
//! Numbers are read from their text and decimals are written as text, so that no value passes through a float.

mod acknowledgement;
mod adjustment;
mod deal;
mod described;
mod fact;
mod input;
mod object;
mod output;
mod quota;
mod result;
mod settlement;

pub use acknowledgement::{Acknowledgement, acknowledgement_from_line};
pub use adjustment::adjustment_from_line;
pub use deal::{Attribute, Deal, Line, Split, deal_from_line};
pub use described::json_schema;
pub use input::{acknowledgement_line, adjustment_line, deal_line, quota_line, settlement_line};
pub use object::Fields;
pub use output::{ToJson, to_json};
pub use quota::{Quota, quota_from_line};
pub use result::avro_of_json;
pub use settlement::{Settlement, settlement_from_line};
