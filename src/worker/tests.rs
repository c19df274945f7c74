//! The step machine on a toy stage.
