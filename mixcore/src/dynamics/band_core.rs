//! What the masking-aware ducker and the cut of a voice's low-mids share, whatever decides their
//! gains: set-up and memory, the key's filter and listen, mix, bypass, the work of a block, read-outs.

use super::band_unit::{BandDuckerSetup, BandDuckerStorage, BandUnit, Leaving};
use super::key_filter::KeyFilter;
use super::reduction::{ReductionLog, ReductionStats};
use crate::analysis::{ERB_BANDS, MaskingFrame};
use crate::audio::{Sample, Store, check_frames};
use crate::error::Error;
use crate::ramp::{Glide, ramp_frames};
use crate::stream::{Io, Stream};

const WHAT: &str = "ducker number";

/// What decides how far each band goes down.
pub(super) trait Decide<'a>: Sized {
    type Params: Copy;

    /// The analysis hears the key behind its filter; else the filter stands before the question alone
    /// whether somebody speaks ([`Decide::set_filter`]).
    const HEARS_FILTERED: bool;

    /// Numbers that it needs for a look-ahead of so many frames of 10 ms.
    fn required_len(frames: usize) -> usize;

    /// `ring` has the required length.
    fn new(frames: usize, rate_hz: f64, ring: Store<'a, f64>) -> Result<Self, Error>;

    fn reset(&mut self);

    fn set_filter(&mut self, _filter: &KeyFilter) {}

    /// Takes the next frame; the frame that leaves with its reductions, once there is one. `share` is
    /// that of the lowered signal in what leaves.
    fn push(
        &mut self,
        frame: &MaskingFrame<'_>,
        share: f64,
        params: &Self::Params,
    ) -> Option<Leaving>;

    /// Reductions of the newest frame that has left, dB.
    fn reductions(&self) -> &[f64; ERB_BANDS];
}

/// The processor but for its parameters.
#[derive(Debug)]
pub(super) struct BandCore<'a, S, D> {
    pub(super) setup: BandDuckerSetup,
    pub(super) decide: D,
    unit: BandUnit<'a, S>,
    mix: Glide<f32>,
    wet: Glide<f32>,
    log: ReductionLog,
    now: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample, D: Decide<'static>> BandCore<'static, S, D> {
    pub(super) fn new(
        setup: BandDuckerSetup,
        mix_percent: f64,
        stream: Stream,
    ) -> Result<Self, Error> {
        let (frames, _) = setup.plan(&stream)?;
        let unit = BandUnit::new(&setup, stream)?;
        let ring = Store::owned(D::required_len(frames), 0.0);
        Ok(Self::over(setup, mix_percent, &stream, unit, D::new(frames, stream.rate_hz, ring)?))
    }
}

