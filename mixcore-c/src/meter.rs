//! The loudness and true-peak meter.

use std::ffi::c_char;

use mixcore::audio::{Block, Buffer, Sample};
use mixcore::delivery::{Measurement, Quantity};
use mixcore::loudness::{Meter, MeterSetup, TruePeakMethod};
use mixcore::{Reading, Stream};

use crate::handle::{Handle, enter, free, guarded};
use crate::pointers::{self, choice, put};
use crate::status::{Fault, MIXCORE_ERROR_SAMPLE_TYPE, fault, mixcore_status};

/// Samples are float.
pub const MIXCORE_F32: i32 = 0;
/// Samples are double.
pub const MIXCORE_F64: i32 = 1;

/// True peak at 8 points a frame (4 above 64 kHz): the default.
pub const MIXCORE_TRUE_PEAK_FINE: i32 = 0;
/// True peak by the 4 x 12 coefficients printed in BS.1770, Annex 2.
pub const MIXCORE_TRUE_PEAK_ANNEX2: i32 = 1;
/// True peak by the 4x 49-tap form of libebur128.
pub const MIXCORE_TRUE_PEAK_SINC49: i32 = 2;
/// Sample peak only.
pub const MIXCORE_TRUE_PEAK_OFF: i32 = 3;

/// The reading has a value.
pub const MIXCORE_REASON_NONE: i32 = 0;
/// There is too little material for it.
pub const MIXCORE_REASON_TOO_SHORT: i32 = 1;
/// Digital silence, or nothing above the gate.
pub const MIXCORE_REASON_BELOW_GATE: i32 = 2;
/// It was not measured, or does not apply.
pub const MIXCORE_REASON_NOT_APPLICABLE: i32 = 3;

/// Frames that interleaved samples are taken apart in at a time.
pub(crate) const CHUNK_FRAMES: usize = 1024;

/// What a meter is made for: start from MIXCORE_METER_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mixcore_meter_config {
    /// sizeof(mixcore_meter_config).
    pub struct_size: u32,
    /// MIXCORE_F32 or MIXCORE_F64: which of the push functions will be called.
    pub sample_type: i32,
    /// Sample rate, 8000 to 384000 Hz. It has no default.
    pub rate_hz: f64,
    /// Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
    pub layout: *const c_char,
    /// MIXCORE_TRUE_PEAK_*.
    pub true_peak: i32,
    /// 1: a mono programme is heard from two loudspeakers and reads 3.01 LU more.
    pub dual_mono: i32,
    /// Programme duration that it can record, 0.4 to 360000 s (8 bytes per 10 ms).
    pub max_duration_s: f64,
}

/// A meter for either sample type, with room to take interleaved samples apart.
#[allow(clippy::large_enum_variant, reason = "one a handle, on the heap")]
enum Typed {
    F32(Meter<'static, f32>, Buffer<f32>),
    F64(Meter<'static, f64>, Buffer<f64>),
}

/// A loudness and true-peak meter. One thread at a time.
pub struct mixcore_meter {
    _opaque: [u8; 0],
}

/// What stands behind the name that C sees.
fn inner(meter: *const mixcore_meter) -> *const Handle<Typed> {
    meter.cast()
}

/// 0 or 1.
pub(crate) fn flag(what: &str, given: i32) -> Result<bool, Fault> {
    Ok(choice(what, given, &["no", "yes"])? == 1)
}

pub(crate) fn wrong_type(own: &str) -> Fault {
    fault(
        MIXCORE_ERROR_SAMPLE_TYPE,
        format_args!(
            "this handle was made for {own} samples: call the function for {own}, or set config.sample_type"
        ),
    )
}

fn typed<S: Sample>(
    setup: MeterSetup,
    stream: Stream,
) -> Result<(Meter<'static, S>, Buffer<S>), Fault> {
    Ok((Meter::new(setup, stream)?, Buffer::new(stream.channel_count(), CHUNK_FRAMES)?))
}

/// Make a meter; write it to *meter.
///
/// Allocates everything that it will ever need. [not on the audio thread]
///
/// # Safety
/// C: config points to a mixcore_meter_config whose struct_size is set; meter may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_new(
    config: *const mixcore_meter_config,
    meter: *mut *mut mixcore_meter,
) -> mixcore_status {
    guarded(|| {
        // SAFETY: the caller's promise above.
        let config = unsafe { pointers::config(config) }?;
        // SAFETY: as above; so that a failed call leaves no stale handle.
        unsafe { put("meter", meter, std::ptr::null_mut()) }?;
        let sample_type = choice("sample_type", config.sample_type, &["F32", "F64"])?;
        // SAFETY: as above.
        let layout = unsafe { pointers::layout(config.layout) }?;
        let stream = Stream::new(config.rate_hz, layout)?;
        let names = ["FINE", "ANNEX2", "SINC49", "OFF"];
        let true_peak = match choice("true_peak", config.true_peak, &names)? {
            0 => TruePeakMethod::Fine,
            1 => TruePeakMethod::Annex2,
            2 => TruePeakMethod::Sinc49,
            _ => TruePeakMethod::Off,
        };
        let dual_mono = flag("dual_mono", config.dual_mono)?;
        let setup = MeterSetup {
            true_peak,
            dual_mono,
            max_duration_s: config.max_duration_s,
            ..MeterSetup::default()
        };
        let state = if sample_type == 0 {
            let (meter, planar) = typed(setup, stream)?;
            Typed::F32(meter, planar)
        } else {
            let (meter, planar) = typed(setup, stream)?;
            Typed::F64(meter, planar)
        };
        // SAFETY: as above.
        unsafe { put("meter", meter, Handle::leak(state).cast()) }
    })
}

/// Free a meter; NULL is fine. [not on the audio thread]
///
/// # Safety
/// C: meter is NULL or a live handle, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_free(meter: *mut mixcore_meter) {
    // SAFETY: the caller's promise above.
    unsafe { free(inner(meter).cast_mut()) }
}

