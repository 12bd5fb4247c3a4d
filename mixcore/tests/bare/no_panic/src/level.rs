//! The level layer.

use mixcore::kernels::Isa;
use mixcore::level::{
    AutomatedGain, Automation, BusInput, DcBlocker, DcBlockerParams, Dither, Fader, FaderParams,
    sum_bus,
};
use mixcore::{BlockMut, Error, Io, Process, Processor};

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
    bus_sum_f32(isa: Isa, frame: u64, inputs: &[BusInput<'_, f32>], out: BlockMut<'_, f32>) -> Result<(), Error> {
        sum_bus(isa, frame, inputs, out)
    }
    automated_gain_process_f64(gain: &mut AutomatedGain<'_>, audio: BlockMut<'_, f64>) -> Result<(), Error> {
        gain.process(Io::new(audio))
    }
    bus_sum_f64(isa: Isa, frame: u64, inputs: &[BusInput<'_, f64>], out: BlockMut<'_, f64>) -> Result<(), Error> {
        sum_bus(isa, frame, inputs, out)
    }
    fader_switches(fader: &mut Fader, channel: usize, on: bool) -> Result<(), Error> {
        fader.set_muted(on);
        fader.set_inverted(channel, on)
    }
    dc_blocker_reset(blocker: &mut DcBlocker) {
        Processor::reset(blocker);
    }
    automation_read_f32(automation: &Automation<'_>, frame: u64, gains: &mut [f32]) {
        automation.read(frame, gains);
    }
    automation_read_f64(automation: &Automation<'_>, frame: u64, gains: &mut [f64]) {
        automation.read(frame, gains);
    }
}
