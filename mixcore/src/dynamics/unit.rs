//! What the units of dynamics have in common: settings, switches and read-outs of one name, one meaning
//! and one text.
//!
//! Every macro stands inside an `impl` of a unit (but for [`memory`], which writes its own) and asks
//! for fields of these names: `setup`, `travel`, `wet`, `log`, `voices`, `now`; for some a method `run`
//! that takes a block and perhaps a row.

/// `new`, and `new_in` with memory for samples and squares, for a unit with `required_len` and `build`.
macro_rules! memory {
    ($unit:ident, $setup:ty, $params:ty, $name:literal) => {
        #[cfg(feature = "alloc")]
        impl<S: Sample> $unit<'static, S> {
            #[doc = concat!("A ", $name, " with memory of its own.")]
            ///
            /// # Errors
            /// A setup, parameter or rate outside its bounds.
            pub fn new(setup: $setup, params: $params, stream: Stream) -> Result<Self, Error> {
                let need = Self::required_len(setup, stream)?;
                let samples = Store::owned(need.samples, S::zero());
                let squares = Store::owned(need.squares, 0.0);
                Self::build(setup, params, stream, samples, squares)
            }
        }

        impl<'a, S: Sample> $unit<'a, S> {
            #[doc = concat!("A ", $name, " in lent memory of at least [`Self::required_len`].")]
            ///
            /// # Errors
            /// A setup, parameter or rate outside its bounds, or too little memory.
            pub fn new_in(
                setup: $setup,
                params: $params,
                stream: Stream,
                samples: &'a mut [S],
                squares: &'a mut [f64],
            ) -> Result<Self, Error> {
                const SAMPLE: &str = concat!($name, " sample");
                const WINDOW: &str = concat!($name, " window");
                let need = Self::required_len(setup, stream)?;
                let samples = Store::lent(SAMPLE, samples, need.samples, S::zero())?;
                let squares = Store::lent(WINDOW, squares, need.squares, 0.0)?;
                Self::build(setup, params, stream, samples, squares)
            }
        }
    };
}
pub(super) use memory;

/// What was chosen, and what it moves to.
macro_rules! settings {
    ($setup:ty, $params:ty) => {
        /// What was chosen for life.
        #[must_use]
        pub fn setup(&self) -> $setup {
            self.setup
        }

        /// The parameters it stands at or moves to.
        #[must_use]
        pub fn params(&self) -> $params {
            self.travel.to
        }

        /// Whether the signal is set to pass.
        #[must_use]
        pub fn bypass(&self) -> bool {
            self.wet.target() == 0.0
        }
    };
}
pub(super) use settings;

/// The switch of a bypass that is a cross-fade.
macro_rules! bypass {
    () => {
        /// Lets the signal pass (cleaned, else unchanged) with the same latency: a cross-fade of 20 ms
        /// from the next output frame on. What listens goes on meanwhile.
        pub fn set_bypass(&mut self, bypass: bool) {
            self.wet.move_to(if bypass { 0.0 } else { 1.0 }, self.now);
        }
    };
}
pub(super) use bypass;

/// The key's filter, in the part that takes the key in.
macro_rules! key_filter {
    ($intake:ident) => {
        /// What the key (without one, the signal that is listened to) passes before all else, from the
        /// next frame on.
        pub fn set_key_filter(&mut self, filter: KeyFilter) {
            self.$intake.set_filter(filter);
        }

        /// What the key passes before it is listened to.
        #[must_use]
        pub fn key_filter(&self) -> KeyFilter {
            self.$intake.filter()
        }
    };
}
pub(super) use key_filter;

/// The switch that lets the key be heard, in the part that takes the key in.
macro_rules! key_listen {
    ($intake:ident) => {
        /// Lets the key, as it is listened to, be heard in place of the signal, with the same latency
        /// and without gain; a cross-fade of 20 ms from the next input frame on.
        pub fn set_key_listen(&mut self, listen: bool) {
            self.$intake.listen.move_to(if listen { 1.0 } else { 0.0 }, self.now);
        }
    };
}
pub(super) use key_listen;

/// The gain reduction of every frame as an array, for a unit with `run`; what it says is the caller's.
macro_rules! traced {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// As `process`, and a row of another length than the block.
        pub fn process_with_reduction(
            &mut self,
            io: Io<'_, S>,
            reduction_db: &mut [f32],
        ) -> Result<(), Error> {
            check_frames("reduction_db", reduction_db.len(), io.main.frames())?;
            self.run(io, Some(reduction_db))
        }
    };
}
pub(super) use traced;

/// The gain reduction: of a channel, since the last reset, as a curve.
macro_rules! reductions {
    () => {
        /// The gain reduction of one channel at the last frame, dB; none for a channel that is not
        /// there.
        #[must_use]
        pub fn channel_reduction_db(&self, channel: usize) -> Option<f64> {
            self.voices.get(channel).map(|voice| f64::from(voice.now))
        }

        /// The gain reduction since the last reset; none before the first frame.
        #[must_use]
        pub fn reduction_stats(&self) -> Option<ReductionStats> {
            self.log.stats()
        }

        unit::traced! {
            /// [`Process::process`], and the gain reduction of every frame of the block, dB, of the
            /// channel that is reduced most.
        }
    };
}
pub(super) use reductions;

/// The fields of a [`crate::Processor`] whose parameters come from [`crate::stream::params`].
macro_rules! fields {
    ($params:ty) => {
        fn fields(&self) -> &'static [Field] {
            <$params>::FIELDS
        }

        fn field(&self, name: &str) -> Option<f64> {
            self.travel.to.get(name)
        }

        fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
            self.set_params(self.travel.to.with(name, value)?)
        }
    };
}
pub(super) use fields;

/// A [`crate::Processor`] over a side-chain, without a tail of its own; `more` is what `reset` clears
/// besides.
macro_rules! over_side_chain {
    ($params:ty, |$unit:ident| $more:expr) => {
        fn latency_frames(&self) -> usize {
            self.chain.lookahead_frames()
        }

        fn tail_frames(&self) -> usize {
            self.latency_frames()
        }

        fn reset(&mut self) {
            self.chain.reset();
            self.travel.settle();
            self.wet.settle();
            self.voices.fill(Voice::default());
            self.log = ReductionLog::new();
            self.now = 0;
            let $unit = self;
            $more
        }

        fn faults(&self) -> u64 {
            self.chain.faults
        }

        unit::fields!($params);
    };
}
pub(super) use over_side_chain;
