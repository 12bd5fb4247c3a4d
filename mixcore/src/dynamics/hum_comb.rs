//! Takes mains hum out of a recording: a comb of narrow notches that follows the mains.
//!
//! Each harmonic h of the mains frequency f is modelled by a rotating number w_h, and what the model
//! does not explain of the input x pulls it on, with s_h = e^(2πi·h·f/rate):
//!
//! > hum = Σ_h Re w_h, e = x − hum, w_h ← (w_h + μ·e)·s_h, y = x − amount·hum
//!
//! That is an adaptive canceller with sinusoidal references; for a fixed f it is linear, with
//!
//! > Y/X = 1/(1 + L), L = Σ_h μ·(cos φ_h·z⁻¹ − z⁻²)/(1 − 2 cos φ_h·z⁻¹ + z⁻²), φ_h = 2π·h·f/rate
//!
//! a zero at each harmonic, and a width between the −3 dB points of μ·rate/2π = `width_hz` (to 1 % up
//! to 1 Hz; at 10 Hz neighbours 50 Hz away take 5 % of it, and the last of 40 notches is 22 % wider). What is not
//! hum passes: 20 notches of 1 Hz take 20 Hz of the spectrum. A model settles with the time constant
//! τ = 1/(π·width).
//!
//! **Voice.** A model must not take the harmonics of a voice for hum. An amplitude that walks at random
//! and is seen in noise of the power R is best followed with a gain that goes with R^(−1/2) (the steady
//! state of a Kalman filter), and one that stands still, after the time t, with one that goes with 1/t (their
//! mean). So μ is weighted by the share ρ,
//!
//! > ρ = max(√(R_0/R), 1/(1 + t/4τ), 1/32), R the power of e above 4 kHz (four poles), of all channels
//!
//! where hum has next to nothing and speech does; R_0 is R where that is at rest: it falls at once, rises
//! by 3 dB/s, and lies neither below −85 dBFS nor below what the modelled hum would bring there if none of
//! it went. ρ is known at the end of a cell of 10 ms, which runs with that of the cell before it; what it
//! pulled is then made as large as it should have been. In steady noise ρ is 1, and the response is that
//! above.
//!
//! **Drift.** Where the mains stands δ beside f, w_h turns by h·δ. Every 10 ms the turns against the
//! model, weighted by their amplitudes (least squares, all channels together), give δ, and f moves by
//! δ·10 ms/(4τ): with the model's lag τ this loop is critically damped. Only harmonics with h·drift up
//! to a quarter of f take part, whose turns cannot be taken for those of a neighbour; f stays within
//! `drift_hz` of the nominal.
//!
//! Sources: B. Widrow et al., "Adaptive noise cancelling: principles and applications", Proc. IEEE
//! 63(12), 1975, and J. R. Glover, "Adaptive noise canceling applied to sinusoidal interferences", IEEE
//! Trans. ASSP 25(6), 1977 (the canceller as a notch); response and loop are derived above.
//! Cost: per harmonic four products and four sums a sample, four harmonics side by side.
//! Latency: none; the dry part is the input itself. Limits: a voice that stays on a harmonic of the mains
//! for longer than τ is taken for hum; a sample beyond +20 dBFS pulls the models as one at +20 dBFS. It has no
//! gain, so no gain reduction, no curve of one and no statistics: see [`HumComb`] for what it has instead.

