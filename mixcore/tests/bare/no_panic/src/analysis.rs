//! Analysis: what a running meter is given.

use mixcore::analysis::{
    ChannelDelay, Correlation, DynamicsKept, Goniometer, LevelStats, LongTermSpectrum, Masking,
    MatchSpectrum, ThirdOctaveBank, ThirdOctaveState,
};
use mixcore::{Block, Error};

entries! {
    level_stats_push_f32(level_stats: &mut LevelStats<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        level_stats.push(block)
    }
    level_stats_push_f64(level_stats: &mut LevelStats<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        level_stats.push(block)
    }
    level_stats_reset(level_stats: &mut LevelStats<'_, f32>) {
        level_stats.reset();
    }
    goniometer_push_f32(goniometer: &mut Goniometer<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        goniometer.push(block)
    }
    goniometer_push_f64(goniometer: &mut Goniometer<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        goniometer.push(block)
    }
    goniometer_reset(goniometer: &mut Goniometer<'_, f32>) {
        goniometer.reset();
    }
    correlation_push_f32(correlation: &mut Correlation<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        correlation.push(block)
    }
    correlation_push_f64(correlation: &mut Correlation<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        correlation.push(block)
    }
    correlation_reset(correlation: &mut Correlation<'_, f32>) {
        correlation.reset();
    }
    match_spectrum_push_f32(match_spectrum: &mut MatchSpectrum<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        match_spectrum.push(block)
    }
    match_spectrum_push_f64(match_spectrum: &mut MatchSpectrum<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        match_spectrum.push(block)
    }
    match_spectrum_reset(match_spectrum: &mut MatchSpectrum<'_, f32>) {
        match_spectrum.reset();
    }
    long_term_spectrum_push_f32(long_term_spectrum: &mut LongTermSpectrum<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        long_term_spectrum.push(block)
    }
    long_term_spectrum_push_f64(long_term_spectrum: &mut LongTermSpectrum<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        long_term_spectrum.push(block)
    }
    long_term_spectrum_reset(long_term_spectrum: &mut LongTermSpectrum<'_, f32>) {
        long_term_spectrum.reset();
    }
    channel_delay_push_f32(channel_delay: &mut ChannelDelay<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        channel_delay.push(block)
    }
    channel_delay_push_f64(channel_delay: &mut ChannelDelay<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        channel_delay.push(block)
    }
    channel_delay_reset(channel_delay: &mut ChannelDelay<'_, f32>) {
        channel_delay.reset();
    }
    masking_push_f32(masking: &mut Masking<'_, f32>, stems: &[Block<'_, f32>]) -> Result<(), Error> {
        masking.push(stems)
    }
    masking_push_f64(masking: &mut Masking<'_, f64>, stems: &[Block<'_, f64>]) -> Result<(), Error> {
        masking.push(stems)
    }
    masking_reset(masking: &mut Masking<'_, f32>) {
        masking.reset();
    }
    dynamics_kept_push_f32(kept: &mut DynamicsKept<'_, f32>, before: Block<'_, f32>, after: Block<'_, f32>) -> Result<(), Error> {
        kept.push(before, after)
    }
    dynamics_kept_push_f64(kept: &mut DynamicsKept<'_, f64>, before: Block<'_, f64>, after: Block<'_, f64>) -> Result<(), Error> {
        kept.push(before, after)
    }
    dynamics_kept_reset(dynamics_kept: &mut DynamicsKept<'_, f32>) {
        dynamics_kept.reset();
    }
    third_octave_push_f32(bank: &ThirdOctaveBank, state: &mut ThirdOctaveState, samples: &[f32]) {
        bank.push(state, samples);
    }
    third_octave_push_f64(bank: &ThirdOctaveBank, state: &mut ThirdOctaveState, samples: &[f64]) {
        bank.push(state, samples);
    }
}
