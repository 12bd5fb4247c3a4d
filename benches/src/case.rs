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
    /// Nanoseconds per unit at most: must, stretch; the rival is quoted, not run.
    Nanoseconds(f64, f64, &'static str),
    /// Never slower than naive code.
    NotSlower,
    /// No goal of its own: the figure explains another one.
    None,
}

/// One thing done by mixcore and, where there is one to run, by a rival.
pub struct Case {
    /// What is done, on what.
    pub name: String,
    /// Name of the rival that is run.
    pub rival_name: &'static str,
    /// Units of work in a run.
    pub units: u64,
    /// What a unit is: "sample" is a sample of one channel, "frame" a sample of all of them.
    pub unit: &'static str,
    /// The work by mixcore.
    pub ours: Run,
    /// A part of `ours` that does not belong to the question, timed apart and taken off. Only the
    /// table does that; criterion shows `ours` whole.
    pub less: Option<Run>,
    /// The same work by the rival.
    pub rival: Option<Run>,
    /// What is asked for.
    pub goal: Goal,
}

/// Best times of a case, nanoseconds per unit.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Ours, without the part that is taken off.
    pub ours_ns: f64,
    /// The rival's.
    pub rival_ns: Option<f64>,
}

impl Seen {
    /// How many times faster than the rival.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.rival_ns.map(|rival| rival / self.ours_ns)
    }
}

/// A sample shorter than this is lost in the clock and the scheduler.
const LEAST_SAMPLE_NS: f64 = 200_000.0;

/// Best of `rounds` samples of every side, taken in turn, so that all see the same machine.
#[must_use]
pub fn best(case: &mut Case, rounds: usize) -> Seen {
    let mut sides: Vec<&mut Run> = vec![&mut case.ours];
    let less = case.less.as_mut().map(|run| {
        sides.push(run);
        sides.len() - 1
    });
    let rival = case.rival.as_mut().map(|run| {
        sides.push(run);
        sides.len() - 1
    });
    let repeats: Vec<u32> = sides
        .iter_mut()
        .map(|run| {
            let warm = sample_ns(run, 1).min(sample_ns(run, 1)).max(1.0);
            (LEAST_SAMPLE_NS / warm).ceil().clamp(1.0, 1e6) as u32
        })
        .collect();
    let mut least = vec![f64::INFINITY; sides.len()];
    for _ in 0..rounds {
        for ((run, &repeats), least) in sides.iter_mut().zip(&repeats).zip(&mut least) {
            *least = least.min(sample_ns(run, repeats) / f64::from(repeats));
        }
    }
    let per_unit = |index: usize| least[index] / case.units as f64;
    Seen { ours_ns: per_unit(0) - less.map_or(0.0, per_unit), rival_ns: rival.map(per_unit) }
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
