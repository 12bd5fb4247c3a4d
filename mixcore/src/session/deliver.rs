//! The whole way: balance the stems, bring every version to its specification, judge what came out.
//!
//! ```text
//! session → measure → balance (few, capped stem moves) → solve gains and limiters → measurements
//! ```
//! Nothing here opens a file: the caller renders once more to write what was solved, and judges
//! the bytes that it wrote.

use alloc::string::String;
use alloc::vec::Vec;

use super::balance::{Balance, BalanceCaps, balance};
use super::compile::compile;
use super::plant::SessionPlant;
use super::session::{Place, Session, Source, Strip, Version};
use super::{Renderer, Sources, Window};
use crate::audio::{Layout, Sample};
use crate::delivery::{Caps, Measurement, Profile, Role, Solution, Spec, Stem, solve};
use crate::dynamics::LimiterParams;
use crate::error::Problems;
use crate::units::{FrameRate, gain_to_db};

/// Frames of a block inside [`deliver`] and [`measure`].
const BLOCK_FRAMES: usize = 4096;

/// A stem as the caller has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StemSource {
    /// Its name in the session.
    pub id: String,
    /// What it is in the mix.
    pub role: Role,
    /// Where its audio is found, and its channels.
    pub source: Source,
}

/// The session of an edit: every stem [`Place::Direct`] at unity, no limiter.
#[must_use]
pub fn edit_session(
    stems: &[StemSource],
    rate_hz: f64,
    frames: u64,
    versions: &[Version],
) -> Session {
    session(stems, rate_hz, frames, versions, |_| (Place::Direct, 0.0))
}

/// The session that a mix starts from: the edit's levels, each stem at its place, a true-peak
/// limiter at the end of each version.
///
/// Dialogue stands in the centre, ambience in the surrounds, music and effects in front. A mono
/// dialogue is raised by 3.01 dB, which gives back what the constant-power centre takes from the
/// edit's "unity to both sides".
#[must_use]
pub fn mix_session(
    stems: &[StemSource],
    rate_hz: f64,
    frames: u64,
    versions: &[Version],
) -> Session {
    let mut session = session(stems, rate_hz, frames, versions, |stem| {
        let mono = stem.source.layout == Layout::MONO;
        match stem.role.stem() {
            Stem::Dialogue if mono => (Place::Front, gain_to_db(crate::math::sqrt(2.0))),
            _ if stem.role == Role::Amb && stem.source.layout.channel_count() <= 2 => {
                (Place::Surround, 0.0)
            }
            _ => (Place::Front, 0.0),
        }
    });
    for version in &mut session.versions {
        version.limiter = version.limiter.or(Some(LimiterParams::default()));
    }
    session
}

fn session(
    stems: &[StemSource],
    rate_hz: f64,
    frames: u64,
    versions: &[Version],
    place: impl Fn(&StemSource) -> (Place, f64),
) -> Session {
    let strip = |stem: &StemSource| {
        let (place, gain_db) = place(stem);
        Strip {
            id: stem.id.clone(),
            role: stem.role,
            source: stem.source,
            gain_db,
            invert: Vec::new(),
            place,
        }
    };
    Session {
        rate_hz,
        frame_rate: FrameRate::default(),
        start_timecode_frame: 0,
        programme: Window { start_frame: 0, frames },
        strips: stems.iter().map(strip).collect(),
        versions: versions.to_vec(),
    }
}

/// Called with the frames done and the frames of the render at hand.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Renders a session once and measures every version.
///
/// # Errors
/// Every problem of the session, or what the sources return.
pub fn measure<S: Sample>(
    session: &Session,
    sources: &mut dyn Sources<S>,
    progress: Progress<'_>,
) -> Result<Vec<Measurement>, Problems> {
    let mut renderer: Renderer<S> = compile(session, BLOCK_FRAMES)?;
    let plant = SessionPlant::new(session, &mut renderer, sources);
    let measured = plant.and_then(|plant| plant.with_progress(progress).measure());
    measured.map_err(|error| Problems::of_error("sources", error))
}

/// Validates the whole session, then renders and measures its first version alone.
fn measure_first<S: Sample>(
    session: &Session,
    sources: &mut dyn Sources<S>,
    progress: Progress<'_>,
) -> Result<Measurement, Problems> {
    let mut renderer: Renderer<S> = compile(session, BLOCK_FRAMES)?;
    let plant = SessionPlant::new(session, &mut renderer, sources);
    let first = plant.and_then(|plant| plant.with_progress(progress).measure_one(0));
    first.map_err(|error| Problems::of_error("sources", error))
}

/// What [`deliver`] found.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The session with its stem moves, version gains and ceilings: render it to get the versions.
    pub session: Session,
    /// The session's first version before any move.
    pub before: Measurement,
    /// The stem moves and what they cannot reach.
    pub balance: Balance,
    /// How each version was brought to its specification.
    pub solutions: Vec<Solution>,
}

/// Balances a mix by its first version and brings every version to its specification.
///
/// `specs` has one entry per version of the session, in the same order.
///
/// # Errors
/// Every problem of the session, a list of specifications that does not fit, or what the sources
/// return.
pub fn deliver<S: Sample>(
    session: &Session,
    sources: &mut dyn Sources<S>,
    specs: &[&Spec],
    profile: &Profile,
    progress: Progress<'_>,
) -> Result<Delivery, Problems> {
    if specs.len() != session.versions.len() {
        let mut problems = Problems::new();
        let given = alloc::format!("{} specification(s)", specs.len());
        let allowed = alloc::format!("{}, one per version", session.versions.len());
        problems.push("specs", &given, &allowed, "");
        return Err(problems);
    }
    let before = measure_first(session, sources, &mut *progress)?;
    let balance = balance(session, &before, profile, BalanceCaps::default());
    let mut session = session.clone();
    balance.apply(&mut session);
    let mut renderer: Renderer<S> = compile(&session, BLOCK_FRAMES)?;
    let solved = SessionPlant::new(&session, &mut renderer, sources)
        .and_then(|plant| solve(&mut plant.with_progress(progress), specs, Caps::default()));
    let solutions = solved.map_err(|error| Problems::of_error("sources", error))?;
    for (version, solution) in session.versions.iter_mut().zip(&solutions) {
        version.gain_db = solution.controls.gain_db;
        if let Some(limiter) = &mut version.limiter {
            limiter.ceiling_dbtp = solution.controls.ceiling_dbtp;
        }
    }
    Ok(Delivery { session, before, balance, solutions })
}
