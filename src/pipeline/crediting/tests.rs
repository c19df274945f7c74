//! Tests of crediting.
