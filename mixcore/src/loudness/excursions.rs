//! Where true peaks exceed a limit: the exact frames, and not only the maximum.
//!
//! Whoever has to mend a mix needs every place, not the worst one. The log takes the true peak of
//! each frame's interval from the meter it is given to ([`super::TruePeakMeter::with_log`]) and joins
//! the frames that lie over the limit: overs with at most a gap of clean frames between them are one
//! excursion, with its first and last frame, its highest level and the frame of that.
//!
//! Each channel has a list of its own, so the entries do not depend on how the programme is cut into
//! blocks; [`super::TruePeakMeter::joint_excursions`] reads all channels as one. A list keeps its
//! first entries and counts the others: nothing is lost silently.
//!
//! Cost: a comparison per piece of frames while nothing exceeds the limit; a few operations for each
//! frame that does.
//! Limits: an excursion that begins with a point before the first frame begins with that frame.

use crate::audio::{PerChannel, Store};
use crate::error::Error;
use crate::math;
use crate::stream::Stream;
use crate::units::{db_to_gain, gain_to_db};

/// Lowest and highest limit, dBTP: what lies lower is programme, what lies higher does not occur.
const LIMIT_RANGE_DBTP: (f64, f64) = (-100.0, 100.0);
/// Longest gap, ms.
const MAX_GAP_MS: f64 = 60_000.0;

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExcursionSetup {
    /// Peaks above it are logged, dBTP: -100 to 100.
    pub limit_dbtp: f64,
    /// Overs with at most so long a time between them are one excursion, ms: 0 to 60,000.
    pub gap_ms: f64,
    /// Excursions that are kept for each channel; more are counted.
    pub per_channel: usize,
}

impl Default for ExcursionSetup {
    /// −1 dBTP, the most that EBU R 128 permits; 400 ms, the longest that one momentary window
    /// hears as one event; 1000 places, more than anyone mends.
    fn default() -> Self {
        Self { limit_dbtp: -1.0, gap_ms: 400.0, per_channel: 1000 }
    }
}

/// A stretch in which the true peak exceeds the limit, short gaps included.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct PeakExcursion {
    /// First frame over the limit.
    pub first_frame: u64,
    /// Last frame over the limit.
    pub last_frame: u64,
    /// Highest true peak, dBTP.
    pub peak_dbtp: f64,
    /// The first frame at or before that peak.
    pub peak_frame: u64,
    /// The channel of that peak.
    pub channel: usize,
}

/// An excursion that may still grow, its peak linear.
#[derive(Clone, Copy, Debug)]
struct Growing {
    first: u64,
    last: u64,
    peak: f64,
    peak_frame: u64,
}

/// How far one channel's list is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ListState {
    kept: usize,
    missed: u64,
    growing: Option<Growing>,
}

/// One channel's list while frames are added to it.
pub(super) struct ChannelLog<'s> {
    /// Linear.
    pub(super) limit: f64,
    gap_frames: u64,
    channel: usize,
    list: &'s mut [PeakExcursion],
    state: &'s mut ListState,
}

impl ChannelLog<'_> {
    /// Adds a frame over the limit; frames come in order, the same one may come again.
    pub(super) fn note(&mut self, frame: u64, peak: f64) {
        match &mut self.state.growing {
            Some(growing) if frame <= growing.last.saturating_add(self.gap_frames + 1) => {
                growing.last = frame;
                if peak > growing.peak {
                    (growing.peak, growing.peak_frame) = (peak, frame);
                }
            }
            _ => {
                self.close();
                self.state.growing =
                    Some(Growing { first: frame, last: frame, peak, peak_frame: frame });
            }
        }
    }

    /// Puts what has grown so far into the list, or counts it.
    fn close(&mut self) {
        let Some(Growing { first, last, peak, peak_frame }) = self.state.growing.take() else {
            return;
        };
        match self.list.get_mut(self.state.kept) {
            Some(slot) => {
                *slot = PeakExcursion {
                    first_frame: first,
                    last_frame: last,
                    peak_dbtp: gain_to_db(peak),
                    peak_frame,
                    channel: self.channel,
                };
                self.state.kept += 1;
            }
            None => self.state.missed += 1,
        }
    }
}

