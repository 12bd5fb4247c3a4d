//! Filters, delays and rate conversion.

use core::ops::Range;

use mixcore::filters::{
    Cascade, Convolver, ConvolverParams, Crossover, CrossoverParams, Delay, DryPath, Eq, EqBand,
    EqParams, Fir, FractionalDelay, FractionalDelayParams, Oversampler, RealFft, Resampler, Svf,
    SvfParams,
};
use mixcore::{Block, BlockMut, Convert, Error, Io, Process, Processor};

entries! {
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
    dry_path_reset(path: &mut DryPath<'_, f32>) {
        path.reset();
    }
    delay_process_f32(delay: &mut Delay<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        delay.process(io)
    }
    delay_process_f64(delay: &mut Delay<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        delay.process(io)
    }
    delay_reset(delay: &mut Delay<'_, f32>) {
        delay.reset();
    }
    dry_path_take_and_blend_f32(path: &mut DryPath<'_, f32>, io: &mut BlockMut<'_, f32>, part: Range<usize>) -> Result<(), Error> {
        path.take(io, part.clone())?;
        path.blend(io, part)
    }
    dry_path_take_and_blend_f64(path: &mut DryPath<'_, f64>, io: &mut BlockMut<'_, f64>, part: Range<usize>) -> Result<(), Error> {
        path.take(io, part.clone())?;
        path.blend(io, part)
    }
    svf_process_f64(svf: &mut Svf, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        svf.process(Io::new(audio))
    }
    fractional_delay_set_params(delay: &mut FractionalDelay<'_, f32>, params: FractionalDelayParams) -> Result<(), Error> {
        delay.set_params(params)
    }
    convolver_settings(convolver: &mut Convolver<'_, f32>, params: ConvolverParams, bypass: bool) -> Result<(), Error> {
        convolver.set_bypass(bypass);
        convolver.set_params(params)
    }
    oversampler_reset(oversampler: &mut Oversampler<'_, f32>) {
        oversampler.reset();
    }
    fir_reset(fir: &mut Fir<'_, f32>) {
        fir.reset();
    }
    cascade_reset(cascade: &mut Cascade) {
        Processor::reset(cascade);
    }
}
