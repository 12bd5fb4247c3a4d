//! Statuses, the text of the last error, and the version.

use std::cell::RefCell;
use std::ffi::c_char;
use std::fmt::{self, Write};

use mixcore::Error;

/// Result of a call: MIXCORE_OK or one of MIXCORE_ERROR_*.
pub type mixcore_status = i32;

/// The call did what it was asked to do.
pub const MIXCORE_OK: i32 = 0;
/// A pointer that is needed is NULL.
pub const MIXCORE_ERROR_NULL: i32 = 1;
/// The struct_size of a config is none that this library knows.
pub const MIXCORE_ERROR_STRUCT_SIZE: i32 = 2;
/// A number is outside its range, not finite, or none of the named constants.
pub const MIXCORE_ERROR_RANGE: i32 = 3;
/// A name (layout, quantity, specification) that does not exist.
pub const MIXCORE_ERROR_NAME: i32 = 4;
/// Another number of channels than the layout has.
pub const MIXCORE_ERROR_CHANNELS: i32 = 5;
/// More frames than memory can hold or than were announced.
pub const MIXCORE_ERROR_FRAMES: i32 = 6;
/// Channel pointers that are not aligned or that overlap each other.
pub const MIXCORE_ERROR_POINTERS: i32 = 7;
/// The handle was made for the other sample type.
pub const MIXCORE_ERROR_SAMPLE_TYPE: i32 = 8;
/// A meter has recorded as much as it was made for.
pub const MIXCORE_ERROR_FULL: i32 = 9;
/// A text that is not UTF-8, or JSON with faults.
pub const MIXCORE_ERROR_TEXT: i32 = 10;
/// A call that does not fit the state: push after finish, report before judge.
pub const MIXCORE_ERROR_STATE: i32 = 11;
/// Another thread is inside a call on this handle.
pub const MIXCORE_ERROR_BUSY: i32 = 12;
/// The caller's buffer is too small; the size that is needed was written.
pub const MIXCORE_ERROR_BUFFER: i32 = 13;
/// A fault of the library itself; the handle answers nothing but this from now on.
pub const MIXCORE_ERROR_PANIC: i32 = 14;

/// Changes whenever a program that was built with an older header would misbehave.
pub const MIXCORE_ABI_VERSION: u32 = 1;

/// Longest error text, with its closing zero.
const TEXT_BYTES: usize = 1024;

/// The last error of a thread, as zero-terminated text; writing it never allocates.
struct LastError {
    status: i32,
    bytes: [u8; TEXT_BYTES],
    len: usize,
}

impl Write for LastError {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut take = text.len().min(TEXT_BYTES - 1 - self.len);
        while !text.is_char_boundary(take) {
            take -= 1;
        }
        self.bytes[self.len..self.len + take].copy_from_slice(&text.as_bytes()[..take]);
        self.len += take;
        self.bytes[self.len] = 0;
        Ok(())
    }
}

thread_local! {
    static LAST_ERROR: RefCell<LastError> =
        const { RefCell::new(LastError { status: MIXCORE_OK, bytes: [0; TEXT_BYTES], len: 0 }) };
}

/// A failed call whose text is already kept.
#[derive(Debug)]
pub(crate) struct Fault(i32);

impl Fault {
    pub(crate) fn status(&self) -> i32 {
        self.0
    }
}

/// Keeps the text of a failed call.
pub(crate) fn fault(status: i32, text: fmt::Arguments<'_>) -> Fault {
    LAST_ERROR.with_borrow_mut(|last| {
        last.status = status;
        last.len = 0;
        // Never fails: what does not fit is cut off.
        let _ = last.write_fmt(text);
    });
    Fault(status)
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::OutOfRange { .. }
            | Error::ItemOutOfRange { .. }
            | Error::Misplaced { .. }
            | Error::NotAllowed { .. } => MIXCORE_ERROR_RANGE,
            Error::UnknownName { .. } => MIXCORE_ERROR_NAME,
            Error::ChannelCount { .. } | Error::BlockChannels { .. } => MIXCORE_ERROR_CHANNELS,
            Error::FrameCount { .. } => MIXCORE_ERROR_FRAMES,
            Error::HistoryFull { .. } => MIXCORE_ERROR_FULL,
            _ => MIXCORE_ERROR_STATE,
        };
        fault(status, format_args!("{error}"))
    }
}

/// Text of the last call that failed in this thread; empty before the first.
///
/// The text lives until the next call of this thread fails. [any thread]
#[unsafe(no_mangle)]
pub extern "C" fn mixcore_last_error() -> *const c_char {
    LAST_ERROR.with_borrow(|last| last.bytes.as_ptr().cast())
}

/// Status of the last call that failed in this thread, to which the text of mixcore_last_error()
/// belongs; MIXCORE_OK before the first. [any thread]
#[unsafe(no_mangle)]
pub extern "C" fn mixcore_last_status() -> mixcore_status {
    LAST_ERROR.with_borrow(|last| last.status)
}

/// What a status means, as a constant text. [any thread]
#[unsafe(no_mangle)]
pub extern "C" fn mixcore_status_string(status: mixcore_status) -> *const c_char {
    let text = match status {
        MIXCORE_OK => c"ok",
        MIXCORE_ERROR_NULL => c"a needed pointer is NULL",
        MIXCORE_ERROR_STRUCT_SIZE => c"unknown struct_size",
        MIXCORE_ERROR_RANGE => c"a number is outside its range",
        MIXCORE_ERROR_NAME => c"unknown name",
        MIXCORE_ERROR_CHANNELS => c"wrong number of channels",
        MIXCORE_ERROR_FRAMES => c"wrong number of frames",
        MIXCORE_ERROR_POINTERS => c"channel pointers are not aligned or overlap",
        MIXCORE_ERROR_SAMPLE_TYPE => c"the handle is for the other sample type",
        MIXCORE_ERROR_FULL => c"the meter is full",
        MIXCORE_ERROR_TEXT => c"faulty text",
        MIXCORE_ERROR_STATE => c"the call does not fit the state",
        MIXCORE_ERROR_BUSY => c"another thread is using the handle",
        MIXCORE_ERROR_BUFFER => c"the buffer is too small",
        MIXCORE_ERROR_PANIC => c"a fault of the library",
        _ => c"unknown status",
    };
    text.as_ptr()
}

/// Version of the library, such as "0.1.0". [any thread]
#[unsafe(no_mangle)]
pub extern "C" fn mixcore_version_string() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// MIXCORE_ABI_VERSION of the library: compare it with the header's. [any thread]
#[unsafe(no_mangle)]
pub extern "C" fn mixcore_abi_version() -> u32 {
    MIXCORE_ABI_VERSION
}