/// Takes interleaved samples apart, piece by piece.
pub(crate) fn each_piece<S: Sample>(
    samples: &[S],
    planar: &mut Buffer<S>,
    mut push: impl FnMut(Block<'_, S>) -> Result<(), mixcore::Error>,
) -> Result<(), Fault> {
    let channels = planar.channel_count();
    for piece in samples.chunks(CHUNK_FRAMES * channels) {
        let frames = piece.len() / channels;
        for channel in 0..channels {
            let from = piece.iter().skip(channel).step_by(channels);
            for (to, from) in planar.channel_mut(channel).iter_mut().zip(from) {
                *to = *from;
            }
        }
        push(planar.range(0, frames))?;
    }
    Ok(())
}

/// A sample type, and where its meter is.
trait Metered: Sample {
    fn of(typed: &mut Typed) -> Result<(&mut Meter<'static, Self>, &mut Buffer<Self>), Fault>;
}

impl Metered for f32 {
    fn of(typed: &mut Typed) -> Result<(&mut Meter<'static, Self>, &mut Buffer<Self>), Fault> {
        match typed {
            Typed::F32(meter, planar) => Ok((meter, planar)),
            Typed::F64(..) => Err(wrong_type("double")),
        }
    }
}

impl Metered for f64 {
    fn of(typed: &mut Typed) -> Result<(&mut Meter<'static, Self>, &mut Buffer<Self>), Fault> {
        match typed {
            Typed::F64(meter, planar) => Ok((meter, planar)),
            Typed::F32(..) => Err(wrong_type("float")),
        }
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn push<S: Metered>(
    meter: *mut mixcore_meter,
    channels: *const *const S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(meter), |typed| {
            let (meter, _) = S::of(typed)?;
            let expected = meter.stream().channel_count();
            let list = pointers::inputs(channels, n_channels, expected, n_frames)?;
            Ok(meter.push(Block::new(&list[..n_channels])?)?)
        })
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn push_interleaved<S: Metered>(
    meter: *mut mixcore_meter,
    samples: *const S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(meter), |typed| {
            let (meter, planar) = S::of(typed)?;
            let expected = meter.stream().channel_count();
            let samples = pointers::interleaved(samples, n_channels, expected, n_frames)?;
            meter.check_room(n_frames as u64)?;
            each_piece(samples, planar, |block| meter.push(block))
        })
    }
}

/// Measure a block of float samples, one pointer per channel.
///
/// Nothing is recorded where it fails. [audio thread]
///
/// # Safety
/// C: meter is a live handle; channels points to n_channels pointers to n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_push_f32(
    meter: *mut mixcore_meter,
    channels: *const *const f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push(meter, channels, n_channels, n_frames) }
}

