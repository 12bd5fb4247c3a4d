//! Entries whose binaries must hold no panic machinery: what a real-time thread calls.
//!
//! Each takes what it works on from outside, so that the compiler knows nothing of it. How the
//! objects are made is not part of the proof: constructors run before the audio does.
#![no_std]

use core::panic::PanicInfo;

use mixcore::dynamics::{Compressor, CompressorParams, Gate, GateParams, KeyFilter};
use mixcore::filters::{
    Cascade, Convolver, Crossover, CrossoverParams, DryPath, Eq, EqBand, EqParams, Fir,
    FractionalDelay, Oversampler, RealFft, Resampler, Svf, SvfParams,
};
use mixcore::kernels::{self, Intake, Isa, KEnergy, KSegments, KState};
use mixcore::level::{
    AutomatedGain, BusInput, DcBlocker, DcBlockerParams, Dither, Fader, FaderParams, sum_bus,
};
use mixcore::loudness::{LiveMeter, Meter};
use mixcore::{Block, BlockMut, Convert, Error, Io, Process, Processor};

macro_rules! entries {
    ($($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? $body:block)+) => {
        $(
            #[allow(missing_docs, reason = "named after what it calls")]
            #[unsafe(no_mangle)]
            pub fn $name($($arg: $type),*) $(-> $result)? $body
        )+
    };
}

