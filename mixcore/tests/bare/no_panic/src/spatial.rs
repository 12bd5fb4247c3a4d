//! The stereo field, panning, objects, fold-down and bass.

use mixcore::spatial::{
    BassManager, BassManagerParams, DialogueWarnings, Extent, FoldDown, Haas, HaasParams, LfeSend,
    LfeSendParams, LtRt, MidSide, MonoMaker, MonoMakerParams, ObjectGains, ObjectMetadata,
    ObjectMixer, ObjectPanner, PanGains, Panner, PannerParams, PointSource, RigGains, TimedGains,
    Width, WidthParams,
};
use mixcore::{Block, BlockMut, Convert, Error, Io, Process, Processor};

entries! {
    panner_convert_f32(panner: &mut Panner<'_>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        panner.convert(input, output)
    }
    panner_convert_f64(panner: &mut Panner<'_>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        panner.convert(input, output)
    }
    panner_reset(panner: &mut Panner<'_>) {
        Processor::reset(panner);
    }
    fold_down_convert_f32(fold_down: &mut FoldDown, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        fold_down.convert(input, output)
    }
    fold_down_convert_f64(fold_down: &mut FoldDown, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        fold_down.convert(input, output)
    }
    fold_down_reset(fold_down: &mut FoldDown) {
        Processor::reset(fold_down);
    }
    panner_set_params(panner: &mut Panner<'_>, params: PannerParams) -> Result<(), Error> {
        panner.set_params(params)
    }
    panner_gains(panner: &Panner<'_>, azimuth_deg: f64, elevation_deg: f64, distance: f64, extent: Extent) -> Result<RigGains, Error> {
        panner.gains(azimuth_deg, elevation_deg, distance, extent)
    }
    panner_gains_now(panner: &Panner<'_>, source: usize) -> PanGains {
        panner.gains_now(source)
    }
    panner_energy_vector(panner: &Panner<'_>) -> Option<[f64; 3]> {
        panner.energy_vector()
    }
    panner_velocity_vector(panner: &Panner<'_>) -> Option<[f64; 3]> {
        panner.velocity_vector()
    }
    panner_warnings(panner: &Panner<'_>) -> DialogueWarnings {
        panner.warnings()
    }
    lt_rt_convert_f32(lt_rt: &mut LtRt<'_, f32>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        lt_rt.convert(input, output)
    }
    lt_rt_convert_f64(lt_rt: &mut LtRt<'_, f64>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        lt_rt.convert(input, output)
    }
    lt_rt_reset(lt_rt: &mut LtRt<'_, f32>) {
        Processor::reset(lt_rt);
    }
    lfe_send_convert_f32(lfe_send: &mut LfeSend<'_>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        lfe_send.convert(input, output)
    }
    lfe_send_convert_f64(lfe_send: &mut LfeSend<'_>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        lfe_send.convert(input, output)
    }
    lfe_send_reset(lfe_send: &mut LfeSend<'_>) {
        Processor::reset(lfe_send);
    }
    bass_manager_convert_f32(bass_manager: &mut BassManager<'_, f32>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        bass_manager.convert(input, output)
    }
    bass_manager_convert_f64(bass_manager: &mut BassManager<'_, f64>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        bass_manager.convert(input, output)
    }
    bass_manager_reset(bass_manager: &mut BassManager<'_, f32>) {
        Processor::reset(bass_manager);
    }
    object_mixer_convert_f32(object_mixer: &mut ObjectMixer<'_, f32>, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        object_mixer.convert(input, output)
    }
    object_mixer_convert_f64(object_mixer: &mut ObjectMixer<'_, f64>, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        object_mixer.convert(input, output)
    }
    object_mixer_reset(object_mixer: &mut ObjectMixer<'_, f32>) {
        Processor::reset(object_mixer);
    }
    mid_side_process_f32(mid_side: &mut MidSide, io: Io<'_, f32>) -> Result<(), Error> {
        mid_side.process(io)
    }
    mid_side_process_f64(mid_side: &mut MidSide, io: Io<'_, f64>) -> Result<(), Error> {
        mid_side.process(io)
    }
    mid_side_reset(mid_side: &mut MidSide) {
        Processor::reset(mid_side);
    }
    width_process_f32(width: &mut Width, io: Io<'_, f32>) -> Result<(), Error> {
        width.process(io)
    }
    width_process_f64(width: &mut Width, io: Io<'_, f64>) -> Result<(), Error> {
        width.process(io)
    }
    width_reset(width: &mut Width) {
        Processor::reset(width);
    }
    mono_maker_process_f32(mono_maker: &mut MonoMaker<'_>, io: Io<'_, f32>) -> Result<(), Error> {
        mono_maker.process(io)
    }
    mono_maker_process_f64(mono_maker: &mut MonoMaker<'_>, io: Io<'_, f64>) -> Result<(), Error> {
        mono_maker.process(io)
    }
    mono_maker_reset(mono_maker: &mut MonoMaker<'_>) {
        Processor::reset(mono_maker);
    }
    haas_process_f32(haas: &mut Haas<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        haas.process(io)
    }
    haas_process_f64(haas: &mut Haas<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        haas.process(io)
    }
    haas_reset(haas: &mut Haas<'_, f32>) {
        Processor::reset(haas);
    }
    lfe_send_set_params(lfe_send: &mut LfeSend<'_>, params: LfeSendParams) -> Result<(), Error> {
        lfe_send.set_params(params)
    }
    bass_manager_set_params(bass_manager: &mut BassManager<'_, f32>, params: BassManagerParams) -> Result<(), Error> {
        bass_manager.set_params(params)
    }
    width_set_params(width: &mut Width, params: WidthParams) -> Result<(), Error> {
        width.set_params(params)
    }
    mono_maker_set_params(mono_maker: &mut MonoMaker<'_>, params: MonoMakerParams) -> Result<(), Error> {
        mono_maker.set_params(params)
    }
    haas_set_params(haas: &mut Haas<'_, f32>, params: HaasParams) -> Result<(), Error> {
        haas.set_params(params)
    }
    object_mixer_push(object_mixer: &mut ObjectMixer<'_, f32>, object: usize, block: &TimedGains) -> Result<(), Error> {
        object_mixer.push(object, block)
    }
    object_mixer_set_standing(object_mixer: &mut ObjectMixer<'_, f32>, object: usize, gains: &ObjectGains) -> Result<(), Error> {
        object_mixer.set_standing(object, gains)
    }
    point_source_gains(point_source: &PointSource, azimuth_deg: f64, elevation_deg: f64) -> Result<PanGains, Error> {
        point_source.gains(azimuth_deg, elevation_deg)
    }
    object_panner_gains(object_panner: &ObjectPanner<'_>, object: &ObjectMetadata) -> Result<ObjectGains, Error> {
        object_panner.gains(object)
    }
}
