//! Brings versions to their specifications: one gain each, a limiter, and a new measurement after
//! every change, because limiting lowers the loudness and a fold-down moves everything.
//!
//! ```text
//! gain ← gain + (aim − measured)      until |aim − measured| ≤ 0.05 LU
//! ceiling = true-peak limit − 0.3 dB   (inside for every meter: their readings differ by less)
//! ```
//! The map from gain to loudness is monotone and at most as steep as 1, so the step never passes
//! the aim from below; with a limiter at work it comes nearer by a shrinking share.
//!
//! A pass is never bought by flattening: where the limiter would have to take off more than
//! [`Caps::max_limiting_db`], the gain goes down until the cap holds. A version that is then below
//! its aim stays there, and the solution says which two demands conflict.
//!
//! Cost: a render and a measurement per pass of the versions that do not stand yet; one or two
//! passes without limiting.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Measurement, Quantity, Spec};
use crate::error::Error;

/// What the solver may move in one version.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Controls {
    /// Gain over the whole version, before its limiter, dB.
    pub gain_db: f64,
    /// Ceiling of its limiter, dBTP.
    pub ceiling_dbtp: f64,
}

/// What one version gave with its controls.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Everything that was read from it.
    pub measurement: Measurement,
    /// Most that its limiter took off anywhere, dB.
    pub max_limiting_db: f64,
}

/// Something that renders and measures versions: the session, or a test's model of one.
pub trait Plant {
    /// Renders and measures every version that has controls; the others stand already and are left
    /// out. Gives one entry per version.
    ///
    /// # Errors
    /// Whatever the plant runs into; the solver passes it on.
    fn run(&mut self, controls: &[Option<Controls>]) -> Result<Vec<Option<Outcome>>, Error>;
}

/// How far the solver may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Caps {
    /// Most limiting anywhere, dB. More is heard as flattening: house rule.
    pub max_limiting_db: f64,
    /// Most gain upwards, dB; lowering has no cap.
    pub max_gain_db: f64,
    /// Most renders.
    pub max_passes: usize,
}

impl Default for Caps {
    /// 6 dB of limiting (house rule), 24 dB of gain (the top of a version's fader), 12 renders.
    fn default() -> Self {
        Self { max_limiting_db: 6.0, max_gain_db: 24.0, max_passes: 12 }
    }
}

/// The error in loudness at which a version stands at its aim: half of the last digit that counts
/// (loudness is compared after rounding to 0.1).
pub const AIM_TOLERANCE_LU: f64 = 0.05;

/// One render of one version on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Pass {
    /// Gain of this render, dB.
    pub gain_db: f64,
    /// What was aimed at, if anything could be.
    pub aim: Option<(Quantity, f64)>,
    /// What it read, in the unit of the aim.
    pub read: Option<f64>,
    /// True peak, dBTP.
    pub true_peak_dbtp: Option<f64>,
    /// Most limiting, dB.
    pub limiting_db: f64,
}

/// Why the solver stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum End {
    /// The version stands at its aim.
    Held,
    /// The specification aims at nothing that could be measured: the gain stays as it was.
    NoAim,
    /// The limiter would have to take off more than the cap.
    LimitingCap {
        /// What the aim would need, dB.
        needed_db: f64,
        /// The cap, dB.
        cap_db: f64,
        /// How far below the aim it stays, LU.
        short_lu: f64,
    },
    /// The aim lies further away than the gain may go.
    GainCap {
        /// What the aim would need, dB.
        needed_db: f64,
        /// The cap, dB.
        cap_db: f64,
    },
    /// The passes ran out.
    NotReached {
        /// How far it stays from the aim, LU.
        short_lu: f64,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Held => f.write_str("at its aim"),
            Self::NoAim => {
                f.write_str("nothing to aim at: no target of this specification could be measured")
            }
            Self::LimitingCap { needed_db, cap_db, short_lu } => write!(
                f,
                "{short_lu:.1} LU below its aim: the aim and the true-peak limit conflict, together they take about {needed_db:.1} dB of limiting, the cap is {cap_db:.1} dB. Tame the peaks in the mix, or raise the cap knowingly"
            ),
            Self::GainCap { needed_db, cap_db } => write!(
                f,
                "the aim needs {needed_db:+.1} dB of gain, the cap is {cap_db:.1} dB: check the levels of the stems"
            ),
            Self::NotReached { short_lu } => {
                write!(f, "still {short_lu:.2} LU from the aim when the passes ran out")
            }
        }
    }
}

/// A version's answer, with the way there.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The controls of the last render.
    pub controls: Controls,
    /// What the last render gave.
    pub outcome: Outcome,
    /// Every render of this version.
    pub trace: Vec<Pass>,
    /// Why it stopped.
    pub end: End,
}