/// Measure a block of interleaved float samples, as mixcore_meter_push_f32. [audio thread]
///
/// # Safety
/// C: meter is a live handle; samples points to n_channels times n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_push_interleaved_f32(
    meter: *mut mixcore_meter,
    samples: *const f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push_interleaved(meter, samples, n_channels, n_frames) }
}

/// Measure a block of double samples, one pointer per channel.
///
/// Nothing is recorded where it fails. [audio thread]
///
/// # Safety
/// C: meter is a live handle; channels points to n_channels pointers to n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_push_f64(
    meter: *mut mixcore_meter,
    channels: *const *const f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push(meter, channels, n_channels, n_frames) }
}

/// Measure a block of interleaved double samples, as mixcore_meter_push_f64. [audio thread]
///
/// # Safety
/// C: meter is a live handle; samples points to n_channels times n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_push_interleaved_f64(
    meter: *mut mixcore_meter,
    samples: *const f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push_interleaved(meter, samples, n_channels, n_frames) }
}

/// Writes a reading as value (NaN without one) and reason.
///
/// # Safety
/// `value` is NULL or may be written to, `reason` too.
pub(crate) unsafe fn put_reading(
    reading: Reading,
    value: *mut f64,
    reason: *mut i32,
) -> Result<(), Fault> {
    let (number, code) = match reading {
        Reading::Value(number) => (number, MIXCORE_REASON_NONE),
        Reading::TooShort { .. } => (f64::NAN, MIXCORE_REASON_TOO_SHORT),
        Reading::BelowGate => (f64::NAN, MIXCORE_REASON_BELOW_GATE),
        _ => (f64::NAN, MIXCORE_REASON_NOT_APPLICABLE),
    };
    // SAFETY: passed on; the reason is optional.
    unsafe {
        put("value", value, number)?;
        if reason.is_null() { Ok(()) } else { put("reason", reason, code) }
    }
}

/// A reading by the name of its quantity: "integrated_lufs", "true_peak_dbtp", "plr_db" and so on.
///
/// Write it to *value, and why there is none to *reason (MIXCORE_REASON_*), which may be NULL. A
/// reading without a value is NAN and no error. Costs a pass over what was recorded; allocates.
/// [not on the audio thread]
///
/// # Safety
/// C: meter is a live handle; quantity is zero-terminated; value may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_get(
    meter: *const mixcore_meter,
    quantity: *const c_char,
    value: *mut f64,
    reason: *mut i32,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(meter), |typed| {
            let quantity = Quantity::from_key(pointers::text("quantity", quantity)?)?;
            let found = match typed {
                Typed::F32(meter, _) => Measurement::of_meter("", meter)?,
                Typed::F64(meter, _) => Measurement::of_meter("", meter)?,
            };
            put_reading(found.get(quantity), value, reason)
        })
    }
}

/// Loudness of the last 0.4 s, LUFS: NAN and a reason where there is none. [audio thread]
///
/// reason may be NULL.
///
/// # Safety
/// C: meter is a live handle; value may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_momentary_lufs(
    meter: *const mixcore_meter,
    value: *mut f64,
    reason: *mut i32,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(meter), |typed| {
            let reading = match typed {
                Typed::F32(meter, _) => meter.momentary_lufs(),
                Typed::F64(meter, _) => meter.momentary_lufs(),
            };
            put_reading(reading, value, reason)
        })
    }
}

/// Loudness of the last 3 s, LUFS: NAN and a reason where there is none. [audio thread]
///
/// reason may be NULL.
///
/// # Safety
/// C: meter is a live handle; value may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_short_term_lufs(
    meter: *const mixcore_meter,
    value: *mut f64,
    reason: *mut i32,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(meter), |typed| {
            let reading = match typed {
                Typed::F32(meter, _) => meter.short_term_lufs(),
                Typed::F64(meter, _) => meter.short_term_lufs(),
            };
            put_reading(reading, value, reason)
        })
    }
}

/// Start anew. [audio thread]
///
/// # Safety
/// C: meter is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_meter_reset(meter: *mut mixcore_meter) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(meter), |typed| {
            match typed {
                Typed::F32(meter, _) => meter.reset(),
                Typed::F64(meter, _) => meter.reset(),
            }
            Ok(())
        })
    }
}
