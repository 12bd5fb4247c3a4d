//! A convolver for a caller's impulse response: rooms, cabinets, telephones, long linear-phase filters.
//!
//! > y\[n\] = Σ_k h\[k\]·x\[n − k\]
//!
//! by products of spectra over partitions of the response ([`super::partitions`]), with an optional
//! head that is convolved directly so that nothing waits. The spectra come from [`super::RealFft`], the
//! sums have one order, so every level and every block split gives the same bits.
//!
//! Error against a convolution in f64, root mean square of the difference over ‖h‖·rms(x): below 5e-7
//! for f32, 1e-14 for f64 (asserted for responses of one tap to 2 s).
//!
//! Cost (stereo, f32, AVX2): two or four transforms and, for a response of 1 s with partitions of 512,
//! 25 complex products a sample and channel. Every partition the first layer's transforms fall due, and
//! a share of the second's. Latency: one partition, or none. Limits: partitions of 64 to 16,384 frames
//! (1024 without latency); responses to 60 s, of one channel for all or one for each, fixed for life. A direct head costs as
//! many products a sample as the partition has frames: zero latency wants a short one.
//!
//! Sources: see [`super::partitions`].

use crate::audio::{Block, BlockMut, Sample, Store};
use crate::error::Error;
use crate::filters::partitions::{LAYERS, Plan};
use crate::filters::{DRY_PATH_FRAMES, DryPath, RealFft};
use crate::kernels::{self, SAMPLE_LIMIT};
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, params};

/// Shortest partition, frames.
pub const MIN_PARTITION_FRAMES: usize = 64;
/// Longest partition, frames.
pub const MAX_PARTITION_FRAMES: usize = 16_384;
/// Longest partition that is convolved directly, frames: a longer head would cost more than the latency
/// is worth, and its sums of f32 more than their error bound.
pub const MAX_HEAD_FRAMES: usize = 1024;
/// Longest response, s.
pub const MAX_RESPONSE_S: f64 = 60.0;

/// How long a convolver lets the signal wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ConvolverLatency {
    /// One partition: the cheapest.
    #[default]
    Partition,
    /// Not at all: the first partition of the response is convolved directly.
    Zero,
}

/// What is fixed for life, the response aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ConvolverSetup {
    /// Frames of the first partitions: a power of two from 64 to 16,384, or to 1024 without latency.
    pub partition_frames: usize,
    /// Latency.
    pub latency: ConvolverLatency,
}

impl Default for ConvolverSetup {
    fn default() -> Self {
        Self { partition_frames: 512, latency: ConvolverLatency::Partition }
    }
}

impl ConvolverSetup {
    /// Checks the partition.
    ///
    /// # Errors
    /// A partition that is no power of two from 64 to 16,384, or to 1024 without latency.
    pub fn validate(&self) -> Result<(), Error> {
        let most = match self.latency {
            ConvolverLatency::Partition => MAX_PARTITION_FRAMES,
            ConvolverLatency::Zero => MAX_HEAD_FRAMES,
        };
        #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
        let given = Error::check_range(
            "partition_frames",
            self.partition_frames as f64,
            MIN_PARTITION_FRAMES as f64,
            most as f64,
        )?;
        if self.partition_frames.is_power_of_two() {
            Ok(())
        } else {
            Err(Error::NotAllowed {
                field: "partition_frames",
                given,
                allowed: "64, 128, 256 … 16384",
                hint: "take a power of two",
            })
        }
    }

    fn plan(&self, response_frames: usize, stream: &Stream) -> Result<Plan, Error> {
        self.validate()?;
        stream.validate()?;
        let most = math::floor(MAX_RESPONSE_S * stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "only compared with a bound below 2^25")]
        Error::check_range("response_frames", response_frames as f64, 1.0, most)?;
        let zero = self.latency == ConvolverLatency::Zero;
        Ok(Plan::new(self.partition_frames, zero, response_frames))
    }
}

params! {
    /// What may move.
    pub struct ConvolverParams {
        /// Share of the convolved signal; the rest is the input in step with it. 0 % is the input, bit for bit.
        mix_percent: "%", 0.0 => 100.0, 100.0, Linear, smoothed;
    }
}

