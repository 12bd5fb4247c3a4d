//! C pointers as slices: the one place where counts, alignment and aliasing are checked.

use std::array;
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use mixcore::Layout;
use mixcore::audio::{MAX_CHANNELS, Sample};

use crate::status::{
    Fault, MIXCORE_ERROR_CHANNELS, MIXCORE_ERROR_FRAMES, MIXCORE_ERROR_NULL,
    MIXCORE_ERROR_POINTERS, MIXCORE_ERROR_RANGE, MIXCORE_ERROR_STRUCT_SIZE, MIXCORE_ERROR_TEXT,
    fault,
};

pub(crate) fn null(what: &str) -> Fault {
    fault(MIXCORE_ERROR_NULL, format_args!("{what} is NULL"))
}

/// An integer that must be one of `0..count`.
pub(crate) fn choice(what: &str, given: i32, names: &[&str]) -> Result<usize, Fault> {
    usize::try_from(given).ok().filter(|&index| index < names.len()).ok_or_else(|| {
        fault(
            MIXCORE_ERROR_RANGE,
            format_args!("{what} is {given}, allowed is 0 to {}: {names:?}", names.len() - 1),
        )
    })
}

/// A zero-terminated text.
///
/// # Safety
/// `text` is NULL or points to a zero-terminated text that lives for `'a`.
pub(crate) unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<&'a str, Fault> {
    if text.is_null() {
        return Err(null(what));
    }
    // SAFETY: not NULL, and the caller promises the closing zero.
    let bytes = unsafe { CStr::from_ptr(text) };
    bytes.to_str().map_err(|_| fault(MIXCORE_ERROR_TEXT, format_args!("{what} is not UTF-8")))
}

/// A layout by name.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn layout(name: *const c_char) -> Result<Layout, Fault> {
    // SAFETY: passed on.
    Ok(Layout::named(unsafe { text("layout", name) }?)?)
}

/// A config by its first member, `struct_size`.
///
/// # Safety
/// `config` is NULL or points to as many readable bytes as its first four say. `T` is made of
/// numbers and raw pointers only, so that any bytes are a value of it.
pub(crate) unsafe fn config<T: Copy>(config: *const T) -> Result<T, Fault> {
    if config.is_null() {
        return Err(null("config"));
    }
    // SAFETY: not NULL; the size is the first member. Read unaligned, as C may have cast anything.
    let given = unsafe { ptr::read_unaligned(config.cast::<u32>()) };
    if given as usize != size_of::<T>() {
        return Err(fault(
            MIXCORE_ERROR_STRUCT_SIZE,
            format_args!(
                "config.struct_size is {given}, this library expects {}: set it to sizeof of the struct, from the header of the same version",
                size_of::<T>()
            ),
        ));
    }
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: so many bytes are readable, and every bit pattern is a T.
    unsafe {
        ptr::copy_nonoverlapping(config.cast::<u8>(), value.as_mut_ptr().cast(), size_of::<T>());
        Ok(value.assume_init())
    }
}

fn check_counts<S>(channels: usize, expected: usize, frames: usize) -> Result<(), Fault> {
    if channels != expected {
        return Err(fault(
            MIXCORE_ERROR_CHANNELS,
            format_args!("n_channels is {channels}, the layout has {expected}"),
        ));
    }
    let bytes =
        frames.checked_mul(channels).and_then(|samples| samples.checked_mul(size_of::<S>()));
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(fault(
            MIXCORE_ERROR_FRAMES,
            format_args!(
                "n_frames is {frames}, more than memory can hold in {channels} channel(s)"
            ),
        ));
    }
    Ok(())
}

/// A run of samples as plain addresses.
fn check_run<S>(what: &str, start: *const S, frames: usize) -> Result<(), Fault> {
    if start.is_null() {
        return if frames == 0 { Ok(()) } else { Err(null(what)) };
    }
    if !start.is_aligned() || (start.addr()).checked_add(frames * size_of::<S>()).is_none() {
        return Err(fault(
            MIXCORE_ERROR_POINTERS,
            format_args!("{what} does not point to aligned samples"),
        ));
    }
    Ok(())
}

/// A list of channel pointers, checked one by one.
///
/// # Safety
/// `channels` is NULL or points to `count` pointers.
unsafe fn pointers<S>(
    what: &str,
    channels: *const *const S,
    count: usize,
    expected: usize,
    frames: usize,
) -> Result<[*const S; MAX_CHANNELS], Fault> {
    check_counts::<S>(count, expected, frames)?;
    let mut list = [ptr::null(); MAX_CHANNELS];
    if channels.is_null() {
        return if frames == 0 { Ok(list) } else { Err(null(what)) };
    }
    if !channels.is_aligned() {
        let text = format_args!("{what} is not an aligned list of pointers");
        return Err(fault(MIXCORE_ERROR_POINTERS, text));
    }
    // Layouts have at most 24 channels, so they fit.
    for (index, slot) in list[..count].iter_mut().enumerate() {
        // SAFETY: the list has `count` pointers.
        *slot = unsafe { *channels.add(index) };
        check_run("a channel", *slot, frames)?;
    }
    Ok(list)
}

