//! Measuring a finished programme and judging it by specifications.

use std::ffi::c_char;

use mixcore::audio::{Block, Buffer, Sample};
use mixcore::delivery::report::{Column, Document, Group, csv, html, junit, text};
use mixcore::delivery::{
    MeasureSetup, Measurement, Measurer, Quantity, Report, Spec, Verdict, spec, specs, verify,
};
use mixcore::loudness::Edition;
use mixcore::units::FrameRate;
use mixcore::{Error, Stream, Timecode};

use crate::handle::{Handle, enter, free, guarded};
use crate::meter::{CHUNK_FRAMES, each_piece, flag, put_reading, wrong_type};
use crate::pointers::{self, choice, null, put};
use crate::status::{
    Fault, MIXCORE_ERROR_BUFFER, MIXCORE_ERROR_FRAMES, MIXCORE_ERROR_RANGE, MIXCORE_ERROR_STATE,
    MIXCORE_ERROR_TEXT, fault, mixcore_status,
};

/// Inside all limits.
pub const MIXCORE_VERDICT_PASS: i32 = 0;
/// Inside, but worth a look.
pub const MIXCORE_VERDICT_WARN: i32 = 1;
/// Not judged: it is no pass.
pub const MIXCORE_VERDICT_NOT_EVALUATED: i32 = 2;
/// Outside a limit.
pub const MIXCORE_VERDICT_FAIL: i32 = 3;

/// A report for a terminal.
pub const MIXCORE_FORM_TEXT: i32 = 0;
/// A report as JSON (schema mixcore-report-1).
pub const MIXCORE_FORM_JSON: i32 = 1;
/// A report as a page with plots.
pub const MIXCORE_FORM_HTML: i32 = 2;
/// The findings as comma-separated values.
pub const MIXCORE_FORM_CSV: i32 = 3;
/// The findings as JUnit XML.
pub const MIXCORE_FORM_JUNIT: i32 = 4;

/// What is verified: start from MIXCORE_VERIFY_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mixcore_verify_config {
    /// sizeof(mixcore_verify_config).
    pub struct_size: u32,
    /// MIXCORE_F32 or MIXCORE_F64: which of the push functions will be called.
    pub sample_type: i32,
    /// Sample rate, 8000 to 384000 Hz. It has no default.
    pub rate_hz: f64,
    /// Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
    pub layout: *const c_char,
    /// Name of the programme for the report; NULL for none.
    pub title: *const c_char,
    /// Frames that will be pushed, at most.
    pub max_frames: u64,
    /// Bits of a sample in the file, 0 where it is none or holds floats.
    pub bit_depth: i32,
    /// 1: a mono programme is heard from two loudspeakers and reads 3.01 LU more.
    pub dual_mono: i32,
}

#[expect(clippy::large_enum_variant, reason = "it lies in one handle on the heap, and moves once")]
enum State {
    F32(Measurer<f32>, Buffer<f32>),
    F64(Measurer<f64>, Buffer<f64>),
    /// Measured; with the last verdict, if there was one.
    Finished(Box<Measurement>, Option<Box<(Spec, Report)>>),
    /// The measurer is being taken out.
    Empty,
}

/// A programme on its way to a verdict: push, finish, then judge as often as you like.
pub struct mixcore_verify {
    _opaque: [u8; 0],
}

/// What stands behind the name that C sees.
fn inner(verify: *const mixcore_verify) -> *const Handle<State> {
    verify.cast()
}

fn late() -> Fault {
    fault(
        MIXCORE_ERROR_STATE,
        format_args!("the programme is finished: nothing more can be pushed"),
    )
}

fn early() -> Fault {
    fault(MIXCORE_ERROR_STATE, format_args!("call mixcore_verify_finish before this"))
}

fn typed<S: Sample>(
    setup: MeasureSetup,
    stream: Stream,
) -> Result<(Measurer<S>, Buffer<S>), Fault> {
    let frames = setup.frames;
    // The core speaks of the duration; C set a number of frames.
    let measurer = Measurer::new(setup, stream).map_err(|error| match error {
        Error::OutOfRange { field: "max_duration_s", max, .. } => fault(
            MIXCORE_ERROR_RANGE,
            format_args!(
                "max_frames is {frames}, allowed is 0 to {} at this rate",
                max * stream.rate_hz
            ),
        ),
        other => other.into(),
    })?;
    Ok((measurer, Buffer::new(stream.channel_count(), CHUNK_FRAMES)?))
}

/// Refuses more frames than the config announced, in the config's words.
fn check_room<S: Sample>(measurer: &Measurer<S>, n_frames: usize) -> Result<(), Fault> {
    measurer.check_room(n_frames as u64).map_err(|error| match error {
        Error::FrameCount { given, expected, .. } => fault(
            MIXCORE_ERROR_FRAMES,
            format_args!(
                "n_frames is {given}, config.max_frames has room for {expected} more: raise it"
            ),
        ),
        other => other.into(),
    })
}