use super::cells::{Cells, DialogueStorage};
use super::gain_trace::Rows;
use super::hum_comb_params::{HumCombParams, HumCombSetup, MAX_HUM_HARMONICS};
use super::hum_models::{GROUPS, Group, LANES, count, follow, leak_of, part_of, put};
use super::taken::Taken;
use super::tool::{OnCells, chosen, fields_of, grid, in_pieces, listen};
use super::voice_mean::bounded;
use crate::audio::{BlockMut, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{self, settled};
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::{db_to_power, gain_to_db};

/// Hum below this power (−100 dBFS) says nothing about the mains frequency.
const AUDIBLE: f64 = 1e-10;
/// Corner above which a voice is listened for: two octaves above the 20th harmonic of 50 Hz, whose hum
/// comes out 49 dB down.
const VOICE_HZ: f64 = 4000.0;
/// One-poles at that corner, one after the other: 12.3 dB each at two octaves below, the 49 dB above.
const POLES: usize = 4;
/// Rise of what is at rest there, dB/s: speech of 10 s without a pause keeps its models from being pulled.
const RISE_DB_PER_S: f64 = 3.0;
/// −85 dBFS as a power: what is weaker above the corner is no voice that could pull a model.
const AT_REST: f64 = 3e-9;
/// Least share that is kept, so that no model stands still.
const LEAST_SHARE: f64 = 1.0 / 32.0;

/// A comb of notches that follows the mains and takes its hum out of every channel.
///
/// It has no gain, so no gain reduction: what it takes out is heard with [`HumComb::set_listen`], stands
/// harmonic by harmonic in [`HumComb::harmonic_dbfs`] and as a whole in [`HumComb::removed_dbfs`]; its static
/// curve is [`HumComb::response_db`].
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// None.
///
/// # Real time
/// `process`, `set_params`, `set_listen` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{HumComb, HumCombParams, HumCombSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream, math};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut comb = HumComb::new(HumCombSetup::default(), HumCombParams::default(), stream)?;
/// // 4 s of hum at 100.2 Hz, -40 dBFS: the mains runs 0.1 Hz fast.
/// let hum = |n: i32| 0.01 * math::sin(2.0 * math::PI * 100.2 * f64::from(n) / 48_000.0);
/// let mut audio: Vec<f64> = (0..480_000).map(hum).collect();
/// comb.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert!((comb.mains_hz() - 50.1).abs() < 0.005);
/// assert!((comb.harmonic_dbfs(0, 2)? + 40.0).abs() < 0.1);
/// assert!(audio[400_000..].iter().all(|y| y.abs() < 1e-4)); // 40 dB down and more
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct HumComb<'a> {
    stream: Stream,
    setup: HumCombSetup,
    params: HumCombParams,
    /// For each channel: its groups, then the same as they were one cell ago.
    numbers: Store<'a, f64>,
    steps: [Group; GROUPS],
    /// Each channel's poles at the corner above which a voice is listened for.
    highs: PerChannel<[f64; POLES]>,
    /// What a harmonic brings there, as a power ratio.
    leaks: [f64; MAX_HUM_HARMONICS],
    /// Each channel's energy of the cell at hand above it, so that every split adds up in one order; and
    /// the power that is at rest.
    voices: PerChannel<f64>,
    rest: f64,
    /// ρ of the cell at hand.
    share: f64,
    /// Of the one-poles at that corner.
    pole: f64,
    mu: f64,
    mains_hz: f64,
    taken: Taken,
    cells: Cells,
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl HumComb<'static> {
    /// A comb with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(setup: HumCombSetup, params: HumCombParams, stream: Stream) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        Self::build(setup, params, stream, Store::owned(need.numbers, 0.0))
    }
}

