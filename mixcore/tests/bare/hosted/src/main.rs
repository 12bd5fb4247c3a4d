//! Prints the golden hashes with mixcore's default features.

use std::io::{self, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut table = Vec::new();
    bare_golden::write_csv(&mut |bytes| table.extend_from_slice(bytes))?;
    Ok(io::stdout().write_all(&table)?)
}
