//! Translation: how mix and stems stand to each other where the mix is heard badly.
//!
//! A mix is heard in mono, through a telephone, from a small loudspeaker, without a subwoofer. What
//! matters then is not the loudness itself, which the listener sets, but what moves: a stem that loses
//! more than the mix sinks in it. For each way the integrated loudness of mix and stems is read before
//! and after, and
//!
//! > moved = (stem after − stem before) − (mix after − mix before) LU
//!
//! Loudness cannot show what is missing without the LFE, for BS.1770 gives the LFE no weight: shift and
//! moved are 0 there. So that way has a reading of its own, the change of the power below 120 Hz,
//!
//! > low end = 10·log10(ΣP_main / (ΣP_main + 10·ΣP_LFE)) dB
//!
//! P being the mean power of a channel through a low-pass of 120 Hz, and the LFE 10 dB up as replay plays
//! it. 0 dB: the LFE has nothing of its own; −100 dB: the low end is in the LFE alone.
//!
//! Sources: 120 Hz and the +10 dB are ITU-R BS.775-3's, Annex 5; the telephone's band 300 to 3400 Hz is ITU-T G.712's; mono and the way without LFE as in
//! [`super::downmix_matrix`] and [`super::LfePolicy`]. No standard says what a television's or a
//! laptop's loudspeaker passes, so that band is the caller's ([`Translation::Loudspeaker`]).
//! Cost: a meter for every stem and way. Limits: bands are cut by Butterworth filters of order 4, 24
//! dB/oct; distortion and rooms are not modelled.

use alloc::vec::Vec;

use super::fold_check::{folded, meter_setup, native_lufs};
use super::fold_report::CheckedStem;
use super::fold_target::FoldTarget;
use super::{LFE_REPLAY_GAIN_DB, LfePolicy, conversion_matrix, downmix_matrix};
use crate::audio::{Block, Buffer, Layout, Sample, check_frames};
use crate::error::Error;
use crate::filters::design::{Pass, butterworth};
use crate::filters::{Biquad, Cascade};
use crate::kernels;
use crate::loudness::Meter;
use crate::stream::{Io, Process, Stream};
use crate::units::{DB_FLOOR, Reading, db_to_power, power_to_db};

/// The telephone's band, Hz (ITU-T G.712).
const PHONE_HZ: [f64; 2] = [300.0, 3_400.0];
/// Slope of both ends: 24 dB/oct.
const ORDER: usize = 4;

/// Upper end of the LFE, Hz (ITU-R BS.775-3, Annex 5).
const LFE_HZ: f64 = 120.0;

/// A way in which a mix is heard badly.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Translation {
    /// (Lo + Ro)/2 on both loudspeakers.
    Mono,
    /// Mono through the telephone's band.
    Phone,
    /// Stereo from a loudspeaker that passes this band: a television, a laptop.
    Loudspeaker {
        /// Lower corner, Hz.
        low_hz: f64,
        /// Upper corner, Hz.
        high_hz: f64,
    },
    /// The layout without its LFEs: read by [`TranslationReport::low_end_db`], as the loudness does not
    /// weigh them.
    NoLfe,
}

impl Translation {
    fn target(self, source: Layout) -> Result<FoldTarget, Error> {
        let matrix = match self {
            Self::Mono | Self::Phone => downmix_matrix(source, Layout::MONO)?,
            Self::Loudspeaker { .. } => downmix_matrix(source, Layout::STEREO)?,
            Self::NoLfe => conversion_matrix(source, source).with_lfe(LfePolicy::Drop)?,
        };
        Ok(FoldTarget::matrix("", matrix))
    }

    fn band(self) -> Option<[f64; 2]> {
        match self {
            Self::Phone => Some(PHONE_HZ),
            Self::Loudspeaker { low_hz, high_hz } => Some([low_hz, high_hz]),
            Self::Mono | Self::NoLfe => None,
        }
    }

    /// The filter of its band.
    fn filter(self, heard: Stream) -> Result<Option<Cascade>, Error> {
        let Some([low_hz, high_hz]) = self.band() else { return Ok(None) };
        Error::check_range("low_hz", low_hz, 1.0, high_hz)?;
        let high_pass = butterworth(Pass::High, ORDER, low_hz, heard.rate_hz)?;
        let low_pass = butterworth(Pass::Low, ORDER, high_hz, heard.rate_hz)?;
        let sections: Vec<Biquad> = high_pass.iter().chain(low_pass.iter()).copied().collect();
        Cascade::new(&sections, heard).map(Some)
    }
}

/// A stem in a translation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TranslatedStem {
    /// Its loudness as it is heard, LUFS.
    pub integrated_lufs: Reading,
    /// How far it moved against the mix, LU; negative where it sinks.
    pub moved_lu: Reading,
    /// Without LFE: the change of its power below 120 Hz, dB, −100 where nothing is left; not applicable
    /// in other ways and where there is nothing below 120 Hz.
    pub low_end_db: Reading,
}