impl<'a> HumComb<'a> {
    /// The memory that [`HumComb::new_in`] needs: no samples.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: HumCombSetup, stream: Stream) -> Result<DialogueStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let numbers = stream.channel_count() * setup.groups() * 4 * LANES;
        Ok(DialogueStorage { samples: 0, numbers })
    }

    /// A comb in lent memory of at least [`HumComb::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: HumCombSetup,
        params: HumCombParams,
        stream: Stream,
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        let numbers = Store::lent("hum comb number", numbers, need.numbers, 0.0)?;
        Self::build(setup, params, stream, numbers)
    }

    fn build(
        setup: HumCombSetup,
        params: HumCombParams,
        stream: Stream,
        numbers: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let mut comb = Self {
            stream,
            setup,
            params,
            numbers,
            steps: [[0.0; 2 * LANES]; GROUPS],
            highs: PerChannel::new(stream.channel_count())?,
            voices: PerChannel::new(stream.channel_count())?,
            rest: f64::INFINITY,
            share: 1.0,
            pole: 1.0 - math::exp(-2.0 * math::PI * VOICE_HZ / stream.rate_hz),
            leaks: [0.0; MAX_HUM_HARMONICS],
            mu: 0.0,
            mains_hz: setup.mains_hz,
            taken: Taken::new(params.amount_percent, stream.rate_hz),
            cells: Cells::new(stream.frames_of_ms(10.0)),
            now: 0,
            faults: 0,
        };
        let pole = comb.pole;
        for (leak, harmonic) in comb.leaks.iter_mut().zip(1..) {
            *leak =
                leak_of(pole, 2.0 * math::PI * setup.mains_hz * count(harmonic) / stream.rate_hz);
        }
        comb.design();
        Ok(comb)
    }

    /// μ and the steps of the models.
    fn design(&mut self) {
        self.mu = 2.0 * math::PI * self.params.width_hz / self.stream.rate_hz;
        let turn = 2.0 * math::PI * self.mains_hz / self.stream.rate_hz;
        let mut harmonic = 0;
        for group in &mut self.steps {
            let (cosines, sines) = group.split_at_mut(LANES);
            for (cosine, sine) in cosines.iter_mut().zip(sines) {
                harmonic += 1;
                if harmonic <= self.setup.harmonics {
                    let angle = turn * count(harmonic);
                    (*cosine, *sine) = (math::cos(angle), math::sin(angle));
                }
            }
        }
    }

    chosen!(HumCombSetup, HumCombParams);

    /// Takes other parameters from the next frame on; the amount moves over 20 ms.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: HumCombParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.taken.set_amount(params.amount_percent, self.now);
        self.design();
        Ok(())
    }

    listen!();

    /// The mains frequency as it is followed.
    #[must_use]
    pub fn mains_hz(&self) -> f64 {
        self.mains_hz
    }

    /// Level of a harmonic (1 is the fundamental) in a channel, dBFS (a sine of full scale is 0 dB);
    /// -inf where nothing was found.
    ///
    /// # Errors
    /// A channel or harmonic that this comb does not have.
    pub fn harmonic_dbfs(&self, channel: usize, harmonic: usize) -> Result<f64, Error> {
        let expected = self.stream.channel_count();
        if channel >= expected {
            let given = channel.saturating_add(1);
            return Err(Error::ChannelCount { what: "list of channels", given, expected });
        }
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        let (given, most) = (harmonic as f64, self.setup.harmonics as f64);
        Error::check_range("harmonic", given, 1.0, most)?;
        let (group, lane) = ((harmonic - 1) / LANES, (harmonic - 1) % LANES);
        let groups = self.numbers.as_chunks::<{ 2 * LANES }>().0;
        let group = groups.get(channel * 2 * self.setup.groups() + group);
        let at = |index: usize| group.and_then(|g| g.get(index)).copied().unwrap_or(0.0);
        Ok(gain_to_db(math::hypot(at(lane), at(lane + LANES))))
    }

    /// Mean level of what was taken out of all channels since the last reset, dBFS of the mean square;
    /// -inf where it was nothing.
    #[must_use]
    pub fn removed_dbfs(&self) -> f64 {
        self.taken.level_dbfs(self.now)
    }

    /// Gain at `hz` for the mains as it is followed, at the whole amount, dB; -inf at a harmonic.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let angle = 2.0 * math::PI * hz / self.stream.rate_hz;
        // z⁻¹ and z⁻².
        let (c1, s1) = (math::cos(angle), -math::sin(angle));
        let (c2, s2) = (math::cos(2.0 * angle), -math::sin(2.0 * angle));
        let (mut re, mut im) = (1.0, 0.0);
        let turn = 2.0 * math::PI * self.mains_hz / self.stream.rate_hz;
        for harmonic in 1..=self.setup.harmonics {
            let c = math::cos(turn * count(harmonic));
            let (a, b) = (self.mu * (c * c1 - c2), self.mu * (c * s1 - s2));
            let (u, v) = (1.0 - 2.0 * c * c1 + c2, s2 - 2.0 * c * s1);
            let square = u * u + v * v;
            if square == 0.0 {
                return f64::NEG_INFINITY;
            }
            re += (a * u + b * v) / square;
            im += (b * u - a * v) / square;
        }
        0.0 - gain_to_db(math::hypot(re, im))
    }

    /// Power that all of the modelled hum would have above the corner.
    fn leaking(&self) -> f64 {
        let groups = self.setup.groups().max(1);
        let mut power = 0.0;
        for channel in self.numbers.as_chunks::<{ 2 * LANES }>().0.chunks(2 * groups) {
            let leaks = self.leaks.as_chunks::<LANES>().0;
            for ([r0, r1, r2, r3, i0, i1, i2, i3], leaks) in channel.iter().take(groups).zip(leaks)
            {
                let pairs = [(r0, i0), (r1, i1), (r2, i2), (r3, i3)];
                for ((re, im), leak) in pairs.into_iter().zip(leaks) {
                    power += 0.5 * leak * (re * re + im * im);
                }
            }
        }
        power
    }

    /// ρ of the cell that is complete.
    fn next_share(&mut self, cell_s: f64) -> f64 {
        let least = AT_REST.max(self.leaking());
        let mut energy = 0.0;
        for voice in self.voices.iter_mut() {
            energy += core::mem::take(voice);
        }
        let power = (energy / self.cells.length()).max(least);
        self.rest = power.min(self.rest * db_to_power(RISE_DB_PER_S * cell_s)).max(least);
        for state in self.highs.iter_mut() {
            *state = settled(*state);
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let heard_s = self.now as f64 / self.stream.rate_hz;
        let standing = 1.0 / (1.0 + 0.25 * math::PI * self.params.width_hz * heard_s);
        math::sqrt(self.rest / power).max(standing).max(LEAST_SHARE)
    }

    /// A cell is complete: the mains frequency goes on, and models that nobody hears become 0.
    fn track(&mut self) {
        let cell_s = self.cells.length() / self.stream.rate_hz;
        let (drift, mains) = (self.params.drift_hz, self.setup.mains_hz);
        // Turns of these cannot be taken for those of a neighbour.
        let highest = if drift > 0.0 { 0.25 * mains / drift } else { 0.0 };
        let turn = 2.0 * math::PI * self.mains_hz * cell_s;
        // What the cell pulled becomes what it should have pulled.
        let ran_with = self.share;
        self.share = self.next_share(cell_s);
        let share = self.share / ran_with;
        let (mut numerator, mut denominator, mut power) = (0.0, 0.0, 0.0);
        let groups = self.setup.groups().max(1);
        for channel in self.numbers.as_chunks_mut::<{ 2 * LANES }>().0.chunks_mut(2 * groups) {
            let Some((now, before)) = channel.split_at_mut_checked(groups) else { continue };
            let mut harmonic = 0;
            for (now, before) in now.iter_mut().zip(before) {
                for lane in 0..LANES {
                    harmonic += 1;
                    let h = count(harmonic);
                    let (re, im) = (part_of(now, lane), part_of(now, lane + LANES));
                    let (old_re, old_im) = (part_of(before, lane), part_of(before, lane + LANES));
                    if (h > highest.max(1.0) || drift <= 0.0) && share == 1.0 {
                        continue;
                    }
                    // Where the model would stand if nothing had pulled it.
                    let (c, s) = (math::cos(turn * h), math::sin(turn * h));
                    let (p, q) = (old_re * c - old_im * s, old_re * s + old_im * c);
                    let (re, im) = (p + share * (re - p), q + share * (im - q));
                    put(now, lane, re);
                    put(now, lane + LANES, im);
                    if h <= highest.max(1.0) && drift > 0.0 {
                        numerator += h * (im * p - re * q);
                        denominator += h * h * math::hypot(re * p + im * q, im * p - re * q);
                        power += re * re + im * im;
                    }
                }
                *now = settled(*now);
                *before = *now;
            }
        }
        if power > AUDIBLE && denominator > 0.0 {
            let beside = numerator / denominator / (2.0 * math::PI * cell_s);
            let lag = 1.0 / (math::PI * self.params.width_hz);
            let moved = self.mains_hz + beside * cell_s / (4.0 * lag);
            self.mains_hz = moved.max(mains - drift).min(mains + drift);
            self.design();
        } else if (self.mains_hz - mains).abs() > drift {
            self.mains_hz = self.mains_hz.max(mains - drift).min(mains + drift);
            self.design();
        }
    }
}

