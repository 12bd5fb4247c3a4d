//! The command line of the main job.

use std::path::PathBuf;

use clap::Parser;

/// Mixes stems, renders one version per specification, verifies each and writes the proof.
///
/// Without stems it takes the cue that ships with the project and shows three columns: the edit as
/// delivered, the edit normalised, and the mix.
#[derive(Parser, Debug)]
#[command(name = "deliver", version)]
pub struct Arguments {
    /// Dialogue stem (WAV or FLAC, up to 5.1)
    #[arg(long, value_name = "FILE", requires = "music")]
    pub dialogue: Option<PathBuf>,
    /// Music stem
    #[arg(long, value_name = "FILE", requires = "dialogue")]
    pub music: Option<PathBuf>,
    /// Ambience stem
    #[arg(long, value_name = "FILE", requires = "dialogue")]
    pub ambience: Option<PathBuf>,
    /// Effects stem
    #[arg(long, value_name = "FILE", requires = "dialogue")]
    pub effects: Option<PathBuf>,
    /// Specification to deliver to, once per version, with a layout of your own if you like:
    /// ebu-r128, netflix-nearfield, apple-podcasts:mono, … (an unknown one lists all)
    #[arg(long = "spec", value_name = "ID[:LAYOUT]")]
    pub specs: Vec<String>,
    /// Folder for the WAV files and the reports
    #[arg(long, value_name = "DIR", default_value = "target/deliver")]
    pub out: PathBuf,
}