/// Memory that [`Convolver::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvolverStorage {
    /// Samples: spectra, windows, tables, dry path.
    pub samples: usize,
    /// Control values: the dry path's shares.
    pub control: usize,
}

/// A convolver with a fixed impulse response of up to 60 s, and a mix with the latency-matched input.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// The partition (512 frames by default), or none with [`ConvolverLatency::Zero`].
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{Convolver, ConvolverParams, ConvolverSetup};
/// use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream, stream};
/// // The sound itself, and an echo of half its level three frames later.
/// let response = [1.0_f64, 0.0, 0.0, 0.5];
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let (setup, params) = (ConvolverSetup::default(), ConvolverParams::default());
/// let mut room = Convolver::new(setup, params, Block::mono(&response), stream)?;
/// assert_eq!(room.latency_frames(), 512);
/// let (mut left, mut right) = ([0.0; 8], [0.0; 8]);
/// left[1] = 0.8;
/// stream::render(&mut room, BlockMut::stereo(&mut left, &mut right)?)?;
/// assert!((left[1] - 0.8).abs() < 1e-15 && (left[4] - 0.4).abs() < 1e-15);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Convolver<'a, S> {
    setup: ConvolverSetup,
    params: ConvolverParams,
    stream: Stream,
    plan: Plan,
    ffts: [Option<RealFft<'a, S>>; LAYERS],
    /// The responses' spectra, one after the other.
    responses: Store<'a, S>,
    /// The channels' states, then the work space.
    state: Store<'a, S>,
    dry: DryPath<'a, S>,
    response_channels: usize,
    /// Absolute frame of the next input.
    now: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Convolver<'static, S> {
    /// A convolver in memory of its own; `response` has one channel for all or one for each.
    ///
    /// # Errors
    /// As [`Convolver::new_in`], but for the memory.
    pub fn new(
        setup: ConvolverSetup,
        params: ConvolverParams,
        response: Block<'_, S>,
        stream: Stream,
    ) -> Result<Self, Error> {
        let memory = Memory::new(&setup, response.frames(), response.channel_count(), &stream)?;
        let mut ffts = [None, None];
        for (fft, length) in ffts.iter_mut().zip(memory.fft_lengths()) {
            *fft = length.map(|length| RealFft::new(length, stream.isa)).transpose()?;
        }
        let responses = Store::owned(memory.responses, S::zero());
        let state = Store::owned(memory.state, S::zero());
        let dry = DryPath::new(memory.plan.latency, params.mix_percent, stream)?;
        Self::over(setup, params, response, stream, (memory.plan, ffts, responses, state, dry))
    }
}

/// How the memory is divided.
struct Memory {
    plan: Plan,
    ffts: [usize; LAYERS],
    responses: usize,
    state: usize,
    dry: super::DryPathStorage,
}

impl Memory {
    fn new(
        setup: &ConvolverSetup,
        response_frames: usize,
        response_channels: usize,
        stream: &Stream,
    ) -> Result<Self, Error> {
        let (plan, channels) = (setup.plan(response_frames, stream)?, stream.channel_count());
        if response_channels != 1 && response_channels != channels {
            return Err(Error::ChannelCount {
                what: "impulse response",
                given: response_channels,
                expected: channels,
            });
        }
        let mut ffts = [0; LAYERS];
        for (len, layer) in ffts.iter_mut().zip(&plan.layers) {
            if layer.count > 0 {
                *len = RealFft::<f64>::required_len(2 * layer.partition)?;
            }
        }
        Ok(Self {
            ffts,
            responses: response_channels * plan.response_len(),
            state: channels * plan.channel_len() + plan.work_len(),
            dry: DryPath::<f64>::required_len(plan.latency, stream)?,
            plan,
        })
    }

    fn fft_lengths(&self) -> [Option<usize>; LAYERS] {
        self.plan.layers.map(|layer| (layer.count > 0).then_some(2 * layer.partition))
    }

    fn storage(&self) -> ConvolverStorage {
        let ffts: usize = self.ffts.iter().sum();
        ConvolverStorage {
            samples: ffts + self.responses + self.state + self.dry.samples,
            control: self.dry.control,
        }
    }
}

