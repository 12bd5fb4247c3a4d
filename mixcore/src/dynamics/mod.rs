//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.

mod automixer;
mod cells;
mod click_tamer;
mod hum_comb;
mod leveller;
mod leveller_ride;
mod limiter;
mod lookahead;
mod noise_floor;
mod peak_detector;
mod plosive_tamer;
mod stages;
mod suppressor;
mod suppressor_bands;
mod tamed;

pub use automixer::{Automixer, AutomixerParams, AutomixerSetup, MAX_AUTOMIXER_GROUPS};
pub use cells::DialogueStorage;
pub use click_tamer::{ClickTamer, ClickTamerParams, ClickTamerSetup};
pub use hum_comb::{HumComb, HumCombParams, HumCombSetup, MAX_HUM_HARMONICS};
pub use leveller::{
    Leveller, LevellerParams, LevellerReport, LevellerSetup, MAX_LEVELLER_LOOKAHEAD_MS,
    MIN_LEVELLER_LOOKAHEAD_MS,
};
pub use limiter::{
    Limiter, LimiterParams, LimiterSetup, LimiterStorage, Link, MAX_LOOKAHEAD_MS, MIN_LOOKAHEAD_MS,
};
pub use noise_floor::NoiseLearning;
pub use plosive_tamer::{PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup};
pub use suppressor::{Suppressor, SuppressorParams, SuppressorReport, SuppressorSetup};
pub use tamed::{TamedPlace, TamerReport};