/// A log of the places where the true peak exceeds a limit, for
/// [`super::TruePeakMeter::with_log`].
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{ExcursionLog, ExcursionSetup, TruePeakMeter, TruePeakMethod};
/// use mixcore::{Layout, Stream};
///
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let setup = ExcursionSetup { gap_ms: 10.0, ..ExcursionSetup::default() };
/// let mut meter = TruePeakMeter::new(TruePeakMethod::Fine, stream)?
///     .with_log(ExcursionLog::new(setup, &stream)?)?;
/// // Two clicks 100 ms apart.
/// let mut clip = [0.0_f32; 9600];
/// clip[2000] = 0.95;
/// clip[6800] = -1.0;
/// meter.push(Block::mono(&clip))?;
/// let places: Vec<_> = meter.excursions(0).collect();
/// assert_eq!(places.len(), 2);
/// assert_eq!((places[1].first_frame, places[1].last_frame), (6800, 6800));
/// assert_eq!(places[1].peak_dbtp, 0.0);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ExcursionLog<'a> {
    setup: ExcursionSetup,
    limit: f64,
    gap_frames: u64,
    lists: Store<'a, PeakExcursion>,
    states: PerChannel<ListState>,
}

impl ExcursionLog<'static> {
    /// A log with memory of its own.
    ///
    /// # Errors
    /// A limit or gap outside its range.
    #[cfg(feature = "alloc")]
    pub fn new(setup: ExcursionSetup, stream: &Stream) -> Result<Self, Error> {
        let len = Self::required_len(&setup, stream);
        Self::with_store(setup, stream, Store::owned(len, PeakExcursion::default()))
    }
}

impl<'a> ExcursionLog<'a> {
    /// Entries of lent memory that [`ExcursionLog::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &ExcursionSetup, stream: &Stream) -> usize {
        setup.per_channel.saturating_mul(stream.channel_count())
    }

    /// A log in lent memory of at least [`ExcursionLog::required_len`].
    ///
    /// # Errors
    /// A limit or gap outside its range, or too little memory.
    pub fn new_in(
        setup: ExcursionSetup,
        stream: &Stream,
        memory: &'a mut [PeakExcursion],
    ) -> Result<Self, Error> {
        let required = Self::required_len(&setup, stream);
        let store = Store::lent("excursion log", memory, required, PeakExcursion::default())?;
        Self::with_store(setup, stream, store)
    }

    fn with_store(
        setup: ExcursionSetup,
        stream: &Stream,
        lists: Store<'a, PeakExcursion>,
    ) -> Result<Self, Error> {
        stream.validate()?;
        let (low, high) = LIMIT_RANGE_DBTP;
        Error::check_range("limit_dbtp", setup.limit_dbtp, low, high)?;
        Error::check_range("gap_ms", setup.gap_ms, 0.0, MAX_GAP_MS)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a minute of frames"
        )]
        let gap_frames = math::round(setup.gap_ms * 1e-3 * stream.rate_hz) as u64;
        Ok(Self {
            setup,
            limit: db_to_gain(setup.limit_dbtp),
            gap_frames,
            lists,
            states: PerChannel::new(stream.channel_count())?,
        })
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> ExcursionSetup {
        self.setup
    }

    /// Frames of gap that are bridged.
    #[must_use]
    pub fn gap_frames(&self) -> u64 {
        self.gap_frames
    }

    /// Channels that it has lists for.
    pub(super) fn channel_count(&self) -> usize {
        self.states.len()
    }

    pub(super) fn reset(&mut self) {
        self.states.fill(ListState::default());
    }

    /// The list of a channel, to add to.
    pub(super) fn channel(&mut self, channel: usize) -> Option<ChannelLog<'_>> {
        let (limit, gap_frames, len) = (self.limit, self.gap_frames, self.setup.per_channel);
        let list = self.lists.get_mut(channel * len..(channel + 1) * len)?;
        let state = self.states.get_mut(channel)?;
        Some(ChannelLog { limit, gap_frames, channel, list, state })
    }

    /// The closed entries of a channel.
    pub(super) fn kept(&self, channel: usize) -> &[PeakExcursion] {
        let kept = self.states.get(channel).map_or(0, |state| state.kept);
        let start = channel * self.setup.per_channel;
        self.lists.get(start..start + kept).unwrap_or_default()
    }

    /// What the last frames add to a channel's list: `run` notes them on a copy.
    pub(super) fn tail(&self, channel: usize, run: impl FnOnce(&mut ChannelLog<'_>)) -> TailOvers {
        let mut tail = TailOvers::default();
        let Some(state) = self.states.get(channel) else { return tail };
        let mut copy = ListState { kept: 0, missed: 0, growing: state.growing };
        let mut log = ChannelLog {
            limit: self.limit,
            gap_frames: self.gap_frames,
            channel,
            list: &mut tail.list,
            state: &mut copy,
        };
        run(&mut log);
        log.close();
        // As many as there is room for; the rest is missed like any other.
        let room = self.setup.per_channel - state.kept;
        tail.count = copy.kept.min(room);
        tail.missed = state.missed + copy.missed + (copy.kept - tail.count) as u64;
        tail
    }
}

