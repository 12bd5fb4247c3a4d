//! What a suppressor knows of the steady noise: a floor in each band.

use crate::audio::Store;
use crate::kernels::settled;
use crate::math;
use crate::units::db_to_power;

/// Most bands of a suppressor: half of the highest rate, 384 kHz, holds 62.6 ERB.
pub(super) const MAX_BANDS: usize = 64;
/// Stretches of a learning time, of whose means the smallest counts: of the default 8 s each is 0.125 s,
/// a gap between two words.
pub(super) const STRETCHES: usize = 64;
/// Stretches that have to be over before there is a floor: by then, of the default, 1 s, which holds a gap.
const LEAST: u64 = 8;
/// Mean of the largest of 1, 2, 4 … 64 normal deviates, in standard deviations (D. Teichroew, "Tables of
/// expected values of order statistics", Ann. Math. Stat. 27, 1956; 32 and 64 by Blom's approximation).
const LARGEST: [f64; 7] = [0.0, 0.564, 1.029, 1.424, 1.766, 2.07, 2.34];
/// Fastest rise of a floor, dB/s: a line of 6 s without a pause in a band lifts it by no more than half of
/// the threshold.
const RISE_DB_PER_S: f64 = 1.0;

/// How a suppressor learns its floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoiseLearning {
    /// All the time, from the quietest stretch of the learning time in each band.
    #[default]
    Running,
    /// From everything that comes, a stray sample included: for a stretch where there is nothing but noise.
    /// Chosen again after another one it begins anew.
    Stretch,
    /// Not at all: the floor stays as it is.
    Held,
}

/// The floors of the bands.
#[derive(Debug)]
pub(super) struct NoiseFloor<'a> {
    /// Sums of the stretch at hand, floors, then the means of the last stretches, band by band.
    numbers: Store<'a, f64>,
    bands: usize,
    /// Hops of a stretch, and its largest rise as a power ratio.
    hops: u64,
    rise: f64,
    at: u64,
    /// Stretches that are over.
    over: u64,
    learning: NoiseLearning,
    /// Hops that were learnt from in a stretch of noise.
    heard: f64,
}

impl<'a> NoiseFloor<'a> {
    pub(super) fn required_len() -> usize {
        MAX_BANDS * (STRETCHES + 2)
    }

    /// Floors of so many bands, from stretches of so many hops, which last `time_s`.
    pub(super) fn new(numbers: Store<'a, f64>, bands: usize, hops: usize, time_s: f64) -> Self {
        Self {
            numbers,
            bands: bands.min(MAX_BANDS),
            hops: hops.max(1) as u64,
            rise: db_to_power(RISE_DB_PER_S * time_s),
            at: 0,
            over: 0,
            learning: NoiseLearning::default(),
            heard: 0.0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.numbers.fill(0.0);
        (self.at, self.over, self.heard) = (0, 0, 0.0);
    }

    pub(super) fn learning(&self) -> NoiseLearning {
        self.learning
    }

    /// Learns in another way from the next hop on; a new stretch of noise replaces what was known.
    pub(super) fn set_learning(&mut self, learning: NoiseLearning) {
        if learning != self.learning {
            self.learning = learning;
            self.heard = 0.0;
            (self.at, self.over) = (0, 0);
            let bands = MAX_BANDS;
            self.numbers.get_mut(..bands).unwrap_or_default().fill(0.0);
        }
    }

    /// Floors of the bands as powers; 0 where nothing is known.
    pub(super) fn floors(&self) -> &[f64] {
        self.numbers.get(MAX_BANDS..MAX_BANDS + self.bands).unwrap_or_default()
    }

    /// Takes the powers of a hop; `freedoms` are each band's degrees of freedom in a stretch.
    pub(super) fn push(&mut self, powers: &[f64], freedoms: &[f64]) {
        let Some((sums, rest)) = self.numbers.split_at_mut_checked(MAX_BANDS) else { return };
        let Some((floors, means)) = rest.split_at_mut_checked(MAX_BANDS) else { return };
        match self.learning {
            NoiseLearning::Held => {}
            NoiseLearning::Stretch => {
                self.heard += 1.0;
                for ((sum, floor), power) in sums.iter_mut().zip(floors).zip(powers) {
                    *sum += power;
                    *floor = *sum / self.heard;
                }
            }
            NoiseLearning::Running => {
                for (sum, power) in sums.iter_mut().zip(powers) {
                    *sum += power;
                }
                self.at += 1;
                if self.at < self.hops {
                    return;
                }
                #[expect(clippy::cast_precision_loss, reason = "some hundred hops")]
                let hops = self.at as f64;
                self.at = 0;
                let place = (self.over % STRETCHES as u64) as usize;
                self.over += 1;
                let count = usize::try_from(self.over).unwrap_or(STRETCHES).min(STRETCHES);
                let (largest, rise) = (largest_of(count), self.rise);
                let bands = sums.iter_mut().zip(floors).zip(freedoms).take(self.bands);
                for (((sum, floor), freedom), means) in
                    bands.zip(means.as_chunks_mut::<STRETCHES>().0)
                {
                    if let Some(slot) = means.get_mut(place) {
                        [*slot] = settled([core::mem::take(sum) / hops]);
                    }
                    if self.over >= LEAST {
                        let known = means.get(..count).unwrap_or_default();
                        let least = known.iter().copied().fold(f64::INFINITY, f64::min);
                        let found = least / smallest(largest, *freedom).max(1.0 / number(count));
                        *floor = if *floor > 0.0 { found.min(*floor * rise) } else { found };
                    }
                }
            }
        }
    }
}

/// What a mean of noise with so many degrees of freedom is, as a share of the noise's own mean, where it lies
/// `deviates` standard deviations below: the cube of a normal variable (E. B. Wilson and M. M. Hilferty,
/// "The distribution of chi-square", Proc. Nat. Acad. Sci. 17, 1931).
fn smallest(deviates: f64, freedom: f64) -> f64 {
    let variance = 2.0 / (9.0 * freedom.max(1.0));
    let root = (1.0 - variance - deviates * math::sqrt(variance)).max(0.0);
    root * root * root
}

fn number(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "1 to 64")]
    {
        count.max(1) as f64
    }
}

/// Mean of the largest of `count` normal deviates, straight between the powers of two.
fn largest_of(count: usize) -> f64 {
    let octaves = math::log2(number(count));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6")]
    let below = math::floor(octaves) as usize;
    let at = |index: usize| LARGEST.get(index).or(LARGEST.last()).copied().unwrap_or(0.0);
    at(below) + (at(below + 1) - at(below)) * (octaves - math::floor(octaves))
}
