//! Entries whose binaries must hold no panic machinery: what a real-time thread calls.
//!
//! Each takes what it works on from outside, so that the compiler knows nothing of it. How the
//! objects are made is not part of the proof: constructors run before the audio does.
#![no_std]

use core::panic::PanicInfo;

macro_rules! entries {
    ($($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? $body:block)+) => {
        $(
            #[allow(missing_docs, reason = "named after what it calls")]
            #[unsafe(no_mangle)]
            pub fn $name($($arg: $type),*) $(-> $result)? $body
        )+
    };
}

mod analysis;
mod dialogue;
mod dynamics;
mod filters;
mod level;
mod loudness;
mod spatial;

entries! {
    canary_that_panics(samples: &[f32], index: usize) -> f32 {
        samples[index]
    }
}

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    loop {}
}
