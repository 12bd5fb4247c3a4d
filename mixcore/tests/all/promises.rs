//! Every processor joins every promise here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mixcore::audio::{Block, Sample};
use mixcore::{Layout, Stream};

use crate::conformance;

use crate::roster::each_processor;

/// A test of the surrounding module's processor in both sample types. With `alloc` and without `std` the
/// code is that of `std`, which only adds the detection of the level: there the golden hashes stand for it.
macro_rules! both {
    ($test:ident($($extra:expr)?)) => {
        #[cfg(any(feature = "std", not(feature = "alloc")))]
        #[test]
        fn $test() {
            crate::conformance::$test::<f32>(make::<f32> $(, $extra)?);
            crate::conformance::$test::<f64>(make::<f64> $(, $extra)?);
        }
    };
}

macro_rules! promises {
    ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
        mod $name {
            use crate::conformance::Unit;
            #[allow(
                unused_imports,
                reason = "not every processor needs all of the roster's names"
            )]
            use crate::roster::prelude::*;
            use mixcore::Error;
            use mixcore::audio::Sample;
            use mixcore::stream::Stream;

            pub fn make<S: Sample>(stream: Stream) -> Result<Unit<S>, Error> {
                ($make)(stream)
            }

            both!(any_block_split());
            both!(every_isa());
            both!(reset_is_new());
            both!(latency_is_exact());
            both!(faulty_samples($memory));
            both!(bad_blocks());
            both!(fields_are_honest());
            both!(frequencies_stay_below_nyquist());
        }
    };
}
each_processor!(promises);

/// Calls `$run!(name)` for each processor of the roster that its key moves, which it has a golden hash of
/// too: `name_keyed`.
macro_rules! each_keyed {
    ($run:ident) => {
        $run!(compressor);
        $run!(ducker);
        $run!(dynamic_eq);
        $run!(gate);
        $run!(low_mid_cut);
        $run!(masking_ducker);
        $run!(multiband);
        $run!(transient_shaper);
    };
}

#[test]
fn golden_hashes() {
    let mut found = BTreeMap::new();
    macro_rules! add {
        ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
            let output = crate::conformance::golden_output::<f32>($name::make::<f32>);
            found.insert(
                concat!(stringify!($name), "/f32").to_owned(),
                crate::golden::hash(&output),
            );
            let output = crate::conformance::golden_output::<f64>($name::make::<f64>);
            found.insert(
                concat!(stringify!($name), "/f64").to_owned(),
                crate::golden::hash(&output),
            );
        };
    }
    each_processor!(add);
    macro_rules! add_keyed {
        ($name:ident) => {
            let row = keyed_hash::<f32>($name::make::<f32>);
            found.insert(concat!(stringify!($name), "_keyed/f32").to_owned(), row);
            let row = keyed_hash::<f64>($name::make::<f64>);
            found.insert(concat!(stringify!($name), "_keyed/f64").to_owned(), row);
        };
    }
    each_keyed!(add_keyed);
    found.insert("meter/f32".to_owned(), crate::golden::hash(&[meter_readings::<f32>()]));
    found.insert("meter/f64".to_owned(), crate::golden::hash(&[meter_readings::<f64>()]));
    crate::golden::check(&found);
}

/// The hash of what a key makes of the programme: something else than without one.
fn keyed_hash<S: Sample>(make: conformance::Make<S>) -> String {
    let [hash, without] = [true, false]
        .map(|with_key| crate::golden::hash(&conformance::keyed_output::<S>(make, with_key)));
    assert_ne!(hash, without, "its key does not move it");
    hash
}

/// What a meter reads of 4 s of the programme in 5.1; NaN where it has no value.
fn meter_readings<S: Sample>() -> Vec<f64> {
    let stream = Stream::new(conformance::RATE_HZ, Layout::SURROUND_5_1).unwrap();
    let mut meter = crate::roster::prelude::meter::<S>(stream).unwrap();
    let audio = conformance::programme::<S>(6, 4 * 48_000);
    meter.push(Block::new(&audio).unwrap()).unwrap();
    let readings = meter.measurement();
    [
        readings.integrated_lufs,
        readings.momentary_max_lufs,
        readings.short_term_max_lufs,
        readings.loudness_range_lu,
        readings.true_peak_dbtp,
        readings.sample_peak_dbfs,
    ]
    .map(|reading| reading.value().unwrap_or(f64::NAN))
    .to_vec()
}

/// Type names after `impl … Process<…> for` or `Convert<…> for` in the sources.
fn implementations(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            implementations(&path, found);
        } else {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim_start();
                let name = |tail: &str| tail.chars().take_while(|c| c.is_alphanumeric()).collect();
                // A macro that writes the implementation for the type it is called with.
                if let Some(tail) = line.strip_prefix("band_processor!(") {
                    found.push(name(tail));
                }
                let Some((head, tail)) = line.split_once(" for ") else { continue };
                if line.starts_with("impl")
                    && !tail.starts_with('$')
                    && (head.ends_with("Process<S>") || head.ends_with("Convert<S>"))
                {
                    found.push(name(tail));
                }
            }
        }
    }
}

#[test]
fn no_processor_is_missing_from_the_roster() {
    let mut found = Vec::new();
    implementations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let mut listed = Vec::new();
    macro_rules! add {
        ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
            listed.push(stringify!($type));
        };
    }
    each_processor!(add);
    for name in &found {
        assert!(listed.contains(&name.as_str()), "{name} is not in tests/all/roster.rs");
    }
    assert!(found.len() >= 40 && found.iter().all(|name| !name.is_empty()), "{found:?}");
}

#[test]
fn every_processor_has_an_entry_in_the_proof_that_nothing_panics() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries = String::new();
    for file in fs::read_dir(root.join("tests/bare/no_panic/src")).unwrap() {
        entries += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let mut found = Vec::new();
    implementations(&root.join("src"), &mut found);
    for name in found {
        for sample in ["f32", "f64"] {
            let entry = entries.lines().any(|line| {
                let (head, tail) = line.split_once('(').unwrap_or_default();
                let kind = head.ends_with(&format!("_process_{sample}"))
                    || head.ends_with(&format!("_convert_{sample}"));
                let of_type = tail.split_once("&mut ").is_some_and(|(_, of)| {
                    of.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['<', ',']))
                });
                kind && of_type
            });
            assert!(entry, "{name} ({sample}) has no entry in tests/bare/no_panic");
        }
    }
}