impl<'a, S: Sample, D: Decide<'a>> BandCore<'a, S, D> {
    pub(super) fn required_len(
        setup: BandDuckerSetup,
        stream: Stream,
    ) -> Result<BandDuckerStorage, Error> {
        let (frames, _) = setup.plan(&stream)?;
        let BandDuckerStorage { samples, numbers } = BandUnit::<S>::required_len(&setup, &stream)?;
        Ok(BandDuckerStorage { samples, numbers: numbers + D::required_len(frames) })
    }

    pub(super) fn new_in(
        setup: BandDuckerSetup,
        mix_percent: f64,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        let (frames, _) = setup.plan(&stream)?;
        let (given, required) = (numbers.len(), D::required_len(frames));
        let Some((ring, rest)) = numbers.split_at_mut_checked(required) else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let unit = BandUnit::new_in(&setup, stream, samples, rest)?;
        let ring = Store::lent(WHAT, ring, required, 0.0)?;
        Ok(Self::over(setup, mix_percent, &stream, unit, D::new(frames, stream.rate_hz, ring)?))
    }

    fn over(
        setup: BandDuckerSetup,
        mix_percent: f64,
        stream: &Stream,
        unit: BandUnit<'a, S>,
        decide: D,
    ) -> Self {
        let fade = ramp_frames(stream.rate_hz);
        Self {
            setup,
            decide,
            unit,
            mix: Glide::new(share_of(mix_percent), fade),
            wet: Glide::new(1.0, fade),
            log: ReductionLog::new(),
            now: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.unit.reset();
        self.decide.reset();
        self.mix.settle();
        self.wet.settle();
        self.log = ReductionLog::new();
        self.now = 0;
    }

    pub(super) fn latency_frames(&self) -> usize {
        self.unit.latency_frames()
    }

    pub(super) fn faults(&self) -> u64 {
        self.unit.faults()
    }

    pub(super) fn set_mix(&mut self, mix_percent: f64) {
        self.mix.move_to(share_of(mix_percent), self.now);
    }

    pub(super) fn set_key_filter(&mut self, filter: KeyFilter) {
        self.decide.set_filter(&filter);
        self.unit.key_path.set_filter(filter);
    }

    pub(super) fn key_filter(&self) -> KeyFilter {
        self.unit.key_path.filter()
    }

    pub(super) fn set_key_listen(&mut self, listen: bool) {
        self.unit.key_path.set_listen(listen, self.now);
    }

    pub(super) fn bypass(&self) -> bool {
        self.wet.target() == 0.0
    }

    pub(super) fn set_bypass(&mut self, bypass: bool) {
        self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
    }

    pub(super) fn stats(&self) -> Option<ReductionStats> {
        self.log.stats()
    }

    pub(super) fn reductions(&self) -> &[f64; ERB_BANDS] {
        self.decide.reductions()
    }

    /// The largest reduction of any band in the newest frame that has left, dB.
    pub(super) fn reduction_db(&self) -> f64 {
        self.decide.reductions().iter().copied().fold(0.0, f64::max)
    }

    /// Processes a block; `trace` gets the largest reduction of any band for every frame of it.
    pub(super) fn run(
        &mut self,
        io: Io<'_, S>,
        params: &D::Params,
        mut trace: Option<&mut [f32]>,
    ) -> Result<(), Error> {
        let Io { mut main, key } = io;
        if let Some(trace) = &trace {
            check_frames("reduction_db", trace.len(), main.frames())?;
        }
        self.unit.check(&main, key.as_ref())?;
        let mut at = 0;
        while at < main.frames() {
            let take = self.unit.reach(main.frames() - at);
            let mut part = main.range(at, at + take);
            let key = key.as_ref().map(|key| key.range(at, at + take));
            // A frame is complete at the end of a piece, if at all.
            let end = self.now + take as u64;
            let share = f64::from(self.mix.at(end) * self.wet.at(end));
            #[expect(clippy::cast_possible_truncation, reason = "a read-out")]
            let reduction = self.reduction_db() as f32;
            let (decide, glides) = (&mut self.decide, [&self.mix, &self.wet]);
            self.unit.take(&mut part, key.as_ref(), D::HEARS_FILTERED, glides, |frame| {
                decide.push(frame, share, params)
            })?;
            if let Some(trace) = trace.as_deref_mut().and_then(|row| row.get_mut(at..at + take)) {
                trace.fill(reduction);
            }
            self.log.hold(self.now, take, reduction);
            at += take;
            self.now = end;
        }
        Ok(())
    }
}

fn share_of(mix_percent: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
    {
        (mix_percent * 1e-2) as f32
    }
}

