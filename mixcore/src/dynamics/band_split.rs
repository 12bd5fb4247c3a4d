//! Bands on their way through processors of their own: split, processed, chosen, summed.
//!
//! The crossover is [`crate::filters::Crossover`] with its compensating all-passes, so the sum of
//! bands that nothing changes is all-pass and flat in magnitude. The sum is taken in f64 and rounded
//! once. A key passes a crossover of its own, which starts from rest where a key comes anew; a key of
//! one channel is every channel's.

use super::side_chain::{PIECE, check_io, stands_at};
use crate::audio::{Block, BlockMut, MAX_CHANNELS, Sample, Store};
use crate::error::Error;
use crate::filters::{Crossover, CrossoverParams, CrossoverSetup, MAX_CROSSOVER_BANDS};
use crate::kernels::{self, Isa};
use crate::ramp::{self, Glide};
use crate::stream::{Convert, Io, Processor, Stream};

/// What is heard of a band.
#[derive(Clone, Copy, Debug)]
struct Heard {
    solo: bool,
    mute: bool,
    share: Glide<f32>,
}

/// The way from a signal to its bands and back.
#[derive(Debug)]
pub(super) struct BandSplit<'a, S> {
    stream: Stream,
    bands: usize,
    crossover: Crossover<'a>,
    key_crossover: Option<Crossover<'a>>,
    /// A piece of every band and channel of the signal, then of the key.
    pieces: Store<'a, S>,
    heard: [Heard; MAX_CROSSOVER_BANDS],
    /// Whether the last frame had a key.
    keyed: bool,
    /// Absolute frame of the next input.
    now: u64,
}

/// Samples of the pieces of so many crossovers.
pub(super) fn pieces_len(setup: &CrossoverSetup, stream: &Stream, crossovers: usize) -> usize {
    crossovers * setup.bands * stream.channel_count() * PIECE
}

impl<'a, S: Sample> BandSplit<'a, S> {
    /// `pieces` holds [`pieces_len`] samples.
    pub(super) fn new(
        stream: Stream,
        crossover: Crossover<'a>,
        key_crossover: Option<Crossover<'a>>,
        pieces: Store<'a, S>,
    ) -> Self {
        let share = Glide::new(1.0, ramp::ramp_frames(stream.rate_hz));
        Self {
            stream,
            bands: crossover.setup().bands,
            crossover,
            key_crossover,
            pieces,
            heard: [Heard { solo: false, mute: false, share }; MAX_CROSSOVER_BANDS],
            keyed: false,
            now: 0,
        }
    }

    pub(super) fn bands(&self) -> usize {
        self.bands
    }

    pub(super) fn params(&self) -> CrossoverParams {
        self.crossover.params()
    }

    /// Moves the crossings; nothing changes where they do not fit.
    pub(super) fn set_params(&mut self, params: CrossoverParams) -> Result<(), Error> {
        self.crossover.set_params(params)?;
        match &mut self.key_crossover {
            Some(key) => key.set_params(params),
            None => Ok(()),
        }
    }