impl Processor for HumComb<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    /// Until the models are below 1e-30, from the largest sample there is: they decay with τ each, and
    /// half as long again for their coupling.
    fn tail_frames(&self) -> usize {
        // ln(1e6/1e-30) = 83.
        let frames = 1.5 * 83.0 * self.stream.rate_hz / (math::PI * self.params.width_hz);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 200 s of 384 kHz"
        )]
        {
            self.cells.frames() + math::ceil(frames) as usize
        }
    }

    fn reset(&mut self) {
        self.numbers.fill(0.0);
        self.highs.fill([0.0; POLES]);
        self.voices.fill(0.0);
        (self.rest, self.share) = (f64::INFINITY, 1.0);
        self.mains_hz = self.setup.mains_hz;
        self.taken.reset();
        self.cells.reset();
        self.now = 0;
        self.faults = 0;
        self.design();
    }

    fields_of!(HumCombParams);

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> OnCells<S> for HumComb<'_> {
    grid!();

    fn piece(&mut self, mut part: BlockMut<'_, S>, _rows: &mut Rows<'_>) -> Result<(), Error> {
        let frames = part.frames();
        let shares = self.taken.shares(self.now);
        let groups = self.setup.groups();
        let steps = self.steps.get(..groups).unwrap_or_default();
        let states = self.numbers.as_chunks_mut::<{ 2 * LANES }>().0;
        let pole = self.pole;
        let channels = part.channels_mut().zip(states.chunks_mut(2 * groups.max(1)));
        let ears = self.highs.iter_mut().zip(self.voices.iter_mut());
        for ((channel, states), (highs, voice)) in channels.zip(ears) {
            self.faults += kernels::clean_in_place(self.stream.isa, channel) as u64;
            let states = states.get_mut(..groups).unwrap_or_default();
            let mu = self.mu * self.share;
            self.taken.leave(&shares, channel, |sample| {
                let x = sample.as_f64();
                // No stray makes a model of hum: it would ring for some τ.
                let hum = follow(states, steps, bounded(x), mu);
                let mut high = x - hum;
                for low in highs.iter_mut() {
                    high -= *low;
                    *low += pole * high;
                }
                *voice += high * high;
                hum
            });
        }
        self.now += frames as u64;
        if self.cells.pass(frames) {
            self.track();
        }
        Ok(())
    }
}

impl<S: Sample> Process<S> for HumComb<'_> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        in_pieces(self, io, None)
    }
}