/// Most excursions that the frames after the last push can hold, with the one that still grows:
/// every second one of at most 19.
const TAIL: usize = 12;

/// The last excursions of a channel, as they stand if silence follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TailOvers {
    list: [PeakExcursion; TAIL],
    count: usize,
    pub(super) missed: u64,
}

impl TailOvers {
    pub(super) fn list(&self) -> &[PeakExcursion] {
        self.list.get(..self.count).unwrap_or_default()
    }
}

/// The excursions of all channels as one, in order; see
/// [`super::TruePeakMeter::joint_excursions`].
#[derive(Clone, Debug)]
pub struct JointExcursions<'m> {
    log: Option<&'m ExcursionLog<'m>>,
    tails: PerChannel<TailOvers>,
    /// The next entry of every channel.
    next: PerChannel<usize>,
}

impl<'m> JointExcursions<'m> {
    pub(super) fn new(
        log: Option<&'m ExcursionLog<'m>>,
        tail: impl Fn(usize) -> TailOvers,
    ) -> Result<Self, Error> {
        let channels = log.map_or(0, ExcursionLog::channel_count);
        let (mut tails, next) = (PerChannel::new(channels)?, PerChannel::new(channels)?);
        for (channel, slot) in tails.iter_mut().enumerate() {
            *slot = tail(channel);
        }
        Ok(Self { log, tails, next })
    }

    /// The next entry of a channel.
    fn head(&self, channel: usize) -> Option<PeakExcursion> {
        let kept = self.log?.kept(channel);
        let next = *self.next.get(channel)?;
        let tail = self.tails.get(channel)?.list();
        kept.get(next).or_else(|| tail.get(next.checked_sub(kept.len())?)).copied()
    }

    /// The channel whose next entry begins first.
    fn first(&self) -> Option<usize> {
        let heads = (0..self.next.len()).filter_map(|n| Some((self.head(n)?.first_frame, n)));
        heads.min().map(|(_, channel)| channel)
    }
}

impl Iterator for JointExcursions<'_> {
    type Item = PeakExcursion;

    fn next(&mut self) -> Option<PeakExcursion> {
        let gap_frames = self.log?.gap_frames;
        let mut joint: Option<PeakExcursion> = None;
        while let Some(channel) = self.first() {
            let head = self.head(channel)?;
            match &mut joint {
                None => joint = Some(head),
                Some(joint) if head.first_frame <= joint.last_frame + gap_frames + 1 => {
                    joint.last_frame = joint.last_frame.max(head.last_frame);
                    let earlier =
                        head.peak_dbtp == joint.peak_dbtp && head.peak_frame < joint.peak_frame;
                    if head.peak_dbtp > joint.peak_dbtp || earlier {
                        joint.peak_dbtp = head.peak_dbtp;
                        joint.peak_frame = head.peak_frame;
                        joint.channel = head.channel;
                    }
                }
                Some(_) => break,
            }
            self.next[channel] += 1;
        }
        joint
    }
}