impl Solution {
    /// The trace as text, a line a render.
    #[must_use]
    pub fn trace_text(&self) -> String {
        use core::fmt::Write as _;
        let mut text = String::new();
        for (number, pass) in self.trace.iter().enumerate() {
            let _ = write!(text, "pass {}: gain {:+.2} dB", number + 1, pass.gain_db);
            if let (Some((quantity, aim)), Some(read)) = (pass.aim, pass.read) {
                let _ = write!(text, ", {quantity} {read:.2} (aim {aim:.1})");
            }
            if let Some(peak) = pass.true_peak_dbtp {
                let _ = write!(text, ", true peak {peak:.2} dBTP");
            }
            let _ = writeln!(text, ", limiting {:.1} dB", pass.limiting_db);
        }
        text
    }
}

/// One version on its way; it stands when there is an `end`.
struct Search {
    controls: Controls,
    trace: Vec<Pass>,
    outcome: Option<Outcome>,
    /// What the aim would need of the limiter, once it asked for more than the cap.
    needed_db: Option<f64>,
    end: Option<End>,
}

/// Ceiling for a specification that states no true-peak limit: full scale less the same margin.
const OPEN_CEILING_DBTP: f64 = -Spec::TRUE_PEAK_MARGIN_DB;

/// Brings every version to its specification, all that do not stand yet in each render.
///
/// # Errors
/// What the plant returns, or a plant that leaves out a version it was asked for.
pub fn solve(plant: &mut dyn Plant, specs: &[&Spec], caps: Caps) -> Result<Vec<Solution>, Error> {
    let mut searches: Vec<Search> = specs.iter().map(|spec| Search::new(spec)).collect();
    let passes = caps.max_passes.max(1);
    for pass in 1..=passes {
        let controls: Vec<Option<Controls>> =
            searches.iter().map(|search| search.end.is_none().then_some(search.controls)).collect();
        if controls.iter().all(Option::is_none) {
            break;
        }
        let outcomes = plant.run(&controls)?;
        let given = outcomes.len();
        let forgotten = Error::FrameCount {
            what: "the plant's list of versions",
            given,
            expected: specs.len(),
        };
        if given != specs.len() {
            return Err(forgotten);
        }
        for ((search, outcome), spec) in searches.iter_mut().zip(outcomes).zip(specs) {
            if search.end.is_none() {
                search.step(outcome.ok_or(forgotten)?, spec, &caps, pass == passes);
            }
        }
    }
    Ok(searches.into_iter().filter_map(Search::solution).collect())
}

impl Search {
    fn new(spec: &Spec) -> Self {
        let ceiling_dbtp = spec.true_peak_aim_dbtp().unwrap_or(OPEN_CEILING_DBTP);
        Self {
            controls: Controls { gain_db: 0.0, ceiling_dbtp },
            trace: Vec::new(),
            outcome: None,
            needed_db: None,
            end: None,
        }
    }

    /// Records a render, then ends or moves the gain.
    fn step(&mut self, outcome: Outcome, spec: &Spec, caps: &Caps, last: bool) {
        let measurement = &outcome.measurement;
        let target = spec.target_for(measurement);
        let read = target.as_ref().and_then(|target| target.read(measurement).value());
        let aim = target.map(|target| (target.quantity, target.aim));
        let limiting = outcome.max_limiting_db;
        self.trace.push(Pass {
            gain_db: self.controls.gain_db,
            aim,
            read,
            true_peak_dbtp: measurement.get(Quantity::TruePeakDbtp).value(),
            limiting_db: limiting,
        });
        self.outcome = Some(outcome);
        self.end = match (aim, read) {
            (Some((_, aim)), Some(read)) => self.move_gain(aim - read, limiting, caps, last),
            _ => Some(End::NoAim),
        };
    }

    /// Moves the gain by what is missing (LU, negative: too loud), or says why not.
    fn move_gain(&mut self, missing: f64, limiting: f64, caps: &Caps, last: bool) -> Option<End> {
        let over = limiting - caps.max_limiting_db;
        let too_much = over > CAP_TOLERANCE_DB;
        if too_much && missing >= 0.0 {
            self.needed_db = Some(limiting + missing);
        }
        if !too_much && missing.abs() <= AIM_TOLERANCE_LU {
            return Some(End::Held);
        }
        let at_the_cap = over >= -CAP_TOLERANCE_DB;
        if missing > 0.0 && at_the_cap && (last || !too_much) {
            return Some(End::LimitingCap {
                needed_db: self.needed_db.unwrap_or(limiting + missing),
                cap_db: caps.max_limiting_db,
                short_lu: missing,
            });
        }
        if last {
            return Some(End::NotReached { short_lu: missing });
        }
        // A limiter at work follows the gain decibel by decibel: never beyond the cap.
        let change = if limiting > 0.0 { missing.min(-over) } else { missing };
        let wanted = self.controls.gain_db + change;
        if wanted > caps.max_gain_db {
            return Some(End::GainCap { needed_db: wanted, cap_db: caps.max_gain_db });
        }
        self.controls.gain_db = wanted;
        None
    }

    fn solution(self) -> Option<Solution> {
        Some(Solution {
            controls: self.controls,
            outcome: self.outcome?,
            trace: self.trace,
            end: self.end?,
        })
    }
}

/// Limiting beyond the cap by less than this is at the cap: a tenth of the smallest step that is
/// printed.
const CAP_TOLERANCE_DB: f64 = 0.01;
