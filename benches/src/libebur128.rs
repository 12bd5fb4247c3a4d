//! libebur128 1.2, the C library, as the system has it: the part of its interface that is timed.
//!
//! The declarations follow `ebur128.h` of version 1.2.6.

#![expect(unsafe_code, reason = "a C library is called; nowhere else in this crate")]

use std::ffi::{c_int, c_uint, c_ulong};
use std::ptr::NonNull;

/// Modes as in `ebur128.h`; each holds what it needs.
pub(crate) const MODE_M: c_int = 1;
pub(crate) const MODE_I: c_int = (1 << 2) | MODE_M;
pub(crate) const MODE_LRA: c_int = (1 << 3) | (1 << 1) | MODE_M;
pub(crate) const MODE_TRUE_PEAK: c_int = (1 << 5) | (1 << 4) | MODE_M;

#[repr(C)]
struct RawState {
    _opaque: [u8; 0],
}

#[link(name = "ebur128")]
unsafe extern "C" {
    fn ebur128_get_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int);
    fn ebur128_init(channels: c_uint, rate_hz: c_ulong, mode: c_int) -> *mut RawState;
    fn ebur128_destroy(state: *mut *mut RawState);
    fn ebur128_set_channel(state: *mut RawState, channel: c_uint, value: c_int) -> c_int;
    fn ebur128_add_frames_float(state: *mut RawState, from: *const f32, frames: usize) -> c_int;
    fn ebur128_add_frames_double(state: *mut RawState, from: *const f64, frames: usize) -> c_int;
    fn ebur128_loudness_global(state: *mut RawState, out: *mut f64) -> c_int;
    fn ebur128_loudness_range(state: *mut RawState, out: *mut f64) -> c_int;
    fn ebur128_true_peak(state: *mut RawState, channel: c_uint, out: *mut f64) -> c_int;
}

/// The version of the library that runs.
pub(crate) fn version() -> String {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: three pointers to integers that live during the call; nothing is kept.
    unsafe { ebur128_get_version(&mut major, &mut minor, &mut patch) };
    format!("{major}.{minor}.{patch}")
}

/// A measurement; the library has no reset, so there is one for each programme.
pub(crate) struct State {
    raw: NonNull<RawState>,
    channels: usize,
}

impl State {
    /// A state for these channels, given as the header's numbers.
    pub(crate) fn new(channels: &[c_int], rate_hz: u32, mode: c_int) -> Self {
        // SAFETY: takes plain numbers and gives a state of its own, or null.
        let raw = unsafe { ebur128_init(channels.len() as c_uint, rate_hz.into(), mode) };
        let raw = NonNull::new(raw).expect("libebur128 takes these channels and this rate");
        for (index, &value) in channels.iter().enumerate() {
            // SAFETY: a live state and plain numbers.
            check(unsafe { ebur128_set_channel(raw.as_ptr(), index as c_uint, value) });
        }
        Self { raw, channels: channels.len() }
    }

    pub(crate) fn add_f32(&mut self, interleaved: &[f32]) {
        let frames = interleaved.len() / self.channels;
        // SAFETY: a live state of `channels` channels, which reads `frames` times as many samples.
        check(unsafe { ebur128_add_frames_float(self.raw.as_ptr(), interleaved.as_ptr(), frames) });
    }

    pub(crate) fn add_f64(&mut self, interleaved: &[f64]) {
        let frames = interleaved.len() / self.channels;
        // SAFETY: a live state of `channels` channels, which reads `frames` times as many samples.
        check(unsafe {
            ebur128_add_frames_double(self.raw.as_ptr(), interleaved.as_ptr(), frames)
        });
    }

    pub(crate) fn integrated_lufs(&mut self) -> f64 {
        let mut value = f64::NAN;
        // SAFETY: a live state; writes one double.
        check(unsafe { ebur128_loudness_global(self.raw.as_ptr(), &mut value) });
        value
    }

    pub(crate) fn range_lu(&mut self) -> f64 {
        let mut value = f64::NAN;
        // SAFETY: a live state; writes one double.
        check(unsafe { ebur128_loudness_range(self.raw.as_ptr(), &mut value) });
        value
    }

    /// Largest true peak of all channels, linear.
    pub(crate) fn true_peak(&mut self) -> f64 {
        (0..self.channels as c_uint).fold(0.0, |peak, channel| {
            let mut value = f64::NAN;
            // SAFETY: a live state; writes one double.
            check(unsafe { ebur128_true_peak(self.raw.as_ptr(), channel, &mut value) });
            f64::max(peak, value)
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        // SAFETY: a live state, not used afterwards; the pointer to it lives during the call.
        unsafe { ebur128_destroy(&mut raw) };
    }
}

fn check(status: c_int) {
    assert_eq!(status, 0, "libebur128 refuses");
}