/// Channels to read.
///
/// # Safety
/// `channels` is NULL or points to `count` pointers, each NULL or to `frames` samples that nobody
/// writes to during `'a`.
pub(crate) unsafe fn inputs<'a, S: Sample>(
    channels: *const *const S,
    count: usize,
    expected: usize,
    frames: usize,
) -> Result<[&'a [S]; MAX_CHANNELS], Fault> {
    // SAFETY: passed on.
    let list = unsafe { pointers("channels", channels, count, expected, frames) }?;
    Ok(array::from_fn(|index| {
        if index < count && frames > 0 {
            // SAFETY: not NULL, aligned, and `frames` samples long by the caller's promise; the
            // length in bytes fits isize.
            unsafe { slice::from_raw_parts(list[index], frames) }
        } else {
            &[]
        }
    }))
}

fn overlap<S>(a: *const S, b: *const S, frames: usize) -> bool {
    let bytes = frames * size_of::<S>();
    a.addr() < b.addr() + bytes && b.addr() < a.addr() + bytes
}

/// Channels to write, filled with the input first: `inputs` is NULL (the outputs hold the input
/// already) or a list of as many channels, each the output of the same index or apart from all.
///
/// # Safety
/// Both are NULL or point to `count` pointers, each NULL or to `frames` samples that nobody else
/// uses during `'a`.
pub(crate) unsafe fn outputs<'a, S: Sample>(
    from: *const *const S,
    to: *const *mut S,
    count: usize,
    expected: usize,
    frames: usize,
) -> Result<[&'a mut [S]; MAX_CHANNELS], Fault> {
    // SAFETY: passed on; a pointer to write through is one to read through.
    let targets = unsafe { pointers("outputs", to.cast::<*const S>(), count, expected, frames) }?;
    let sources = if from.is_null() {
        targets
    } else {
        // SAFETY: passed on.
        unsafe { pointers("inputs", from, count, expected, frames) }?
    };
    for (index, &target) in targets[..count].iter().enumerate() {
        let clash = targets[..index].iter().any(|&other| overlap(target, other, frames));
        let read = sources[..count].iter().enumerate().any(|(other, &source)| {
            overlap(target, source, frames) && !(other == index && source == target)
        });
        if frames > 0 && (clash || read) {
            return Err(fault(
                MIXCORE_ERROR_POINTERS,
                format_args!(
                    "output channel {index} overlaps another channel: inputs and outputs are the same pointers one by one, or apart"
                ),
            ));
        }
    }
    for (source, target) in sources[..count].iter().zip(&targets[..count]) {
        if frames > 0 && source != target {
            // SAFETY: both are `frames` samples long, and apart as was checked.
            unsafe { ptr::copy_nonoverlapping(*source, target.cast_mut(), frames) };
        }
    }
    Ok(array::from_fn(|index| {
        if index < count && frames > 0 {
            // SAFETY: not NULL, aligned, `frames` samples long, and apart from all others, as was
            // checked; nobody else uses them, by the caller's promise.
            unsafe { slice::from_raw_parts_mut(targets[index].cast_mut(), frames) }
        } else {
            &mut []
        }
    }))
}

/// Interleaved samples to read.
///
/// # Safety
/// `samples` is NULL or points to `count` times `frames` samples that nobody writes to during `'a`.
pub(crate) unsafe fn interleaved<'a, S: Sample>(
    samples: *const S,
    count: usize,
    expected: usize,
    frames: usize,
) -> Result<&'a [S], Fault> {
    check_counts::<S>(count, expected, frames)?;
    check_run("samples", samples, count * frames)?;
    if frames == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, aligned, and so long by the caller's promise; the length fits isize.
    Ok(unsafe { slice::from_raw_parts(samples, count * frames) })
}

/// Interleaved samples to read and write.
///
/// # Safety
/// As [`interleaved`], and nobody else uses them during `'a`.
pub(crate) unsafe fn interleaved_mut<'a, S: Sample>(
    samples: *mut S,
    count: usize,
    expected: usize,
    frames: usize,
) -> Result<&'a mut [S], Fault> {
    // SAFETY: passed on.
    let length = unsafe { interleaved(samples.cast_const(), count, expected, frames) }?.len();
    if length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: checked just now; the shared slice is gone.
    Ok(unsafe { slice::from_raw_parts_mut(samples, length) })
}

/// Writes one value through a pointer of the caller.
///
/// # Safety
/// `target` is NULL or may be written to.
pub(crate) unsafe fn put<T>(what: &str, target: *mut T, value: T) -> Result<(), Fault> {
    if target.is_null() {
        return Err(null(what));
    }
    // SAFETY: not NULL, writable; unaligned because C may have cast anything.
    unsafe { ptr::write_unaligned(target, value) };
    Ok(())
}