entries! {
    fader_process_f32(fader: &mut Fader, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        fader.process(Io::new(audio))
    }
    fader_process_f64(fader: &mut Fader, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        fader.process(Io::new(audio))
    }
    fader_set_params(fader: &mut Fader, params: FaderParams) -> Result<(), Error> {
        fader.set_params(params)
    }
    fader_reset(fader: &mut Fader) {
        fader.reset();
    }
    automated_gain_process_f32(gain: &mut AutomatedGain<'_>, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        gain.process(Io::new(audio))
    }
    automated_gain_reset(gain: &mut AutomatedGain<'_>) {
        Processor::reset(gain);
    }
    dc_blocker_process_f32(blocker: &mut DcBlocker, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        blocker.process(Io::new(audio))
    }
    dc_blocker_process_f64(blocker: &mut DcBlocker, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        blocker.process(Io::new(audio))
    }
    dc_blocker_set_params(blocker: &mut DcBlocker, params: DcBlockerParams) -> Result<(), Error> {
        blocker.set_params(params)
    }
    dither_process_f32(dither: &mut Dither, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        dither.process(Io::new(audio))
    }
    dither_process_f64(dither: &mut Dither, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        dither.process(Io::new(audio))
    }
    dither_reset(dither: &mut Dither) {
        Processor::reset(dither);
    }
    compressor_process_f32(compressor: &mut Compressor<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        compressor.process(io)
    }
    compressor_process_f64(compressor: &mut Compressor<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        compressor.process(io)
    }
    compressor_process_with_reduction(compressor: &mut Compressor<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        compressor.process_with_reduction(io, row)
    }
    compressor_set_params(compressor: &mut Compressor<'_, f32>, params: CompressorParams) -> Result<(), Error> {
        compressor.set_params(params)
    }
    compressor_set_key_filter(compressor: &mut Compressor<'_, f32>, filter: KeyFilter) {
        compressor.set_key_filter(filter);
        compressor.set_key_listen(true);
        compressor.set_bypass(true);
    }
    compressor_reset(compressor: &mut Compressor<'_, f32>) {
        compressor.reset();
    }
    gate_process_f32(gate: &mut Gate<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        gate.process(io)
    }
    gate_process_f64(gate: &mut Gate<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        gate.process(io)
    }
    gate_set_params(gate: &mut Gate<'_, f32>, params: GateParams) -> Result<(), Error> {
        gate.set_params(params)
    }
    gate_reset(gate: &mut Gate<'_, f32>) {
        gate.reset();
    }
    crossover_convert_f32(crossover: &mut Crossover<'_>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        crossover.convert(input, output)
    }
    crossover_convert_f64(crossover: &mut Crossover<'_>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        crossover.convert(input, output)
    }
    crossover_set_params(crossover: &mut Crossover<'_>, params: CrossoverParams) -> Result<(), Error> {
        crossover.set_params(params)
    }
    crossover_reset(crossover: &mut Crossover<'_>) {
        Processor::reset(crossover);
    }
    convolver_process_f32(convolver: &mut Convolver<'_, f32>, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        convolver.process(Io::new(audio))
    }
    convolver_process_f64(convolver: &mut Convolver<'_, f64>, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        convolver.process(Io::new(audio))
    }
    convolver_reset(convolver: &mut Convolver<'_, f32>) {
        convolver.reset();
    }
    fractional_delay_process_f32(delay: &mut FractionalDelay<'_, f32>, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        delay.process(Io::new(audio))
    }
    fractional_delay_process_f64(delay: &mut FractionalDelay<'_, f64>, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        delay.process(Io::new(audio))
    }
    fractional_delay_reset(delay: &mut FractionalDelay<'_, f32>) {
        delay.reset();
    }
    eq_process_f32(eq: &mut Eq, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        eq.process(Io::new(audio))
    }
    eq_process_f64(eq: &mut Eq, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        eq.process(Io::new(audio))
    }
    eq_set_params(eq: &mut Eq, params: &EqParams) -> Result<(), Error> {
        eq.set_params(*params)
    }
    eq_reset(eq: &mut Eq) {
        Processor::reset(eq);
    }
    eq_set_band(eq: &mut Eq, index: usize, band: &EqBand) -> Result<(), Error> {
        eq.set_band(index, *band)
    }
    eq_set_field(eq: &mut Eq, name: &str, value: f64) -> Result<(), Error> {
        eq.set_field(name, value)
    }
    svf_process_f32(svf: &mut Svf, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        svf.process(Io::new(audio))
    }
    svf_process_swept(svf: &mut Svf, audio: BlockMut<'_, f32>, cutoff_hz: &[f32]) -> Result<(), Error> {
        svf.process_swept(audio, cutoff_hz)
    }
    svf_set_params(svf: &mut Svf, params: SvfParams) -> Result<(), Error> {
        svf.set_params(params)
    }
    svf_reset(svf: &mut Svf) {
        svf.reset();
    }
    cascade_process_f32(cascade: &mut Cascade, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        cascade.process(Io::new(audio))
    }
    cascade_process_f64(cascade: &mut Cascade, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        cascade.process(Io::new(audio))
    }
    fft_forward_f32(fft: &mut RealFft<'_, f32>, time: &[f32], re: &mut [f32], im: &mut [f32]) -> Result<(), Error> {
        fft.forward(time, re, im)
    }
    fft_forward_f64(fft: &mut RealFft<'_, f64>, time: &[f64], re: &mut [f64], im: &mut [f64]) -> Result<(), Error> {
        fft.forward(time, re, im)
    }
    fft_inverse_f32(fft: &mut RealFft<'_, f32>, re: &[f32], im: &[f32], time: &mut [f32]) -> Result<(), Error> {
        fft.inverse(re, im, time)
    }
    fft_inverse_f64(fft: &mut RealFft<'_, f64>, re: &[f64], im: &[f64], time: &mut [f64]) -> Result<(), Error> {
        fft.inverse(re, im, time)
    }
    fir_process_f32(fir: &mut Fir<'_, f32>, audio: BlockMut<'_, f32>) -> Result<(), Error> {
        fir.process(Io::new(audio))
    }
    fir_process_f64(fir: &mut Fir<'_, f64>, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        fir.process(Io::new(audio))
    }
    resampler_push_f32(resampler: &mut Resampler<'_, f32>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<usize, Error> {
        resampler.push(input, output)
    }
    resampler_push_f64(resampler: &mut Resampler<'_, f64>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<usize, Error> {
        resampler.push(input, output)
    }
    resampler_flush(resampler: &mut Resampler<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        resampler.flush(output)
    }
    resampler_reset(resampler: &mut Resampler<'_, f32>) {
        resampler.reset();
    }
    oversampler_up_f32(oversampler: &mut Oversampler<'_, f32>, input: Block<'_, f32>) -> bool {
        oversampler.up(input).is_ok()
    }
    oversampler_down_f32(oversampler: &mut Oversampler<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        oversampler.down(output)
    }
    oversampler_up_f64(oversampler: &mut Oversampler<'_, f64>, input: Block<'_, f64>) -> bool {
        oversampler.up(input).is_ok()
    }
    oversampler_down_f64(oversampler: &mut Oversampler<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        oversampler.down(output)
    }
    bus_sum_f32(isa: Isa, frame: u64, inputs: &[BusInput<'_, f32>], out: BlockMut<'_, f32>) -> Result<(), Error> {
        sum_bus(isa, frame, inputs, out)
    }
    automated_gain_process_f64(gain: &mut AutomatedGain<'_>, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        gain.process(Io::new(audio))
    }
    dry_path_reset(path: &mut DryPath<'_, f32>) {
        path.reset();
    }
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
    canary_that_panics(samples: &[f32], index: usize) -> f32 {
        samples[index]
    }
}

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    loop {}
}
