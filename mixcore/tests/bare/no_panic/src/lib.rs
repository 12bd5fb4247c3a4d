//! Entries whose binaries must hold no panic machinery: what a real-time thread calls.
//!
//! Each takes what it works on from outside, so that the compiler knows nothing of it. How the
//! objects are made is not part of the proof: constructors run before the audio does.
#![no_std]

use core::panic::PanicInfo;

use mixcore::kernels::{self, Isa, KState, KWeight};
use mixcore::level::{Fader, FaderParams};
use mixcore::loudness::{LiveMeter, Meter};
use mixcore::{Block, BlockMut, Error, Io, Process, Processor};

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
    biquad_energy_f32(isa: Isa, filter: &KWeight, x: &[&[f32]], from: &[KState], to: &mut [f64]) {
        kernels::k_energy(isa, filter, x, from, to);
    }
    biquad_energy_f64(isa: Isa, filter: &KWeight, x: &[&[f64]], from: &[KState], to: &mut [f64]) {
        kernels::k_energy(isa, filter, x, from, to);
    }
    biquad_carry_f32(isa: Isa, samples: &[f32], table: &[f64]) -> KState {
        kernels::k_carry(isa, samples, table)
    }
    biquad_carry_f64(isa: Isa, samples: &[f64], table: &[f64]) -> KState {
        kernels::k_carry(isa, samples, table)
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
