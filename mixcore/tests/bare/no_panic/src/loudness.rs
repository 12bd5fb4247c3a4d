//! Loudness: the K-weighting and the meters.

use mixcore::kernels::{self, Intake, Isa, KEnergy, KSegments, KState};
use mixcore::loudness::{
    LeqMeter, LiveMeter, Meter, RmsMeter, SpeechLevelMeter, StemActivity, TruePeakMeter,
};
use mixcore::{Block, Error};

entries! {
    // The two biquads of the K-weighting, and what they leave.
    k_energy_f32(isa: Isa, k: &KSegments, table: &[f64], x: &[f32], from: &KState, work: &mut [f64]) -> KEnergy {
        kernels::k_energy(isa, k, table, x, from, work)
    }
    k_energy_f64(isa: Isa, k: &KSegments, table: &[f64], x: &[f64], from: &KState, work: &mut [f64]) -> KEnergy {
        kernels::k_energy(isa, k, table, x, from, work)
    }
    k_carry_f32(isa: Isa, k: &KSegments, table: &[f64], x: &[f32], work: &mut [f64]) -> KState {
        kernels::k_carry(isa, k, table, x, work)
    }
    intake_f32(isa: Isa, io: &mut [f32]) -> Intake {
        kernels::intake(isa, io)
    }
    k_carry_f64(isa: Isa, k: &KSegments, table: &[f64], x: &[f64], work: &mut [f64]) -> KState {
        kernels::k_carry(isa, k, table, x, work)
    }
    intake_f64(isa: Isa, io: &mut [f64]) -> Intake {
        kernels::intake(isa, io)
    }
    meter_push_f32(meter: &mut Meter<'_, f32>, audio: Block<'_, f32>) -> Result<(), Error> {
        meter.push(audio)
    }
    meter_push_f64(meter: &mut Meter<'_, f64>, audio: Block<'_, f64>) -> Result<(), Error> {
        meter.push(audio)
    }
    meter_reset_f32(meter: &mut Meter<'_, f32>) {
        meter.reset();
    }
    meter_reset_f64(meter: &mut Meter<'_, f64>) {
        meter.reset();
    }
    live_meter_push_f32(meter: &mut LiveMeter<'_, f32>, audio: Block<'_, f32>) -> Result<(), Error> {
        meter.push(audio)
    }
    live_meter_push_f64(meter: &mut LiveMeter<'_, f64>, audio: Block<'_, f64>) -> Result<(), Error> {
        meter.push(audio)
    }
    live_meter_reset_f32(meter: &mut LiveMeter<'_, f32>) {
        meter.reset();
    }
    live_meter_reset_f64(meter: &mut LiveMeter<'_, f64>) {
        meter.reset();
    }
    true_peak_meter_push_f32(true_peak_meter: &mut TruePeakMeter<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        true_peak_meter.push(block)
    }
    true_peak_meter_push_f64(true_peak_meter: &mut TruePeakMeter<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        true_peak_meter.push(block)
    }
    true_peak_meter_reset(true_peak_meter: &mut TruePeakMeter<'_, f32>) {
        true_peak_meter.reset();
    }
    leq_meter_push_f32(leq_meter: &mut LeqMeter<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        leq_meter.push(block)
    }
    leq_meter_push_f64(leq_meter: &mut LeqMeter<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        leq_meter.push(block)
    }
    leq_meter_reset(leq_meter: &mut LeqMeter<'_, f32>) {
        leq_meter.reset();
    }
    rms_meter_push_f32(rms_meter: &mut RmsMeter<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        rms_meter.push(block)
    }
    rms_meter_push_f64(rms_meter: &mut RmsMeter<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        rms_meter.push(block)
    }
    rms_meter_reset(rms_meter: &mut RmsMeter<'_, f32>) {
        rms_meter.reset();
    }
    stem_activity_push_f32(stem_activity: &mut StemActivity<'_, f32>, block: Block<'_, f32>) -> Result<(), Error> {
        stem_activity.push(block)
    }
    stem_activity_push_f64(stem_activity: &mut StemActivity<'_, f64>, block: Block<'_, f64>) -> Result<(), Error> {
        stem_activity.push(block)
    }
    stem_activity_reset(stem_activity: &mut StemActivity<'_, f32>) {
        stem_activity.reset();
    }
    speech_level_meter_push_f32(speech_level_meter: &mut SpeechLevelMeter, block: Block<'_, f32>) -> Result<(), Error> {
        speech_level_meter.push(block)
    }
    speech_level_meter_push_f64(speech_level_meter: &mut SpeechLevelMeter, block: Block<'_, f64>) -> Result<(), Error> {
        speech_level_meter.push(block)
    }
    speech_level_meter_reset(speech_level_meter: &mut SpeechLevelMeter) {
        speech_level_meter.reset();
    }
}
