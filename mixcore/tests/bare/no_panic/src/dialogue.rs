//! Dialogue tools and duckers.

use mixcore::dynamics::{
    Automixer, AutomixerParams, ClickTamer, ClickTamerParams, Ducker, DuckerParams, HumComb,
    HumCombParams, Leveller, LevellerParams, LowMidCut, LowMidCutParams, MaskingDucker,
    MaskingDuckerParams, NoiseLearning, PlosiveTamer, PlosiveTamerParams, Suppressor,
    SuppressorParams,
};
use mixcore::{Error, Io, Process, Processor};

entries! {
    automixer_process_f32(automixer: &mut Automixer, io: Io<'_, f32>) -> Result<(), Error> {
        automixer.process(io)
    }
    automixer_process_with_reduction(automixer: &mut Automixer, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        automixer.process_with_reduction(io, row)
    }
    automixer_process_f64(automixer: &mut Automixer, io: Io<'_, f64>) -> Result<(), Error> {
        automixer.process(io)
    }
    automixer_settings(automixer: &mut Automixer, params: AutomixerParams, channel: usize, bypass: bool) -> Result<(), Error> {
        automixer.set_priority_db(channel, 3.0)?;
        automixer.set_bypass(bypass);
        automixer.set_params(params)
    }
    automixer_reset(automixer: &mut Automixer) {
        Processor::reset(automixer);
    }
    leveller_process_f32(leveller: &mut Leveller<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        leveller.process(io)
    }
    leveller_process_with_reduction(leveller: &mut Leveller<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        leveller.process_with_reduction(io, row)
    }
    leveller_process_f64(leveller: &mut Leveller<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        leveller.process(io)
    }
    leveller_settings(leveller: &mut Leveller<'_, f32>, params: LevellerParams, bypass: bool) -> Result<(), Error> {
        leveller.set_bypass(bypass);
        leveller.set_params(params)
    }
    leveller_reset(leveller: &mut Leveller<'_, f32>) {
        leveller.reset();
    }
    suppressor_process_f32(suppressor: &mut Suppressor<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        suppressor.process(io)
    }
    suppressor_process_with_reduction(suppressor: &mut Suppressor<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        suppressor.process_with_reduction(io, row)
    }
    suppressor_process_f64(suppressor: &mut Suppressor<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        suppressor.process(io)
    }
    suppressor_settings(suppressor: &mut Suppressor<'_, f32>, params: SuppressorParams, learning: NoiseLearning, bypass: bool) -> Result<(), Error> {
        suppressor.set_learning(learning);
        suppressor.set_bypass(bypass);
        suppressor.set_params(params)
    }
    suppressor_reset(suppressor: &mut Suppressor<'_, f32>) {
        suppressor.reset();
    }
    hum_comb_process_f32(hum_comb: &mut HumComb<'_>, io: Io<'_, f32>) -> Result<(), Error> {
        hum_comb.process(io)
    }
    hum_comb_process_f64(hum_comb: &mut HumComb<'_>, io: Io<'_, f64>) -> Result<(), Error> {
        hum_comb.process(io)
    }
    hum_comb_set_params(hum_comb: &mut HumComb<'_>, params: HumCombParams) -> Result<(), Error> {
        hum_comb.set_params(params)
    }
    hum_comb_reset(hum_comb: &mut HumComb<'_>) {
        Processor::reset(hum_comb);
    }
    plosive_tamer_process_f32(plosive_tamer: &mut PlosiveTamer<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        plosive_tamer.process(io)
    }
    plosive_tamer_process_with_reduction(plosive_tamer: &mut PlosiveTamer<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        plosive_tamer.process_with_reduction(io, row)
    }
    plosive_tamer_process_f64(plosive_tamer: &mut PlosiveTamer<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        plosive_tamer.process(io)
    }
    plosive_tamer_settings(plosive_tamer: &mut PlosiveTamer<'_, f32>, params: PlosiveTamerParams, bypass: bool) -> Result<(), Error> {
        plosive_tamer.set_bypass(bypass);
        plosive_tamer.set_params(params)
    }
    plosive_tamer_reset(plosive_tamer: &mut PlosiveTamer<'_, f32>) {
        plosive_tamer.reset();
    }
    click_tamer_process_f32(click_tamer: &mut ClickTamer<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        click_tamer.process(io)
    }
    click_tamer_process_with_reduction(click_tamer: &mut ClickTamer<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        click_tamer.process_with_reduction(io, row)
    }
    click_tamer_process_f64(click_tamer: &mut ClickTamer<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        click_tamer.process(io)
    }
    click_tamer_settings(click_tamer: &mut ClickTamer<'_, f32>, params: ClickTamerParams, bypass: bool) -> Result<(), Error> {
        click_tamer.set_bypass(bypass);
        click_tamer.set_params(params)
    }
    click_tamer_reset(click_tamer: &mut ClickTamer<'_, f32>) {
        click_tamer.reset();
    }
    ducker_process_f32(ducker: &mut Ducker<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        ducker.process(io)
    }
    ducker_process_with_reduction(ducker: &mut Ducker<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        ducker.process_with_reduction(io, row)
    }
    ducker_process_f64(ducker: &mut Ducker<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        ducker.process(io)
    }
    ducker_settings(ducker: &mut Ducker<'_, f32>, params: DuckerParams, bypass: bool) -> Result<(), Error> {
        ducker.set_bypass(bypass);
        ducker.set_params(params)
    }
    ducker_reset(ducker: &mut Ducker<'_, f32>) {
        ducker.reset();
    }
    masking_ducker_process_f32(masking_ducker: &mut MaskingDucker<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        masking_ducker.process(io)
    }
    masking_ducker_process_with_reduction(masking_ducker: &mut MaskingDucker<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        masking_ducker.process_with_reduction(io, row)
    }
    masking_ducker_process_f64(masking_ducker: &mut MaskingDucker<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        masking_ducker.process(io)
    }
    masking_ducker_settings(masking_ducker: &mut MaskingDucker<'_, f32>, params: MaskingDuckerParams, bypass: bool) -> Result<(), Error> {
        masking_ducker.set_bypass(bypass);
        masking_ducker.set_params(params)
    }
    masking_ducker_reset(masking_ducker: &mut MaskingDucker<'_, f32>) {
        masking_ducker.reset();
    }
    low_mid_cut_process_f32(low_mid_cut: &mut LowMidCut<'_, f32>, io: Io<'_, f32>) -> Result<(), Error> {
        low_mid_cut.process(io)
    }
    low_mid_cut_process_with_reduction(low_mid_cut: &mut LowMidCut<'_, f32>, io: Io<'_, f32>, row: &mut [f32]) -> Result<(), Error> {
        low_mid_cut.process_with_reduction(io, row)
    }
    low_mid_cut_process_f64(low_mid_cut: &mut LowMidCut<'_, f64>, io: Io<'_, f64>) -> Result<(), Error> {
        low_mid_cut.process(io)
    }
    low_mid_cut_settings(low_mid_cut: &mut LowMidCut<'_, f32>, params: LowMidCutParams, bypass: bool) -> Result<(), Error> {
        low_mid_cut.set_bypass(bypass);
        low_mid_cut.set_params(params)
    }
    low_mid_cut_reset(low_mid_cut: &mut LowMidCut<'_, f32>) {
        low_mid_cut.reset();
    }
}
