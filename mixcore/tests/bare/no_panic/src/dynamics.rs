//! Dynamics.

use mixcore::dynamics::{
    ClipLimiter, ClipReport, Compressor, CompressorParams, DeEsser, DeEsserParams, DynamicEq,
    DynamicEqParams, Gate, GateParams, KeyFilter, Limiter, LimiterParams, Multiband,
    MultibandLimiter, MultibandLimiterParams, MultibandParams, SoftClipper, SoftClipperParams,
    TransientShaper, TransientShaperParams,
};
use mixcore::{BlockMut, Error, Io, Process, Processor};

entries! {
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
    gate_process_with_reduction(gate: &mut Gate<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        gate.process_with_reduction(io, row)
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
    limiter_process_f32(limiter: &mut Limiter<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        limiter.process(io)
    }
    limiter_process_f64(limiter: &mut Limiter<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        limiter.process(io)
    }
    limiter_settings(limiter: &mut Limiter<'_, f32>, params: LimiterParams, bypass: bool) -> Result<(), Error> {
        limiter.set_bypass(bypass);
        limiter.set_params(params)
    }
    limiter_reset(limiter: &mut Limiter<'_, f32>) {
        limiter.reset();
    }
    multiband_process_f32(multiband: &mut Multiband<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        multiband.process(io)
    }
    multiband_process_f64(multiband: &mut Multiband<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        multiband.process(io)
    }
    multiband_process_with_reduction(multiband: &mut Multiband<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        multiband.process_with_reduction(io, row)
    }
    multiband_settings(multiband: &mut Multiband<'_, f32>, params: MultibandParams, filter: KeyFilter, bypass: bool, band: usize) -> Result<(), Error> {
        multiband.set_key_filter(filter);
        multiband.set_key_listen(true);
        multiband.set_bypass(bypass);
        multiband.set_band_bypass(band, bypass)?;
        multiband.set_band_solo(band, true)?;
        multiband.set_band_mute(band, true)?;
        multiband.set_params(params)
    }
    multiband_reset(multiband: &mut Multiband<'_, f32>) {
        multiband.reset();
    }
    multiband_limiter_process_f32(multiband_limiter: &mut MultibandLimiter<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        multiband_limiter.process(io)
    }
    multiband_limiter_process_with_reduction(multiband_limiter: &mut MultibandLimiter<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        multiband_limiter.process_with_reduction(io, row)
    }
    multiband_limiter_process_f64(multiband_limiter: &mut MultibandLimiter<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        multiband_limiter.process(io)
    }
    multiband_limiter_settings(multiband_limiter: &mut MultibandLimiter<'_, f32>, params: MultibandLimiterParams, bypass: bool, band: usize) -> Result<(), Error> {
        multiband_limiter.set_bypass(bypass);
        multiband_limiter.set_band_bypass(band, bypass)?;
        multiband_limiter.set_band_solo(band, true)?;
        multiband_limiter.set_band_mute(band, true)?;
        multiband_limiter.set_params(params)
    }
    multiband_limiter_reset(multiband_limiter: &mut MultibandLimiter<'_, f32>) {
        multiband_limiter.reset();
    }
    deesser_process_f32(deesser: &mut DeEsser<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        deesser.process(io)
    }
    deesser_process_f64(deesser: &mut DeEsser<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        deesser.process(io)
    }
    deesser_process_with_reduction(deesser: &mut DeEsser<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        deesser.process_with_reduction(io, row)
    }
    deesser_settings(deesser: &mut DeEsser<'_, f32>, params: DeEsserParams, bypass: bool) -> Result<(), Error> {
        deesser.set_key_listen(true);
        deesser.set_bypass(bypass);
        deesser.set_params(params)
    }
    deesser_reset(deesser: &mut DeEsser<'_, f32>) {
        deesser.reset();
    }
    dynamic_eq_process_f32(dynamic_eq: &mut DynamicEq<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        dynamic_eq.process(io)
    }
    dynamic_eq_process_with_reduction(dynamic_eq: &mut DynamicEq<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        dynamic_eq.process_with_reduction(io, row)
    }
    dynamic_eq_process_f64(dynamic_eq: &mut DynamicEq<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        dynamic_eq.process(io)
    }
    dynamic_eq_process_with_movement(dynamic_eq: &mut DynamicEq<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        dynamic_eq.process_with_movement(io, row)
    }
    dynamic_eq_settings(dynamic_eq: &mut DynamicEq<'_, f32>, params: &DynamicEqParams, band: usize, bypass: bool) -> Result<(), Error> {
        dynamic_eq.set_key_listen(Some(band))?;
        dynamic_eq.set_bypass(bypass);
        dynamic_eq.set_params(*params)
    }
    dynamic_eq_reset(dynamic_eq: &mut DynamicEq<'_, f32>) {
        dynamic_eq.reset();
    }
    transient_shaper_process_f32(transient_shaper: &mut TransientShaper<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        transient_shaper.process(io)
    }
    transient_shaper_process_with_reduction(transient_shaper: &mut TransientShaper<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        transient_shaper.process_with_reduction(io, row)
    }
    transient_shaper_process_f64(transient_shaper: &mut TransientShaper<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        transient_shaper.process(io)
    }
    transient_shaper_process_with_gain(transient_shaper: &mut TransientShaper<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        transient_shaper.process_with_gain(io, row)
    }
    transient_shaper_settings(transient_shaper: &mut TransientShaper<'_, f32>, params: TransientShaperParams, filter: KeyFilter, bypass: bool) -> Result<(), Error> {
        transient_shaper.set_key_filter(filter);
        transient_shaper.set_key_listen(true);
        transient_shaper.set_bypass(bypass);
        transient_shaper.set_params(params)
    }
    transient_shaper_reset(transient_shaper: &mut TransientShaper<'_, f32>) {
        transient_shaper.reset();
    }
    soft_clipper_process_f32(soft_clipper: &mut SoftClipper<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        soft_clipper.process(io)
    }
    soft_clipper_process_f64(soft_clipper: &mut SoftClipper<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        soft_clipper.process(io)
    }
    soft_clipper_process_with_reduction(soft_clipper: &mut SoftClipper<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        soft_clipper.process_with_reduction(io, row)
    }
    soft_clipper_settings(soft_clipper: &mut SoftClipper<'_, f32>, params: SoftClipperParams, bypass: bool) -> Result<(), Error> {
        soft_clipper.set_bypass(bypass);
        soft_clipper.set_params(params)
    }
    soft_clipper_reset(soft_clipper: &mut SoftClipper<'_, f32>) {
        soft_clipper.reset();
    }
    clip_limiter_limit_f32(limiter: &mut ClipLimiter<'_, f32>, clip: BlockMut<'_, f32>) -> Result<ClipReport, Error> {
        limiter.limit(clip)
    }
    clip_limiter_limit_f64(limiter: &mut ClipLimiter<'_, f64>, clip: BlockMut<'_, f64>) -> Result<ClipReport, Error> {
        limiter.limit(clip)
    }
    limiter_process_with_reduction(limiter: &mut Limiter<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        limiter.process_with_reduction(io, row)
    }
    clip_limiter_limit_with_reduction(limiter: &mut ClipLimiter<'_, f32>, clip: BlockMut<'_, f32>, row: &mut [f32]) -> Result<ClipReport, Error> {
        limiter.limit_with_reduction(clip, row)
    }
    deesser_set_key_filter(deesser: &mut DeEsser<'_, f32>, filter: KeyFilter) {
        deesser.set_key_filter(filter);
    }
    dynamic_eq_set_key_filter(dynamic_eq: &mut DynamicEq<'_, f32>, filter: KeyFilter) {
        dynamic_eq.set_key_filter(filter);
    }
}
