//! What was measured, as attributes.

use std::sync::Arc;

use mixcore::delivery::{self, Of, Quantity, Reading};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::errors::value_error;

/// Everything that was read from one programme: loudness, peaks, dialogue, fold-downs.
///
/// Every reading is an attribute named after its quantity and unit. Where there is no value (too
/// short, silent, not measured) it is ``None``, and :meth:`reason` says why. Peaks and loudness are
/// in dB relative to full scale; nothing is ever minus infinity.
///
/// Examples
/// --------
/// >>> import numpy, mixcore
/// >>> tone = 0.1 * numpy.sin(2 * numpy.pi * 997 * numpy.arange(96000) / 48000)
/// >>> found = mixcore.measure(tone, 48000)
/// >>> round(found.integrated_lufs, 1)
/// -23.0
/// >>> found.loudness_range_lu is None, found.reason("loudness_range_lu")
/// (True, 'too short (2.0 s of 3.0 s)')
#[pyclass(frozen, module = "mixcore")]
pub(crate) struct Measurement(pub(crate) Arc<delivery::Measurement>);

/// One getter per quantity: the table of the core, spelt out for editors and type checkers.
macro_rules! getters {
    ($($(#[doc = $doc:literal])+ $name:ident: $quantity:ident;)+) => {
        #[pymethods]
        impl Measurement {
            $(
                $(#[doc = $doc])+
                #[getter]
                fn $name(&self) -> Option<f64> {
                    self.0.get(Quantity::$quantity).value()
                }
            )+
        }
    };
}

getters! {
    /// Gated loudness of the whole programme, LUFS (BS.1770-5).
    integrated_lufs: IntegratedLufs;
    /// Loudness of the whole programme without gates, LUFS (BS.1770-1).
    ungated_lufs: UngatedLufs;
    /// Loudest 400 ms, LUFS.
    momentary_max_lufs: MomentaryMaxLufs;
    /// Loudest 3 s, LUFS.
    short_term_max_lufs: ShortTermMaxLufs;
    /// Loudness range, LU (EBU Tech 3342).
    loudness_range_lu: LoudnessRangeLu;
    /// Loudness range as meters with a 1 s grid read it, LU.
    loudness_range_1s_lu: LoudnessRange1sLu;
    /// True peak, dBTP.
    true_peak_dbtp: TruePeakDbtp;
    /// True peak as the printed 4 x 12-tap filter of BS.1770 reads it, dBTP.
    true_peak_annex2_dbtp: TruePeakAnnex2Dbtp;
    /// True peak as the 4x 49-tap windowed sinc of common meters reads it, dBTP.
    true_peak_49tap_dbtp: TruePeak49TapDbtp;
    /// Largest sample, dBFS.
    sample_peak_dbfs: SamplePeakDbfs;
    /// RMS level of the whole, all channels as power, dBFS; a full-scale sine reads -3.01.
    rms_dbfs: RmsDbfs;
    /// RMS level of the quietest 0.5 s, dBFS.
    noise_floor_dbfs: NoiseFloorDbfs;
    /// Equivalent level of a cinema, Leq(M), dB; the core's ``LeqMeter`` measures it.
    leq_m_db: LeqMDb;
    /// Loudness while the dialogue is active, LUFS; needs a dialogue stem.
    dialogue_lufs: DialogueLufs;
    /// Loudness of the gating blocks inside dialogue, LUFS (ATSC A/85: the selection is the gate).
    dialogue_selection_lufs: DialogueSelectionLufs;
    /// Level-gated loudness of all dialogue, LUFS (EBU R 128 s4, wide range).
    dialogue_wide_lufs: DialogueWideLufs;
    /// Mean of three 30 s sections of dialogue, LUFS (EBU R 128 s4, narrow range).
    dialogue_narrow_lufs: DialogueNarrowLufs;
    /// Loudness of the music over a phrase, LUFS; needs stems.
    music_lufs: MusicLufs;
    /// Share of the programme in which the dialogue is active, percent; needs a dialogue stem.
    dialogue_percent: DialoguePercent;
    /// Loudness range of the programme while the dialogue is active, LU; needs a dialogue stem.
    dialogue_range_lu: DialogueRangeLu;
    /// Programme loudness minus dialogue loudness, LU; needs a dialogue stem.
    ldr_lu: LdrLu;
    /// True peak minus integrated loudness, dB.
    plr_db: PlrDb;
    /// True peak minus short-term loudness, tenth percentile, dB.
    psr_low_percentile_db: PsrLowPercentileDb;
    /// Gain to ReplayGain 2's reference of -18 LUFS, dB.
    replay_gain_db: ReplayGainDb;
    /// Dialogue minus music over the worst phrase, LU; needs both stems.
    dialogue_over_music_lu: DialogueOverMusicLu;
    /// Loudness that is lost when (L+R)/2 plays on both loudspeakers, LU.
    mono_loss_lu: MonoLossLu;
    /// Loudness of a fold-down minus that of the programme, LU; see ``fold_downs``.
    fold_down_shift_lu: FoldDownShiftLu;
    /// Samples that were not finite or beyond 1e6 and were taken as 0.
    faults: Faults;
    /// Length of the material, s.
    duration_s: DurationS;
}

fn quantity(key: &str) -> PyResult<Quantity> {
    Quantity::from_key(key).map_err(|error| PyKeyError::new_err(error.to_string()))
}

/// The readings of one thing as a dict from key to value or None.
fn readings<'py>(
    py: Python<'py>,
    read: impl Fn(Quantity) -> Reading,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for &quantity in Quantity::ALL {
        let reading = read(quantity);
        if reading != Reading::NotApplicable {
            dict.set_item(quantity.key(), reading.value())?;
        }
    }
    Ok(dict)
}

#[pymethods]
impl Measurement {
    /// Why a reading is ``None``; ``None`` where there is a value.
    ///
    /// Parameters
    /// ----------
    /// key : str
    ///     Name of the quantity, such as ``"loudness_range_lu"``.
    #[pyo3(signature = (key, /))]
    fn reason(&self, key: &str) -> PyResult<Option<String>> {
        let reading = self.0.get(quantity(key)?);
        Ok(reading.value().is_none().then(|| reading.to_string()))
    }

    /// The frame at which a maximum was reached, or ``None``.
    #[pyo3(signature = (key, /))]
    fn frame_of(&self, key: &str) -> PyResult<Option<u64>> {
        Ok(self.0.frame_of(&Of::Programme, quantity(key)?))
    }

    /// Name of what was measured.
    #[getter]
    fn title(&self) -> &str {
        &self.0.header().title
    }

    /// Sample rate, Hz.
    #[getter]
    fn rate_hz(&self) -> f64 {
        self.0.header().rate_hz()
    }

    /// Name of the layout.
    #[getter]
    fn layout(&self) -> &'static str {
        self.0.header().layout().name()
    }

    /// Frames per channel.
    #[getter]
    fn frames(&self) -> u64 {
        self.0.header().frames()
    }

    /// The edition of ITU-R BS.1770 that ``integrated_lufs`` follows.
    #[getter]
    fn loudness_edition(&self) -> &'static str {
        self.0.header().loudness_edition.name()
    }

    /// How dialogue was found, or ``None`` without dialogue readings. It is not the licensed speech
    /// gate that some platforms use.
    #[getter]
    fn dialogue_detector(&self) -> Option<&str> {
        self.0.header().dialogue_detector.as_deref()
    }

    /// Readings of each channel: a dict from loudspeaker label to a dict of readings.
    #[getter]
    fn channels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for channel in self.0.channels() {
            dict.set_item(channel.label, readings(py, |quantity| channel.readings.get(quantity))?)?;
        }
        Ok(dict)
    }

    /// Readings of each fold-down: a dict from its name to a dict of readings.
    #[getter]
    fn fold_downs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for fold_down in self.0.fold_downs() {
            let of = Of::FoldDown(fold_down.name.clone());
            dict.set_item(&fold_down.name, readings(py, |quantity| self.0.get_of(&of, quantity))?)?;
        }
        Ok(dict)
    }

    /// The phrases of the dialogue in the order of time, a dict each with ``start_s``, ``end_s``,
    /// ``dialogue_lufs``, ``music_lufs`` and ``over_music_lu``; empty without a dialogue stem.
    #[getter]
    fn phrases<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let rate_hz = self.0.header().rate_hz();
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let seconds = |frame: u64| frame as f64 / rate_hz;
        let phrase = |phrase: &delivery::PhraseReading| {
            let dict = PyDict::new(py);
            dict.set_item("start_s", seconds(phrase.start_frame))?;
            dict.set_item("end_s", seconds(phrase.end_frame))?;
            dict.set_item("dialogue_lufs", phrase.dialogue_lufs.value())?;
            dict.set_item("music_lufs", phrase.music_lufs.value())?;
            dict.set_item("over_music_lu", phrase.over_music_lu.value())?;
            Ok(dict)
        };
        self.0.phrases().iter().map(phrase).collect()
    }

    /// The readings of the programme as a dict, in the order of a report.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        readings(py, |quantity| self.0.get(quantity))
    }

    /// Everything as JSON that :meth:`from_json` reads back.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// Read a measurement that :meth:`to_json` has written.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        delivery::Measurement::from_json(text)
            .map(|measurement| Self(Arc::new(measurement)))
            .map_err(value_error)
    }

    fn __repr__(&self) -> String {
        let header = self.0.header();
        let show = |quantity: Quantity| {
            let (unit, decimals) = (quantity.unit(), usize::from(quantity.info().decimals));
            match self.0.get(quantity) {
                Reading::Value(value) => format!("{value:.decimals$} {unit}"),
                reason => format!("{}: {reason}", quantity.name()),
            }
        };
        format!(
            "<mixcore.Measurement {:?}, {}, {:.2} s: {}, {}>",
            header.title,
            header.layout(),
            header.duration_s(),
            show(Quantity::IntegratedLufs),
            show(Quantity::TruePeakDbtp),
        )
    }

    /// A table of all readings, for notebooks.
    fn _repr_html_(&self) -> String {
        let mut rows = String::new();
        for &quantity in Quantity::ALL {
            let reading = self.0.get(quantity);
            if reading == Reading::NotApplicable {
                continue;
            }
            let value = match reading {
                Reading::Value(value) => {
                    let decimals = usize::from(quantity.info().decimals);
                    format!("{:.decimals$} {}", value + 0.0, quantity.unit())
                }
                reason => format!("<em>{reason}</em>"),
            };
            rows.push_str(&format!(
                "<tr><td style=\"text-align:left;padding:2px 12px 2px 0\">{}</td><td style=\"text-align:right\">{}</td></tr>",
                quantity.name(),
                value.trim_end(),
            ));
        }
        let header = self.0.header();
        format!(
            "<table><caption style=\"text-align:left;font-weight:bold;white-space:nowrap\">{}: {}, {} Hz</caption><tbody>{rows}</tbody></table>",
            escape(shown_title(&self.0)),
            header.layout(),
            header.rate_hz(),
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_json")?, (self.to_json(),)))
    }
}

/// What a reader calls it: arrays have no name unless the caller gives one.
pub(crate) fn shown_title(measurement: &delivery::Measurement) -> &str {
    let title = &measurement.header().title;
    if title.is_empty() { "Measurement" } else { title }
}

/// Text inside HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The keys of all quantities, in the order of a report.
#[pyfunction]
pub(crate) fn quantities() -> Vec<&'static str> {
    Quantity::ALL.iter().map(|quantity| quantity.key()).collect()
}
