//! The true-peak limiter.

use std::ffi::c_char;

use mixcore::audio::{BlockMut, Buffer, Sample};
use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
use mixcore::{Io, Process, Processor, Stream};

use crate::handle::{Handle, enter, free, guarded};
use crate::meter::{CHUNK_FRAMES, wrong_type};
use crate::pointers::{self, choice, put};
use crate::status::{Fault, mixcore_status};

/// All channels get one gain (an LFE its own).
pub const MIXCORE_LINK_FULL: i32 = 0;
/// Every channel has its own gain.
pub const MIXCORE_LINK_OFF: i32 = 1;

/// What a limiter is made for: start from MIXCORE_LIMITER_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mixcore_limiter_config {
    /// sizeof(mixcore_limiter_config).
    pub struct_size: u32,
    /// MIXCORE_F32 or MIXCORE_F64: which of the process functions will be called.
    pub sample_type: i32,
    /// Sample rate, 8000 to 384000 Hz. It has no default.
    pub rate_hz: f64,
    /// Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
    pub layout: *const c_char,
    /// True-peak level that the output stays below, -60 to 0 dBTP.
    pub ceiling_dbtp: f64,
    /// Time in which a gain reduction falls to 36.8 % after a peak, 1 to 5000 ms.
    pub release_ms: f64,
    /// Look-ahead, ms; it makes the latency, for life.
    pub lookahead_ms: f64,
    /// MIXCORE_LINK_FULL or MIXCORE_LINK_OFF.
    pub link: i32,
    /// Set it to 0.
    pub reserved: i32,
}

/// A limiter for either sample type, with room to take interleaved samples apart.
enum Typed {
    F32(Limiter<'static, f32>, Buffer<f32>),
    F64(Limiter<'static, f64>, Buffer<f64>),
}

/// A look-ahead true-peak limiter. One thread at a time.
pub struct mixcore_limiter {
    _opaque: [u8; 0],
}

/// What stands behind the name that C sees.
fn inner(limiter: *const mixcore_limiter) -> *const Handle<Typed> {
    limiter.cast()
}

fn typed<S: Sample>(
    setup: LimiterSetup,
    params: LimiterParams,
    stream: Stream,
) -> Result<(Limiter<'static, S>, Buffer<S>), Fault> {
    let planar = Buffer::new(stream.channel_count(), CHUNK_FRAMES)?;
    Ok((Limiter::new(setup, params, stream)?, planar))
}

/// Make a limiter; write it to *limiter.
///
/// Allocates everything that it will ever need. [not on the audio thread]
///
/// # Safety
/// C: config points to a mixcore_limiter_config whose struct_size is set; limiter may be written
/// to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_new(
    config: *const mixcore_limiter_config,
    limiter: *mut *mut mixcore_limiter,
) -> mixcore_status {
    guarded(|| {
        // SAFETY: the caller's promise above.
        let config = unsafe { pointers::config(config) }?;
        // SAFETY: as above; so that a failed call leaves no stale handle.
        unsafe { put("limiter", limiter, std::ptr::null_mut()) }?;
        let sample_type = choice("sample_type", config.sample_type, &["F32", "F64"])?;
        // SAFETY: as above.
        let layout = unsafe { pointers::layout(config.layout) }?;
        let stream = Stream::new(config.rate_hz, layout)?;
        let link_percent = match choice("link", config.link, &["FULL", "OFF"])? {
            0 => 100.0,
            _ => 0.0,
        };
        choice("reserved", config.reserved, &["always 0"])?;
        let setup = LimiterSetup {
            lookahead_ms: config.lookahead_ms,
            link_percent,
            ..LimiterSetup::default()
        };
        let params = LimiterParams {
            ceiling_dbtp: config.ceiling_dbtp,
            release_ms: config.release_ms,
            ..LimiterParams::default()
        };
        let state = if sample_type == 0 {
            let (limiter, planar) = typed(setup, params, stream)?;
            Typed::F32(limiter, planar)
        } else {
            let (limiter, planar) = typed(setup, params, stream)?;
            Typed::F64(limiter, planar)
        };
        // SAFETY: as above.
        unsafe { put("limiter", limiter, Handle::leak(state).cast()) }
    })
}

/// Free a limiter; NULL is fine. [not on the audio thread]
///
/// # Safety
/// C: limiter is NULL or a live handle, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_free(limiter: *mut mixcore_limiter) {
    // SAFETY: the caller's promise above.
    unsafe { free(inner(limiter).cast_mut()) }
}

/// Limits interleaved samples in place, piece by piece.
fn each_piece<S: Sample>(
    limiter: &mut Limiter<'static, S>,
    planar: &mut Buffer<S>,
    samples: &mut [S],
) -> Result<(), Fault> {
    let channels = planar.channel_count();
    for piece in samples.chunks_mut(CHUNK_FRAMES * channels) {
        let frames = piece.len() / channels;
        for channel in 0..channels {
            let from = piece.iter().skip(channel).step_by(channels);
            for (to, from) in planar.channel_mut(channel).iter_mut().zip(from) {
                *to = *from;
            }
        }
        limiter.process(Io::new(planar.range_mut(0, frames)))?;
        for channel in 0..channels {
            let to = piece.iter_mut().skip(channel).step_by(channels);
            for (to, from) in to.zip(planar.channel(channel)) {
                *to = *from;
            }
        }
    }
    Ok(())
}

