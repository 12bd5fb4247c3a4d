//! A second Rust library in the same program, with a standard library of its own.

/// Adds through a heap allocation and a formatted text, so that std is really in it.
#[unsafe(no_mangle)]
pub extern "C" fn neighbour_add(a: i32, b: i32) -> i32 {
    let text = format!("{} {}", a, b);
    text.split(' ').filter_map(|number| number.parse::<i32>().ok()).sum()
}
