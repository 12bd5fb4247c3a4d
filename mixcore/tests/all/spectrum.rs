//! The long-term average spectrum.
