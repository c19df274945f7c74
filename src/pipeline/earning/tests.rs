//! Tests of earning.