/// Begin to verify a programme; write the handle to *verify. [not on the audio thread]
///
/// # Safety
/// C: config points to a mixcore_verify_config whose struct_size is set; verify may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_new(
    config: *const mixcore_verify_config,
    verify: *mut *mut mixcore_verify,
) -> mixcore_status {
    guarded(|| {
        // SAFETY: the caller's promise above.
        let config = unsafe { pointers::config(config) }?;
        // SAFETY: as above; so that a failed call leaves no stale handle.
        unsafe { put("verify", verify, std::ptr::null_mut()) }?;
        let sample_type = choice("sample_type", config.sample_type, &["F32", "F64"])?;
        // SAFETY: as above.
        let layout = unsafe { pointers::layout(config.layout) }?;
        let title = if config.title.is_null() {
            ""
        } else {
            // SAFETY: as above.
            unsafe { pointers::text("title", config.title) }?
        };
        let stream = Stream::new(config.rate_hz, layout)?;
        let bit_depth = match config.bit_depth {
            0 => None,
            bits @ 8..=64 => u16::try_from(bits).ok(),
            bits => {
                let text = format_args!("bit_depth is {bits}, allowed is 0 or 8 to 64");
                return Err(fault(MIXCORE_ERROR_RANGE, text));
            }
        };
        let setup = MeasureSetup {
            title: title.to_owned(),
            start: Timecode { frame: 0, frame_rate: FrameRate::default() },
            dual_mono: flag("dual_mono", config.dual_mono)?,
            edition: Edition::default(),
            roles: Vec::new(),
            frames: config.max_frames,
            bit_depth,
        };
        let state = if sample_type == 0 {
            let (measurer, planar) = typed(setup, stream)?;
            State::F32(measurer, planar)
        } else {
            let (measurer, planar) = typed(setup, stream)?;
            State::F64(measurer, planar)
        };
        // SAFETY: as above.
        unsafe { put("verify", verify, Handle::leak(state).cast()) }
    })
}

/// Free it; NULL is fine. [not on the audio thread]
///
/// # Safety
/// C: verify is NULL or a live handle, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_free(verify: *mut mixcore_verify) {
    // SAFETY: the caller's promise above.
    unsafe { free(inner(verify).cast_mut()) }
}

/// A sample type, and where its measurer is.
trait Measured: Sample {
    fn of(state: &mut State) -> Result<(&mut Measurer<Self>, &mut Buffer<Self>), Fault>;
}

impl Measured for f32 {
    fn of(state: &mut State) -> Result<(&mut Measurer<Self>, &mut Buffer<Self>), Fault> {
        match state {
            State::F32(measurer, planar) => Ok((measurer, planar)),
            State::F64(..) => Err(wrong_type("double")),
            _ => Err(late()),
        }
    }
}

impl Measured for f64 {
    fn of(state: &mut State) -> Result<(&mut Measurer<Self>, &mut Buffer<Self>), Fault> {
        match state {
            State::F64(measurer, planar) => Ok((measurer, planar)),
            State::F32(..) => Err(wrong_type("float")),
            _ => Err(late()),
        }
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn push<S: Measured>(
    verify: *mut mixcore_verify,
    channels: *const *const S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(verify), |state| {
            let (measurer, planar) = S::of(state)?;
            let expected = planar.channel_count();
            let list = pointers::inputs(channels, n_channels, expected, n_frames)?;
            check_room(measurer, n_frames)?;
            Ok(measurer.push(Block::new(&list[..n_channels])?, core::iter::empty())?)
        })
    }
}

/// # Safety
/// As the functions of C below.
unsafe fn push_interleaved<S: Measured>(
    verify: *mut mixcore_verify,
    samples: *const S,
    n_channels: usize,
    n_frames: usize,
) -> i32 {
    // SAFETY: passed on.
    unsafe {
        enter(inner(verify), |state| {
            let (measurer, planar) = S::of(state)?;
            let expected = planar.channel_count();
            let samples = pointers::interleaved(samples, n_channels, expected, n_frames)?;
            check_room(measurer, n_frames)?;
            each_piece(samples, planar, |block| measurer.push(block, core::iter::empty()))
        })
    }
}

/// Measure the next block of float samples, one pointer per channel. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; channels points to n_channels pointers to n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_push_f32(
    verify: *mut mixcore_verify,
    channels: *const *const f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push(verify, channels, n_channels, n_frames) }
}

/// Measure the next block of interleaved float samples. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; samples points to n_channels times n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_push_interleaved_f32(
    verify: *mut mixcore_verify,
    samples: *const f32,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push_interleaved(verify, samples, n_channels, n_frames) }
}

/// Measure the next block of double samples, one pointer per channel. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; channels points to n_channels pointers to n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_push_f64(
    verify: *mut mixcore_verify,
    channels: *const *const f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push(verify, channels, n_channels, n_frames) }
}

/// Measure the next block of interleaved double samples. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; samples points to n_channels times n_frames samples.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_push_interleaved_f64(
    verify: *mut mixcore_verify,
    samples: *const f64,
    n_channels: usize,
    n_frames: usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe { push_interleaved(verify, samples, n_channels, n_frames) }
}

