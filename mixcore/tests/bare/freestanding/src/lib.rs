//! Prints the golden hashes without a standard library: what `start.c` calls.
#![no_std]

use core::panic::PanicInfo;

unsafe extern "C" {
    /// Ends the program with a status of its own.
    safe fn stop(status: i32) -> !;
}

/// Writes the table byte by byte; 0 where nothing was refused.
#[unsafe(no_mangle)]
pub extern "C" fn golden_csv(put: extern "C" fn(u8)) -> i32 {
    let result = bare_golden::write_csv(&mut |bytes| bytes.iter().for_each(|&byte| put(byte)));
    i32::from(result.is_err())
}

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    stop(101)
}
