//! No processor allocates after construction: a counting allocator watches every call.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(unreachable_pub, dead_code, reason = "modules shared with the other test binary")]
#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]

use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::cell::Cell;

#[path = "all/conformance.rs"]
mod conformance;
#[path = "all/roster.rs"]
mod roster;
#[path = "all/signals.rs"]
mod signals;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.alloc(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.dealloc(pointer, memory) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, memory: Memory, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.realloc(pointer, memory, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocator calls of this thread during `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(vec![0_u8; 16]))) >= 2);
    assert_eq!(allocations(|| ()), 0);
}

macro_rules! quiet {
    ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
        mod $name {
            use crate::conformance::{self, Unit};
            #[allow(
                unused_imports,
                reason = "not every processor needs all of the roster's names"
            )]
            use crate::roster::prelude::*;
            use mixcore::Error;
            use mixcore::audio::Sample;
            use mixcore::stream::Stream;

            fn make<S: Sample>(stream: Stream) -> Result<Unit<S>, Error> {
                ($make)(stream)
            }

            #[test]
            fn never_allocates() {
                conformance::never_allocates::<f32>(make::<f32>, crate::allocations_of);
                conformance::never_allocates::<f64>(make::<f64>, crate::allocations_of);
            }
        }
    };
}
roster::each_processor!(quiet);

fn allocations_of(work: &mut dyn FnMut()) -> u64 {
    allocations(work)
}