/// End the programme: from here on it can be read and judged. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_finish(verify: *mut mixcore_verify) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(verify), |state| {
            let found = match std::mem::replace(state, State::Empty) {
                State::F32(measurer, _) => measurer.finish()?,
                State::F64(measurer, _) => measurer.finish()?,
                finished => {
                    *state = finished;
                    return Err(late());
                }
            };
            *state = State::Finished(Box::new(found), None);
            Ok(())
        })
    }
}

/// A reading of the finished programme by the name of its quantity, as mixcore_meter_get.
/// [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; quantity is zero-terminated; value may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_get(
    verify: *const mixcore_verify,
    quantity: *const c_char,
    value: *mut f64,
    reason: *mut i32,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(verify), |state| {
            let State::Finished(found, _) = state else { return Err(early()) };
            let quantity = Quantity::from_key(pointers::text("quantity", quantity)?)?;
            put_reading(found.get(quantity), value, reason)
        })
    }
}

/// Judge the finished programme; write MIXCORE_VERDICT_* to *verdict.
///
/// spec is the id of a preset ("ebu-r128"), or a specification of your own as JSON text. May be
/// called again with others. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; spec is zero-terminated; verdict may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_judge(
    verify: *mut mixcore_verify,
    spec: *const c_char,
    verdict: *mut i32,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(verify), |state| {
            let State::Finished(found, judged) = state else { return Err(early()) };
            let text = pointers::text("spec", spec)?;
            if verdict.is_null() {
                return Err(null("verdict"));
            }
            let chosen = if text.trim_start().starts_with('{') {
                Spec::from_json(text)
                    .map_err(|problems| fault(MIXCORE_ERROR_TEXT, format_args!("{problems}")))?
            } else {
                self::spec(text)?
            };
            let report = self::verify(&chosen, found);
            let code = match report.verdict() {
                Verdict::Pass => MIXCORE_VERDICT_PASS,
                Verdict::Warn => MIXCORE_VERDICT_WARN,
                Verdict::NotEvaluated => MIXCORE_VERDICT_NOT_EVALUATED,
                Verdict::Fail => MIXCORE_VERDICT_FAIL,
            };
            *judged = Some(Box::new((chosen, report)));
            put("verdict", verdict, code)
        })
    }
}

/// Copies a text with its closing zero; says how many bytes that takes.
///
/// # Safety
/// `buffer` is NULL or has room for `capacity` bytes; `needed` is NULL or may be written to.
unsafe fn put_text(
    text: &str,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Fault> {
    let bytes = text.len() + 1;
    // SAFETY: passed on.
    unsafe { put("needed", needed, bytes) }?;
    if buffer.is_null() {
        return Ok(());
    }
    if capacity < bytes {
        return Err(fault(
            MIXCORE_ERROR_BUFFER,
            format_args!("capacity is {capacity}, the text with its closing zero takes {bytes}"),
        ));
    }
    // SAFETY: the buffer has room for `bytes`, by the caller's promise and the check above.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, text.len());
        *buffer.add(text.len()) = 0;
    }
    Ok(())
}

/// The report of the last verdict as text, in one of MIXCORE_FORM_*.
///
/// The bytes that it takes, with its closing zero, go to *needed; with a buffer of that capacity the
/// text is copied. buffer may be NULL, to ask for the size. [not on the audio thread]
///
/// # Safety
/// C: verify is a live handle; buffer is NULL or has room for capacity bytes; needed may be written
/// to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_report(
    verify: *const mixcore_verify,
    form: i32,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> mixcore_status {
    // SAFETY: the caller's promise above.
    unsafe {
        enter(inner(verify), |state| {
            let State::Finished(found, judged) = state else { return Err(early()) };
            let Some(judged) = judged else {
                let text = format_args!("call mixcore_verify_judge before this");
                return Err(fault(MIXCORE_ERROR_STATE, text));
            };
            let form = choice("form", form, &["TEXT", "JSON", "HTML", "CSV", "JUNIT"])?;
            put_text(&written(found, judged, form), buffer, capacity, needed)
        })
    }
}

fn written(found: &Measurement, judged: &(Spec, Report), form: usize) -> String {
    let (spec, report) = judged;
    if form == 1 {
        return report.to_json();
    }
    let title = if found.header().title.is_empty() { "Programme" } else { &found.header().title };
    let columns = [Column::new(title, found, report)];
    let groups = [Group { title: &spec.name, note: "", columns: &columns }];
    let document = Document { title, intro: "", groups: &groups };
    let mut out = String::new();
    // A String takes everything.
    let _ = match form {
        2 => html(&mut out, &document),
        3 => csv(&mut out, &document),
        4 => junit(&mut out, &document),
        _ => text(&mut out, &document),
    };
    out
}

/// The ids of all specification presets, one a line; sizes as in mixcore_verify_report.
/// [not on the audio thread]
///
/// # Safety
/// C: buffer is NULL or has room for capacity bytes; needed may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mixcore_verify_specs(
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> mixcore_status {
    guarded(|| {
        let ids: Vec<String> = specs().into_iter().map(|spec| spec.id).collect();
        // SAFETY: the caller's promise above.
        unsafe { put_text(&ids.join("\n"), buffer, capacity, needed) }
    })
}
