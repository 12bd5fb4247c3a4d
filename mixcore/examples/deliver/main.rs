//! The main job: stems in, verified deliveries out.
//!
//! `cargo run --release --example deliver` takes the cue that ships with the project;
//! `-- --help` says how to give it stems of your own.
//!
//! Leaves with 0 when every delivered version passes DELIVERY, 1 when one fails, 2 for bad input.

#![allow(missing_docs, reason = "an example, not a library")]
#![allow(unreachable_pub, reason = "a binary has no outside")]

mod arguments;
mod files;
mod job;
mod screen;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match job::run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("deliver: {message}");
            ExitCode::from(2)
        }
    }
}