/// A sample type, and where its limiter is.
trait Limited: Sample {
    fn of(typed: &mut Typed) -> Result<(&mut Limiter<'static, Self>, &mut Buffer<Self>), Fault>;
}

impl Limited for f32 {
    fn of(typed: &mut Typed) -> Result<(&mut Limiter<'static, Self>, &mut Buffer<Self>), Fault> {
        match typed {
            Typed::F32(limiter, planar) => Ok((limiter, planar)),
            Typed::F64(..) => Err(wrong_type("double")),
        }
    }
}

impl Limited for f64 {
    fn of(typed: &mut Typed) -> Result<(&mut Limiter<'static, Self>, &mut Buffer<Self>), Fault> {
        match typed {
            Typed::F64(limiter, planar) => Ok((limiter, planar)),
            Typed::F32(..) => Err(wrong_type("float")),
        }
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn process<S: Limited>(
    limiter: *mut mixcore_limiter,
    inputs: *const *const S,
    outputs: *const *mut S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(limiter), |typed| {
            let (limiter, planar) = S::of(typed)?;
            let expected = planar.channel_count();
            let mut list = pointers::outputs(inputs, outputs, n_channels, expected, n_frames)?;
            Ok(limiter.process(Io::new(BlockMut::new(&mut list[..n_channels])?))?)
        })
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn process_interleaved<S: Limited>(
    limiter: *mut mixcore_limiter,
    samples: *mut S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(limiter), |typed| {
            let (limiter, planar) = S::of(typed)?;
            let expected = planar.channel_count();
            let samples = pointers::interleaved_mut(samples, n_channels, expected, n_frames)?;
            each_piece(limiter, planar, samples)
        })
    }
}

/// Limit a block of float samples, one pointer per channel. [audio thread]
///
/// inputs may be NULL, or the same pointers as outputs: the outputs then hold the input. Otherwise
/// no output may overlap an input. The output lags by the latency. Nothing happens where it fails.
///
/// # Safety
/// C: limiter is a live handle; inputs (or NULL) and outputs point to n_channels pointers to
/// n_frames samples that nobody else uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_process_f32(
    limiter: *mut mixcore_limiter,
    inputs: *const *const f32,
    outputs: *const *mut f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { process(limiter, inputs, outputs, n_channels, n_frames) }
}

/// Limit a block of interleaved float samples in place, as mixcore_limiter_process_f32.
/// [audio thread]
///
/// # Safety
/// C: limiter is a live handle; samples points to n_channels times n_frames samples that nobody else
/// uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_process_interleaved_f32(
    limiter: *mut mixcore_limiter,
    samples: *mut f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { process_interleaved(limiter, samples, n_channels, n_frames) }
}

/// Limit a block of double samples, one pointer per channel. [audio thread]
///
/// inputs may be NULL, or the same pointers as outputs: the outputs then hold the input. Otherwise
/// no output may overlap an input. The output lags by the latency. Nothing happens where it fails.
///
/// # Safety
/// C: limiter is a live handle; inputs (or NULL) and outputs point to n_channels pointers to
/// n_frames samples that nobody else uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_process_f64(
    limiter: *mut mixcore_limiter,
    inputs: *const *const f64,
    outputs: *const *mut f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { process(limiter, inputs, outputs, n_channels, n_frames) }
}

/// Limit a block of interleaved double samples in place, as mixcore_limiter_process_f64.
/// [audio thread]
///
/// # Safety
/// C: limiter is a live handle; samples points to n_channels times n_frames samples that nobody else
/// uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_process_interleaved_f64(
    limiter: *mut mixcore_limiter,
    samples: *mut f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { process_interleaved(limiter, samples, n_channels, n_frames) }
}

/// Runs an expression on the limiter inside, whichever its type is.
macro_rules! with_limiter {
    ($typed:expr, |$limiter:ident| $body:expr) => {
        match $typed {
            Typed::F32($limiter, _) => $body,
            Typed::F64($limiter, _) => $body,
        }
    };
}

/// Move the ceiling, over 20 ms from the next input frame, -60 to 0 dBTP. [audio thread]
///
/// # Safety
/// C: limiter is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_set_ceiling_dbtp(
    limiter: *mut mixcore_limiter,
    ceiling_dbtp: f64,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(limiter), |typed| {
            with_limiter!(typed, |limiter| Ok(limiter.set_field("ceiling_dbtp", ceiling_dbtp)?))
        })
    }
}

/// Change the release, 1 to 5000 ms. [audio thread]
///
/// # Safety
/// C: limiter is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_set_release_ms(
    limiter: *mut mixcore_limiter,
    release_ms: f64,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(limiter), |typed| {
            with_limiter!(typed, |limiter| Ok(limiter.set_field("release_ms", release_ms)?))
        })
    }
}

/// Frames by which the output lags, to *latency_frames; constant for life. [audio thread]
///
/// # Safety
/// C: limiter is a live handle; latency_frames may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_latency_frames(
    limiter: *const mixcore_limiter,
    latency_frames: *mut usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(limiter), |typed| {
            let latency = with_limiter!(typed, |limiter| limiter.latency_frames());
            put("latency_frames", latency_frames, latency)
        })
    }
}

/// Largest gain reduction of any channel in the newest 64 frames of output, dB, to
/// *gain_reduction_db. [audio thread]
///
/// # Safety
/// C: limiter is a live handle; gain_reduction_db may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_gain_reduction_db(
    limiter: *const mixcore_limiter,
    gain_reduction_db: *mut f64,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(limiter), |typed| {
            let reduction = with_limiter!(typed, |limiter| limiter.gain_reduction_db());
            put("gain_reduction_db", gain_reduction_db, reduction)
        })
    }
}

/// Start anew, with the current parameters. [audio thread]
///
/// # Safety
/// C: limiter is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_limiter_reset(limiter: *mut mixcore_limiter) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(limiter), |typed| {
            with_limiter!(typed, |limiter| limiter.reset());
            Ok(())
        })
    }
}