/// What a translation does.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TranslationReport {
    /// The way.
    pub translation: Translation,
    /// Loudness of the mix as it is heard, LUFS.
    pub integrated_lufs: Reading,
    /// Its difference from the mix's own, LU.
    pub shift_lu: Reading,
    /// As [`TranslatedStem::low_end_db`], of the mix.
    pub low_end_db: Reading,
    /// The stems in their order.
    pub stems: Vec<TranslatedStem>,
}

/// What the power below [`LFE_HZ`] changes by in a way, if that way is without LFE.
fn low_end<S: Sample>(
    way: Translation,
    audio: &Block<'_, S>,
    stream: Stream,
) -> Result<Reading, Error> {
    if way != Translation::NoLfe {
        return Ok(Reading::NotApplicable);
    }
    let low_pass = butterworth(Pass::Low, ORDER, LFE_HZ, stream.rate_hz)?;
    let mut filter = Cascade::new(&low_pass, stream)?;
    let mut low = Buffer::from_block(audio);
    filter.process(Io::new(low.block_mut()))?;
    let (mut mains, mut lfes) = (0.0, 0.0);
    for (channel, speaker) in low.block().channels().zip(stream.layout.speakers()) {
        let energy = kernels::peak_energy(stream.isa, channel).energy;
        *(if speaker.lfe { &mut lfes } else { &mut mains }) += energy;
    }
    let all = mains + db_to_power(LFE_REPLAY_GAIN_DB) * lfes;
    if all > 0.0 {
        Ok(Reading::Value(power_to_db(mains / all).max(DB_FLOOR)))
    } else {
        Ok(Reading::NotApplicable)
    }
}

fn heard<S: Sample>(
    way: Translation,
    audio: &Block<'_, S>,
    stream: Stream,
) -> Result<Reading, Error> {
    let target = way.target(stream.layout)?;
    let heard = Stream { layout: target.layout(), ..stream };
    let mut filter = way.filter(heard)?;
    let mut meter = Meter::<S>::new(meter_setup(audio, &stream), heard)?;
    folded(&target, audio, stream, &mut |block| {
        let mut piece = Buffer::from_block(&block);
        if let Some(filter) = &mut filter {
            filter.process(Io::new(piece.block_mut()))?;
        }
        meter.push(piece.block())
    })?;
    Ok(meter.measurement().integrated_lufs)
}

/// Reads mix and stems in every way of `ways`. Mono is measured as played by two loudspeakers.
///
/// # Shape
/// Mix and stems have the channels of the stream and the same number of frames.
///
/// # Errors
/// A stream out of range, stems of another shape, or a band that is none.
///
/// # Example
/// ```
/// use mixcore::spatial::{CheckedStem, Translation, check_translations};
/// use mixcore::{Block, Layout, Stream, math};
/// // A rumble and a voice: the rumble does not pass a telephone.
/// let tone = |hz: f64| -> Vec<f32> {
///     (0..48_000).map(|n| (0.1 * math::sin(f64::from(n) * hz * 1.3e-4)) as f32).collect()
/// };
/// let (rumble, voice) = (tone(50.0), tone(1000.0));
/// let mix: Vec<f32> = rumble.iter().zip(&voice).map(|(a, b)| a + b).collect();
/// let stem = |name, audio| CheckedStem { name, audio: Block::mono(audio), source: 0 };
/// let stems = [stem("FX", &rumble), stem("DX", &voice)];
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let ways = [Translation::Phone];
/// let reports = check_translations(Block::mono(&mix), &stems, &ways, stream)?;
/// assert!(reports[0].stems[0].integrated_lufs.value().is_none()); // below the gate
/// assert!(reports[0].stems[1].moved_lu.value().unwrap() > 0.0);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn check_translations<S: Sample>(
    mix: Block<'_, S>,
    stems: &[CheckedStem<'_, S>],
    ways: &[Translation],
    stream: Stream,
) -> Result<Vec<TranslationReport>, Error> {
    stream.validate()?;
    mix.check_channels("mix", stream.channel_count())?;
    let own = native_lufs(&mix, stream)?;
    let mut stems_own = Vec::new();
    for stem in stems {
        stem.audio.check_channels("stem", stream.channel_count())?;
        check_frames("stem", stem.audio.frames(), mix.frames())?;
        stems_own.push(native_lufs(&stem.audio, stream)?);
    }
    let mut reports = Vec::new();
    for &translation in ways {
        let integrated_lufs = heard(translation, &mix, stream)?;
        let shift_lu = integrated_lufs.zip(own, |after, before| after - before);
        let mut translated = Vec::new();
        for (stem, own) in stems.iter().zip(&stems_own) {
            let integrated_lufs = heard(translation, &stem.audio, stream)?;
            let shift = integrated_lufs.zip(*own, |after, before| after - before);
            let moved_lu = shift.zip(shift_lu, |stem, mix| stem - mix);
            let low_end_db = low_end(translation, &stem.audio, stream)?;
            translated.push(TranslatedStem { integrated_lufs, moved_lu, low_end_db });
        }
        reports.push(TranslationReport {
            translation,
            integrated_lufs,
            shift_lu,
            low_end_db: low_end(translation, &mix, stream)?,
            stems: translated,
        });
    }
    Ok(reports)
}
