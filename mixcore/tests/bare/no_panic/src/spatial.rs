//! The stereo field, panning, objects, fold-down and bass.

use mixcore::spatial::{
    Allocentric, BassManager, BassManagerParams, Dbap, DbapParams, DialogueWarnings, DirectSpeaker,
    DirectSpeakers, Divergence, DrcProfile, Extent, FoldDown, Haas, HaasParams, LfeSend,
    LfeSendParams, LtRt, MidSide, MonoMaker, MonoMakerParams, ObjectGains, ObjectMetadata,
    ObjectMixer, ObjectPanner, ObjectPlace, PanForm, PanGains, PanLaw, PanPosition, Panner,
    PannerParams, PointSource, PolarExtent, RigGains, StereoPan, TimedGains, Vbap, VbapParams,
    Width, WidthKept, WidthParams, pan_gains, width_gains,
};
use mixcore::{Block, BlockMut, Convert, Error, Io, Layout, Process, Processor};

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
    object_metadata_validate(object: &ObjectMetadata) -> Result<(), Error> {
        object.validate()
    }
    object_place_to_cartesian(place: &ObjectPlace) -> Result<ObjectPlace, Error> {
        place.to_cartesian()
    }
    object_place_to_polar(place: &ObjectPlace) -> Result<ObjectPlace, Error> {
        place.to_polar()
    }
    divergence_parts(divergence: &Divergence, azimuth_deg: f64, elevation_deg: f64) -> Result<[(f64, [f64; 3]); 3], Error> {
        divergence.parts(azimuth_deg, elevation_deg)
    }
    point_source_gains_of(point_source: &PointSource, vector: [f64; 3]) -> Result<PanGains, Error> {
        point_source.gains_of(vector)
    }
    point_source_gains_of_many(point_source: &PointSource, azimuths_deg: &[f64], elevations_deg: &[f64], gains: &mut [f64]) -> Result<(), Error> {
        point_source.gains_of_many(azimuths_deg, elevations_deg, gains)
    }
    polar_extent_gains(polar_extent: &PolarExtent<'_>, azimuth_deg: f64, elevation_deg: f64, distance: f64, extent: Extent) -> Result<PanGains, Error> {
        polar_extent.gains(azimuth_deg, elevation_deg, distance, extent)
    }
    allocentric_gains(allocentric: &Allocentric, place: [f64; 3]) -> Result<PanGains, Error> {
        allocentric.gains(place)
    }
    allocentric_sized_gains(allocentric: &Allocentric, place: [f64; 3], size: [f64; 3]) -> Result<PanGains, Error> {
        allocentric.sized_gains(place, size)
    }
    direct_speakers_gains(direct_speakers: &DirectSpeakers, speaker: &DirectSpeaker<'_>) -> Result<PanGains, Error> {
        direct_speakers.gains(speaker)
    }
    vbap_gains(vbap: &Vbap, azimuth_deg: f64, elevation_deg: f64, params: VbapParams) -> Result<RigGains, Error> {
        vbap.gains(azimuth_deg, elevation_deg, params)
    }
    dbap_gains(dbap: &Dbap, place_m: [f64; 3], params: DbapParams) -> Result<RigGains, Error> {
        dbap.gains(place_m, params)
    }
    panner_position(panner: &Panner<'_>, source: usize) -> Option<PanPosition> {
        panner.position(source)
    }
    panner_peak_bound_db(panner: &Panner<'_>) -> f64 {
        panner.peak_bound_db()
    }
    pan_gains_of_a_layout(layout: Layout, azimuth_deg: f64) -> Result<PanGains, Error> {
        pan_gains(layout, azimuth_deg)
    }
    pan_law_gains(law: PanLaw, form: PanForm, position: f64) -> Result<[f64; 2], Error> {
        law.gains(form, position)
    }
    stereo_pan_matrix(pan: &StereoPan) -> Result<[[f64; 2]; 2], Error> {
        pan.matrix()
    }
    width_gains_of_a_width(width: f64, kept: WidthKept) -> Result<[f64; 2], Error> {
        width_gains(width, kept)
    }
    drc_profile_gain_db(profile: DrcProfile, level_db: f64) -> f64 {
        profile.gain_db(level_db)
    }
}