/// The methods and traits that both processors have in the same words: `$what` goes down.
macro_rules! band_processor {
    ($name:ident, $params:ident, $decide:ident, $what:literal) => {
        #[cfg(feature = "alloc")]
        impl<S: Sample> $name<'static, S> {
            /// One with memory of its own.
            ///
            /// # Errors
            /// A setup, parameter or rate outside its bounds, or a key with more channels than the
            /// stream.
            pub fn new(
                setup: BandDuckerSetup,
                params: $params,
                stream: Stream,
            ) -> Result<Self, Error> {
                params.validate()?;
                Ok(Self { params, core: BandCore::new(setup, params.mix_percent, stream)? })
            }
        }

        impl<'a, S: Sample> $name<'a, S> {
            /// The memory that `new_in` needs.
            ///
            /// # Errors
            /// A setup or rate outside its bounds, or a key with more channels than the stream.
            pub fn required_len(
                setup: BandDuckerSetup,
                stream: Stream,
            ) -> Result<BandDuckerStorage, Error> {
                BandCore::<S, $decide<'_>>::required_len(setup, stream)
            }

            /// One in lent memory of at least `required_len`.
            ///
            /// # Errors
            /// A setup, parameter or rate outside its bounds, a key with more channels than the
            /// stream, or too little memory.
            pub fn new_in(
                setup: BandDuckerSetup,
                params: $params,
                stream: Stream,
                samples: &'a mut [S],
                numbers: &'a mut [f64],
            ) -> Result<Self, Error> {
                params.validate()?;
                let core = BandCore::new_in(setup, params.mix_percent, stream, samples, numbers)?;
                Ok(Self { params, core })
            }

            /// What was chosen for life.
            #[must_use]
            pub fn setup(&self) -> BandDuckerSetup {
                self.core.setup
            }

            /// The parameters.
            #[must_use]
            pub fn params(&self) -> $params {
                self.params
            }

            /// Takes other parameters from the next frame of 10 ms on, and moves to another mix over
            /// 20 ms; the gains move by their slews.
            ///
            /// # Errors
            /// A value outside its bounds; nothing changes then.
            pub fn set_params(&mut self, params: $params) -> Result<(), Error> {
                params.validate()?;
                self.params = params;
                self.core.set_mix(params.mix_percent);
                Ok(())
            }

            /// What the key passes.
            #[must_use]
            pub fn key_filter(&self) -> KeyFilter {
                self.core.key_filter()
            }

            #[doc = concat!("Lets the filtered key be heard in place of the ", $what, ",")]
            /// with the same latency and without gain: a cross-fade of 20 ms from the next output frame
            /// on. A key of one channel is heard in all, another one channel by channel as far as both
            /// have them.
            pub fn set_key_listen(&mut self, listen: bool) {
                self.core.set_key_listen(listen);
            }

            #[doc = concat!("Whether it lets the ", $what, " pass.")]
            #[must_use]
            pub fn bypass(&self) -> bool {
                self.core.bypass()
            }

            #[doc = concat!("Lets the ", $what, " pass")]
            /// (cleaned, else unchanged) with the same latency: a cross-fade of 20 ms from the next
            /// output frame on. The gains go on meanwhile.
            pub fn set_bypass(&mut self, bypass: bool) {
                self.core.set_bypass(bypass);
            }

            /// Reduction of each ERB band ([`crate::analysis::ErbBands`]) in the newest frame that has
            /// left, dB ≥ 0, without the mix.
            #[must_use]
            pub fn reductions_db(&self) -> &[f64; ERB_BANDS] {
                self.core.reductions()
            }

            /// The largest of these, dB ≥ 0.
            #[must_use]
            pub fn gain_reduction_db(&self) -> f64 {
                self.core.reduction_db()
            }

            /// Reduction of the band that is reduced most, since the last reset, without the mix; none
            /// before the first frame.
            #[must_use]
            pub fn reduction_stats(&self) -> Option<ReductionStats> {
                self.core.stats()
            }

            /// [`Process::process`], and for every frame of the block the reduction of the band that is
            /// reduced most, dB, on the grid of 10 ms, without the mix.
            ///
            /// # Errors
            /// As `process`, and a row of another length than the block.
            pub fn process_with_reduction(
                &mut self,
                io: Io<'_, S>,
                reduction_db: &mut [f32],
            ) -> Result<(), Error> {
                self.core.run(io, &self.params, Some(reduction_db))
            }
        }

        impl<S: Sample> Processor for $name<'_, S> {
            fn latency_frames(&self) -> usize {
                self.core.latency_frames()
            }

            fn tail_frames(&self) -> usize {
                self.core.latency_frames()
            }

            fn reset(&mut self) {
                self.core.reset();
            }

            fn fields(&self) -> &'static [Field] {
                $params::FIELDS
            }

            fn field(&self, name: &str) -> Option<f64> {
                self.params.get(name)
            }

            fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
                self.set_params(self.params.with(name, value)?)
            }

            fn faults(&self) -> u64 {
                self.core.faults()
            }
        }

        impl<S: Sample> Process<S> for $name<'_, S> {
            fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
                self.core.run(io, &self.params, None)
            }
        }
    };
}
pub(super) use band_processor;
