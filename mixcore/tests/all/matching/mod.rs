//! Matching one recording to another: what is read of a voice, the curve, and its filters; by tones
//! whose levels are known, and on the shipped dialogue through known filters.

mod curve;
mod eq;
mod fir;
mod promises;
mod spectrum;

#[cfg(feature = "json")]
mod speech;

use mixcore::analysis::{MatchSpectrum, MatchSpectrumSetup, ThirdOctave, VoiceSpectrum};
use mixcore::audio::Sample;
use mixcore::units::Reading;
use mixcore::{Block, Layout, Stream, math};

/// A phrase, and the pause after it, s: three windows each.
const PHRASE_S: f64 = 0.5;
/// From one to the other, s.
const FADE_S: f64 = 0.1;

/// A spectrum in lent memory, as all feature sets have it.
pub fn spectrum<S: Sample>(setup: MatchSpectrumSetup, stream: Stream) -> MatchSpectrum<'static, S> {
    let need = MatchSpectrum::<S>::required_len(&setup, &stream).unwrap();
    let samples = vec![S::one(); need.samples].leak();
    let numbers = vec![1.0; need.history].leak();
    MatchSpectrum::new_in(setup, stream, samples, numbers).unwrap()
}

/// What is read of one channel with the default setup.
pub fn read<S: Sample>(audio: &[S], rate_hz: f64) -> VoiceSpectrum {
    let stream = Stream::new(rate_hz, Layout::MONO).unwrap();
    let mut spectrum = spectrum(MatchSpectrumSetup::default(), stream);
    spectrum.push(Block::mono(audio)).unwrap();
    spectrum.measurement()
}

/// The band of that nominal frequency.
pub fn band(nominal_hz: f64) -> ThirdOctave {
    ThirdOctave::containing(nominal_hz).unwrap()
}

pub fn value(reading: Reading) -> f64 {
    reading.value().unwrap_or_else(|| panic!("{reading:?}"))
}

/// A voice of tones, one in the centre of each band that the rate has, so that its levels are known:
/// 10 s of phrases with pauses of the same length, in which the same tones are weaker. Both fade into
/// each other, so that no click fills the bands between.
pub fn comb(
    rate_hz: f64,
    voice_dbfs: impl Fn(f64) -> f64,
    noise_dbfs: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let frames = (10.0 * rate_hz) as usize;
    let shares: Vec<f64> = (0..frames).map(|n| voice_share(n as f64 / rate_hz)).collect();
    let mut audio = vec![0.0; frames];
    for (number, band) in ThirdOctave::at_rate(rate_hz).enumerate() {
        let amplitude = |dbfs: f64| math::sqrt(2.0) * math::exp10(dbfs / 20.0);
        let (voice, noise) = (voice_dbfs(band.nominal_hz()), noise_dbfs(band.nominal_hz()));
        let (voice, noise) = (amplitude(voice), amplitude(noise));
        let step = 2.0 * math::PI * band.centre_hz() / rate_hz;
        let (cos, sin) = (math::cos(step), math::sin(step));
        // The phases differ, so that the sum has no common peak. A turn a frame: 1e-10 off in the end.
        let phase = (number * number) as f64;
        let (mut re, mut im) = (math::cos(phase), math::sin(phase));
        for (sample, share) in audio.iter_mut().zip(&shares) {
            *sample += (noise + share * (voice - noise)) * im;
            (re, im) = (re * cos - im * sin, re * sin + im * cos);
        }
    }
    audio
}

/// 1 in phrases, 0 in pauses, a raised cosine between.
fn voice_share(s: f64) -> f64 {
    let place = s % (2.0 * PHRASE_S);
    let from_middle = (place - 0.5 * PHRASE_S).abs().min(2.5 * PHRASE_S - place);
    let into_pause = (from_middle - 0.5 * PHRASE_S + 0.5 * FADE_S) / FADE_S;
    0.5 + 0.5 * math::cos(math::PI * into_pause.clamp(0.0, 1.0))
}
