//! Opaque handles: one call at a time, behind a panic guard.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::status::{
    Fault, MIXCORE_ERROR_BUSY, MIXCORE_ERROR_NULL, MIXCORE_ERROR_PANIC, MIXCORE_OK, fault,
};

const FREE: u8 = 0;
const BUSY: u8 = 1;
/// A call has panicked inside: the state may be torn and is not touched again.
const POISONED: u8 = 2;

/// What a handle points to.
pub(crate) struct Handle<T> {
    call: AtomicU8,
    state: UnsafeCell<T>,
}

impl<T: Send> Handle<T> {
    /// A handle on the heap, for the caller to own. C may use it from any thread, one at a time.
    pub(crate) fn leak(state: T) -> *mut Self {
        Box::into_raw(Box::new(Self { call: AtomicU8::new(FREE), state: UnsafeCell::new(state) }))
    }
}

/// Runs a call without a handle.
pub(crate) fn guarded(call: impl FnOnce() -> Result<(), Fault>) -> i32 {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => MIXCORE_OK,
        Ok(Err(fault)) => fault.status(),
        Err(panic) => panicked(&*panic).status(),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Fault {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    fault(
        MIXCORE_ERROR_PANIC,
        format_args!("a fault of the library, please report it: {}", text.unwrap_or("no text")),
    )
}

/// Runs a call on a handle; only one at a time gets in.
///
/// # Safety
/// `handle` is NULL or comes from [`Handle::leak`] and has not been freed.
pub(crate) unsafe fn enter<T>(
    handle: *const Handle<T>,
    call: impl FnOnce(&mut T) -> Result<(), Fault>,
) -> i32 {
    // SAFETY: the caller gives NULL or a live handle. Only a shared reference is made of it, so two
    // threads may both be here.
    let Some(handle) = (unsafe { handle.as_ref() }) else {
        return fault(MIXCORE_ERROR_NULL, format_args!("the handle is NULL")).status();
    };
    if let Err(now) = handle.call.compare_exchange(FREE, BUSY, Ordering::Acquire, Ordering::Relaxed)
    {
        return refused(now).status();
    }
    // SAFETY: the exchange above lets one call in until it stores FREE again, so this is the only
    // reference to the state. The tests below enter from two threads and from inside a call.
    let state = unsafe { &mut *handle.state.get() };
    let (status, next) = match catch_unwind(AssertUnwindSafe(|| call(state))) {
        Ok(Ok(())) => (MIXCORE_OK, FREE),
        Ok(Err(fault)) => (fault.status(), FREE),
        Err(panic) => (panicked(&*panic).status(), POISONED),
    };
    handle.call.store(next, Ordering::Release);
    status
}

fn refused(now: u8) -> Fault {
    if now == POISONED {
        return fault(
            MIXCORE_ERROR_PANIC,
            format_args!(
                "an earlier call on this handle failed inside: free it and make a new one"
            ),
        );
    }
    fault(
        MIXCORE_ERROR_BUSY,
        format_args!("another thread is using this handle: give every thread a handle of its own"),
    )
}

/// Frees a handle; NULL is fine. One that is in use is left alone, which is a leak and no crash.
///
/// # Safety
/// `handle` is NULL or comes from [`Handle::leak`] and has not been freed.
pub(crate) unsafe fn free<T>(handle: *mut Handle<T>) {
    // SAFETY: as in `enter`.
    let Some(shared) = (unsafe { handle.as_ref() }) else { return };
    if shared.call.swap(BUSY, Ordering::Acquire) == BUSY {
        let _ = refused(BUSY);
        return;
    }
    // SAFETY: it comes from `Box::into_raw`, nobody is inside, and the caller gives it up.
    let owned = unsafe { Box::from_raw(handle) };
    let _ = guarded(move || {
        drop(owned);
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn last_error() -> String {
        // SAFETY: the text is zero-terminated and lives as long as this thread.
        unsafe { CStr::from_ptr(crate::mixcore_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_is_a_status_and_poisons_the_handle() {
        let handle = Handle::leak(0_u32);
        // SAFETY: a live handle, freed once.
        unsafe {
            assert_eq!(enter(handle, |_| panic!("inside")), MIXCORE_ERROR_PANIC);
            assert!(last_error().contains("inside"));
            assert_eq!(enter(handle, |_| Ok(())), MIXCORE_ERROR_PANIC);
            assert!(last_error().contains("make a new one"));
            free(handle);
        }
    }

    #[test]
    fn a_second_thread_is_refused_while_the_first_is_inside() {
        let handle = Handle::leak(0_u32);
        let address = handle as usize;
        // SAFETY: a live handle, freed once, after both threads have left it.
        unsafe {
            let status = enter(handle, |_| {
                let other = std::thread::spawn(move || {
                    let handle = address as *const Handle<u32>;
                    (enter(handle, |_| Ok(())), last_error())
                });
                let (status, text) = other.join().unwrap();
                assert_eq!(status, MIXCORE_ERROR_BUSY);
                assert!(text.contains("another thread"));
                Ok(())
            });
            assert_eq!(status, MIXCORE_OK);
            free(handle);
        }
    }

    #[test]
    fn a_second_call_is_refused_while_the_first_is_inside() {
        let handle = Handle::leak(0_u32);
        // SAFETY: a live handle, freed once it is free; the inner free finds it in use.
        unsafe {
            let status = enter(handle, |count| {
                *count += 1;
                assert_eq!(enter(handle, |_| Ok(())), MIXCORE_ERROR_BUSY);
                free(handle);
                Ok(())
            });
            assert_eq!(status, MIXCORE_OK);
            assert_eq!(
                enter(handle, |count| {
                    assert_eq!(*count, 1);
                    Ok(())
                }),
                MIXCORE_OK
            );
            free(handle);
            free::<u32>(std::ptr::null_mut());
            assert_eq!(enter::<u32>(std::ptr::null(), |_| Ok(())), MIXCORE_ERROR_NULL);
        }
    }
}
