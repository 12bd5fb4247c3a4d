//! Masking between stems.
