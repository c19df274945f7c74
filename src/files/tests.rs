//! Tests of the files that people write.

use super::{CompanyFiles, Diagnostic};
use std::path::Path;

fn shown(found: &[Diagnostic]) -> String {
    found.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

fn worked_company() -> CompanyFiles {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    super::company(&directory).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

#[test]
fn the_worked_company_loads_without_a_finding() {
    let files = worked_company();
    assert_eq!(shown(&files.warnings), "");
    let counts = (files.measures.len(), files.plans.len(), files.payees.len(), files.quotas.len(), files.names.len());
    assert_eq!(counts, (5, 3, 15, 59, 15));
    assert_eq!(files.facts().len(), 2 + 5 + 3 + 15);
}
