//! Loudness and true peak as the standards define them, and nothing that judges them.

mod k_weighting;
mod power;

pub use k_weighting::KWeighting;
pub use power::channel_weight;