    /// Moves one crossing; the others give way to it.
    pub(super) fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.crossover.set_field(name, value)?;
        self.set_params(self.crossover.params())
    }

    pub(super) fn check_band(&self, band: usize) -> Result<(), Error> {
        let last = self.bands.saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        Error::check_range("band", band as f64, 0.0, last as f64).map(|_| ())
    }

    pub(super) fn set_solo(&mut self, band: usize, solo: bool) -> Result<(), Error> {
        self.check_band(band)?;
        if let Some(heard) = self.heard.get_mut(band) {
            heard.solo = solo;
        }
        self.fade();
        Ok(())
    }

    pub(super) fn set_mute(&mut self, band: usize, mute: bool) -> Result<(), Error> {
        self.check_band(band)?;
        if let Some(heard) = self.heard.get_mut(band) {
            heard.mute = mute;
        }
        self.fade();
        Ok(())
    }

    fn fade(&mut self) {
        let any = self.heard.iter().any(|heard| heard.solo);
        for heard in &mut self.heard {
            let share = if heard.mute || (any && !heard.solo) { 0.0 } else { 1.0 };
            heard.share.move_to(share, self.now);
        }
    }

    /// Checks what is passed in.
    pub(super) fn check(
        &self,
        main: &BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
    ) -> Result<(), Error> {
        check_io(main, key, self.stream.channel_count())
    }

    pub(super) fn isa(&self) -> Isa {
        self.stream.isa
    }

    /// Whether all bands are heard from a frame on.
    pub(super) fn is_all_heard(&self, frame: u64) -> bool {
        self.heard.iter().all(|heard| stands_at(&heard.share, 1.0, frame))
    }

    /// Runs a piece of at most [`PIECE`] frames that was checked: `act(band, io)` processes a band
    /// in place.
    pub(super) fn run(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        act: impl FnMut(usize, Io<'_, S>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if main.frames() == 0 {
            return Ok(());
        }
        if key.is_some() != self.keyed {
            self.keyed = key.is_some();
            if let (true, Some(crossover)) = (self.keyed, &mut self.key_crossover) {
                crossover.reset();
            }
        }
        self.piece(main, key, act)?;
        self.now += main.frames() as u64;
        Ok(())
    }

    /// At most [`PIECE`] frames.
    fn piece(
        &mut self,
        main: &mut BlockMut<'_, S>,
        key: Option<&Block<'_, S>>,
        mut act: impl FnMut(usize, Io<'_, S>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (channels, frames) = (self.stream.channel_count(), main.frames());
        let (isa, all) = (self.stream.isa, self.bands * channels);
        let halves = self.pieces.split_at_mut_checked(all * PIECE);
        let (audio, keys) = halves.unwrap_or_default();
        let audio = audio.get_mut(..all * frames).unwrap_or_default();
        let keys = keys.get_mut(..all * frames).unwrap_or_default();
        self.crossover.convert(main.as_block(), BlockMut::contiguous(audio, all)?)?;
        let key = key.zip(self.key_crossover.as_mut());
        let keyed = key.is_some();
        if let Some((key, crossover)) = key {
            let to = BlockMut::contiguous(keys, all)?;
            if key.channel_count() == channels {
                crossover.convert(*key, to)?;
            } else {
                let same = [key.channels().next().unwrap_or_default(); MAX_CHANNELS];
                crossover.convert(Block::new(same.get(..channels).unwrap_or_default())?, to)?;
            }
        }
        let of_a_band = (channels * frames).max(1);
        for (band, (part, heard)) in audio.chunks_mut(of_a_band).zip(&self.heard).enumerate() {
            let io = BlockMut::contiguous(part, channels)?;
            let start = band * of_a_band;
            match keys.get(start..start + of_a_band) {
                Some(key) if keyed => {
                    act(band, Io::with_key(io, Block::contiguous(key, channels)?))?;
                }
                _ => act(band, Io::new(io))?,
            }
            if !stands_at(&heard.share, 1.0, self.now) {
                let mut shares = [0.0; PIECE];
                let shares = shares.get_mut(..frames).unwrap_or_default();
                heard.share.fill(self.now, shares);
                for channel in part.chunks_mut(frames.max(1)) {
                    kernels::apply_gains(isa, channel, shares);
                }
            }
        }
        for (index, out) in main.channels_mut().enumerate() {
            let mut sum = [0.0; PIECE];
            let sum = sum.get_mut(..frames).unwrap_or_default();
            for part in audio.chunks(frames.max(1)).skip(index).step_by(channels.max(1)) {
                kernels::accumulate(isa, sum, part, 1.0);
            }
            kernels::round_into(isa, sum, out);
        }
        Ok(())
    }

    pub(super) fn reset(&mut self) {
        self.crossover.reset();
        if let Some(key) = &mut self.key_crossover {
            key.reset();
        }
        for heard in &mut self.heard {
            heard.share.settle();
        }
        self.keyed = false;
        self.now = 0;
    }

    pub(super) fn tail_frames(&self) -> usize {
        self.crossover.tail_frames()
    }

    pub(super) fn faults(&self) -> u64 {
        self.crossover.faults() + self.key_crossover.as_ref().map_or(0, Processor::faults)
    }
}

/// The first `required` items of lent memory, and what is left.
pub(super) fn halves<'m, T>(
    what: &'static str,
    memory: &'m mut [T],
    required: usize,
) -> Result<(&'m mut [T], &'m mut [T]), Error> {
    let given = memory.len();
    memory.split_at_mut_checked(required).ok_or(Error::Storage { what, given, required })
}