/// Plan, transforms, responses, state, dry path.
type Parts<'a, S> =
    (Plan, [Option<RealFft<'a, S>>; LAYERS], Store<'a, S>, Store<'a, S>, DryPath<'a, S>);

impl<'a, S: Sample> Convolver<'a, S> {
    /// The memory that [`Convolver::new_in`] needs for a response of so many frames and channels.
    ///
    /// # Errors
    /// A setup, response or rate outside its bounds.
    pub fn required_len(
        setup: &ConvolverSetup,
        response_frames: usize,
        response_channels: usize,
        stream: &Stream,
    ) -> Result<ConvolverStorage, Error> {
        Memory::new(setup, response_frames, response_channels, stream).map(|m| m.storage())
    }

    /// A convolver in lent memory of at least [`Convolver::required_len`]; `response` has one channel
    /// for all or one for each, and is copied.
    ///
    /// # Errors
    /// A partition that is no power of two from 64 to 16,384 (1024 without latency); a response that is empty, longer than 60
    /// s, not finite or beyond 1e6, or whose channels are neither one nor the stream's; a mix or a rate
    /// out of range, or too little memory.
    pub fn new_in(
        setup: ConvolverSetup,
        params: ConvolverParams,
        response: Block<'_, S>,
        stream: Stream,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let memory = Memory::new(&setup, response.frames(), response.channel_count(), &stream)?;
        let required = memory.storage().samples;
        let too_little =
            Error::Storage { what: "convolver sample", given: samples.len(), required };
        let mut rest = samples;
        let mut part = |len: usize| -> Result<&'a mut [S], Error> {
            rest.split_off_mut(..len).ok_or(too_little)
        };
        let mut ffts = [None, None];
        for (fft, (length, len)) in
            ffts.iter_mut().zip(memory.fft_lengths().into_iter().zip(memory.ffts))
        {
            if let Some(length) = length {
                *fft = Some(RealFft::new_in(length, stream.isa, part(len)?)?);
            }
        }
        let (what, zero) = ("convolver sample", S::zero());
        let responses = Store::lent(what, part(memory.responses)?, memory.responses, zero)?;
        let state = Store::lent(what, part(memory.state)?, memory.state, zero)?;
        let (plan, mix) = (memory.plan, params.mix_percent);
        let dry = DryPath::new_in(plan.latency, mix, stream, part(memory.dry.samples)?, control)?;
        Self::over(setup, params, response, stream, (plan, ffts, responses, state, dry))
    }

    fn over(
        setup: ConvolverSetup,
        params: ConvolverParams,
        response: Block<'_, S>,
        stream: Stream,
        (plan, ffts, responses, state, dry): Parts<'a, S>,
    ) -> Result<Self, Error> {
        params.validate()?;
        for &tap in response.channels().flatten() {
            Error::check_range("impulse_response", tap.as_f64(), -SAMPLE_LIMIT, SAMPLE_LIMIT)?;
        }
        let response_channels = response.channel_count();
        let mut convolver = Self {
            setup,
            params,
            stream,
            plan,
            ffts,
            responses,
            state,
            dry,
            response_channels,
            now: 0,
        };
        convolver.transform(response)?;
        Ok(convolver)
    }

    /// Fills the responses: the head from its last tap to its first, then the spectra of the layers.
    fn transform(&mut self, response: Block<'_, S>) -> Result<(), Error> {
        let plan = self.plan;
        let states = self.stream.channel_count() * plan.channel_len();
        let (_, work) = self.state.split_at_mut(states);
        let stores = self.responses.chunks_exact_mut(plan.response_len());
        for (taps, store) in response.channels().zip(stores) {
            let (head, mut rest) = store.split_at_mut(plan.head);
            for (to, from) in head.iter_mut().zip(taps[..plan.head].iter().rev()) {
                *to = *from;
            }
            for (layer, fft) in plan.layers.iter().zip(&mut self.ffts) {
                let (spectra, behind) = rest.split_at_mut(layer.spectra_len());
                rest = behind;
                let Some(fft) = fft else { continue };
                let parts = taps[layer.offset..].chunks(layer.partition);
                for (part, row) in parts.zip(spectra.chunks_exact_mut(layer.row())) {
                    let time = &mut work[..2 * layer.partition];
                    time.fill(S::zero());
                    time[..part.len()].copy_from_slice(part);
                    let (re, im) = row.split_at_mut(layer.row() / 2);
                    fft.forward(time, re, im)?;
                }
            }
        }
        work.fill(S::zero());
        Ok(())
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> ConvolverSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> ConvolverParams {
        self.params
    }

    /// Moves to another mix over 20 ms from the next input frame; it is heard when that frame comes
    /// out.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: ConvolverParams) -> Result<(), Error> {
        self.dry.set_mix_percent(params.mix_percent)?;
        self.params = params;
        Ok(())
    }

    /// Whether only the latency-matched input is let through.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.dry.bypass()
    }

    /// Lets only the input through, with the same latency and its own bits, or the mix again: over 20
    /// ms from the next input frame. The room rings on meanwhile.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.dry.set_bypass(bypass);
    }

    /// Convolves `frames` frames from `at` on, which lie within one partition.
    fn run(&mut self, main: &mut BlockMut<'_, S>, at: usize, frames: usize) -> Option<()> {
        let (isa, plan, now) = (self.stream.isa, &self.plan, self.now);
        let response_len = if self.response_channels > 1 { plan.response_len() } else { 0 };
        let mut rest = &mut *self.state;
        for (channel, io) in main.channels_mut().enumerate() {
            let io = io.get_mut(at..at + frames)?;
            let head = self.responses.get(channel * response_len..)?.get(..plan.head)?;
            let [first, second] = &plan.layers;
            let (mut state, behind) = first.state(rest)?;
            let (mut long_state, behind) = second.state(behind)?;
            rest = behind;
            first.push(&mut state, now, io);
            second.push(&mut long_state, now, io);
            if head.is_empty() {
                io.fill(S::zero());
            } else {
                let past = first.partition + 1 - head.len();
                let window = state.window.get(past + first.place(now)..)?;
                kernels::direct(isa, window, head, io);
            }
            kernels::add_scaled(isa, io, first.output(&state, now), S::one());
            kernels::add_scaled(isa, io, second.output(&long_state, now), S::one());
        }
        Some(())
    }

    /// The work that is due when a partition is full, `now` frames after the start.
    fn step(&mut self) -> Option<()> {
        let (isa, plan, now) = (self.stream.isa, &self.plan, self.now);
        let response_len = if self.response_channels > 1 { plan.response_len() } else { 0 };
        let (states, work) =
            self.state.split_at_mut_checked(self.stream.channel_count() * plan.channel_len())?;
        let mut rest = states;
        for channel in 0..self.stream.channel_count() {
            let mut response = self.responses.get(channel * response_len + plan.head..)?;
            for (layer, fft) in plan.layers.iter().zip(&mut self.ffts) {
                let (mut state, behind) = layer.state(rest)?;
                rest = behind;
                if let Some(fft) = fft {
                    layer.step(isa, now, fft, response, &mut state, work)?;
                    response = response.get(layer.spectra_len()..)?;
                }
                layer.shift(&mut state, now);
            }
        }
        Some(())
    }
}

impl<S: Sample> Processor for Convolver<'_, S> {
    fn latency_frames(&self) -> usize {
        self.plan.latency
    }

    /// The response and what the rounding of its last transform reaches.
    fn tail_frames(&self) -> usize {
        self.plan.tail()
    }

    fn reset(&mut self) {
        self.state.fill(S::zero());
        self.dry.reset();
        self.now = 0;
    }

    fn fields(&self) -> &'static [Field] {
        ConvolverParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.dry.faults()
    }
}

impl<S: Sample> Process<S> for Convolver<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let place = (self.now % DRY_PATH_FRAMES as u64) as usize;
            let frames = (DRY_PATH_FRAMES - place).min(main.frames() - at);
            self.dry.take(&mut main, at..at + frames)?;
            // The memory is as long as was asked for, so nothing is left undone.
            let _done = self.run(&mut main, at, frames);
            self.dry.blend(&mut main, at..at + frames)?;
            at += frames;
            self.now += frames as u64;
            if self.now & (self.setup.partition_frames as u64).wrapping_sub(1) == 0 {
                let _done = self.step();
            }
        }
        Ok(())
    }
}
