//! One thing to time, and the interleaved best-of-N that the table is made of.

use std::hint::black_box;
use std::time::Instant;

/// A repeatable piece of work.
pub type Run = Box<dyn FnMut()>;

/// What DESIGN section 10 asks for.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Times faster than the rival: must, stretch.
    Ratio(f64, f64),
    /// Never slower than naive code.
    NotSlower,
    /// No goal of its own: the figure explains another one.
    None,
}

/// A goal in time, where a rival is quoted and not run.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Nanoseconds per unit at most.
    pub must_ns: f64,
    /// Nanoseconds per unit that would be better still.
    pub stretch_ns: f64,
    /// The rival and its figure.
    pub quoted: &'static str,
}

/// The same work by another.
pub struct Rival {
    /// Its name.
    pub name: &'static str,
    /// The work.
    pub run: Run,
    /// A part of `run` that does not belong to the question, timed apart and taken off. Only the
    /// table does that; criterion shows `run` whole.
    pub less: Option<Run>,
    /// What is asked of us.
    pub goal: Goal,
}

impl Rival {
    /// A rival that does the work and nothing else.
    pub fn new(name: &'static str, run: impl FnMut() + 'static, goal: Goal) -> Self {
        Self { name, run: Box::new(run), less: None, goal }
    }
}

/// One thing done by mixcore and, where there are any to run, by rivals.
pub struct Case {
    /// What is done, on what.
    pub name: String,
    /// Units of work in a run.
    pub units: u64,
    /// What a unit is: "sample" is a sample of one channel, "frame" a sample of all of them.
    pub unit: &'static str,
    /// The work by mixcore.
    pub ours: Run,
    /// The same work by each rival.
    pub rivals: Vec<Rival>,
    /// A goal in time.
    pub limit: Option<Limit>,
}

/// Best times of a case, nanoseconds per unit.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Ours.
    pub ours_ns: f64,
    /// The rivals', in their order, without the part that is taken off.
    pub rivals_ns: Vec<f64>,
}

/// A sample shorter than this is lost in the clock and the scheduler.
const LEAST_SAMPLE_NS: f64 = 200_000.0;

/// Best of `rounds` samples of every side, taken in turn, so that all see the same machine.
#[must_use]
pub fn best(case: &mut Case, rounds: usize) -> Seen {
    let mut sides: Vec<&mut Run> = vec![&mut case.ours];
    let mut less: Vec<bool> = Vec::new();
    for rival in &mut case.rivals {
        sides.push(&mut rival.run);
        less.push(rival.less.is_some());
        sides.extend(rival.less.as_mut());
    }
    let repeats: Vec<u32> = sides
        .iter_mut()
        .map(|run| {
            let mut warm = sample_ns(run, 1).max(1.0);
            if warm < LEAST_SAMPLE_NS {
                warm = warm.min(sample_ns(run, 1)).max(1.0);
            }
            (LEAST_SAMPLE_NS / warm).ceil().clamp(1.0, 1e6) as u32
        })
        .collect();
    let mut least = vec![f64::INFINITY; sides.len()];
    for _ in 0..rounds {
        for ((run, &repeats), least) in sides.iter_mut().zip(&repeats).zip(&mut least) {
            *least = least.min(sample_ns(run, repeats) / f64::from(repeats));
        }
    }
    let mut per_unit = least.iter().map(|ns| ns / case.units as f64);
    let mut next = || per_unit.next().unwrap_or(f64::NAN);
    let ours_ns = next();
    let rivals_ns = less.iter().map(|&less| next() - if less { next() } else { 0.0 }).collect();
    Seen { ours_ns, rivals_ns }
}

fn sample_ns(run: &mut Run, repeats: u32) -> f64 {
    clear_registers();
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(&mut *run)();
    }
    start.elapsed().as_nanos() as f64
}

/// Leaves the wide registers as scalar code expects them, by a kernel that ends in `vzeroupper`.
///
/// NOTE: rustc 1.95 compiles `kernels::round_into` for AVX2 without one (the conversion reads 256
/// bits from memory and names no 256-bit register). On an Intel Xeon, code with old SSE
/// instructions then ran 7 times slower until the next kernel; that would be the rival.
fn clear_registers() {
    black_box(mixcore::kernels::peak(mixcore::Isa::detect(), black_box(&[0.0_f32; 64])));
}
