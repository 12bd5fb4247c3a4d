//! From a session to a renderer: validate everything at once, place, align, make the memory.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::placement::Placement;
use super::renderer::{Renderer, StemState, StripState, VersionState};
use super::session::{Session, Version};
use crate::audio::{Buffer, Sample};
use crate::delivery::Role;
use crate::dynamics::{Limiter, LimiterSetup};
use crate::error::{Error, Problems};
use crate::filters::Delay;
use crate::kernels::Isa;
use crate::level::{Fader, FaderParams, FaderSetup};
use crate::stream::{Processor, Stream};

/// Most frames of one block inside the renderer.
const MAX_BLOCK: usize = 65_536;

/// Turns a session into a renderer that works in blocks of at most `max_block` frames.
///
/// # Errors
/// Every problem of the session at once, each with its path.
pub fn compile<S: Sample>(session: &Session, max_block: usize) -> Result<Renderer<S>, Problems> {
    compile_with_isa(session, max_block, Isa::detect())
}

/// [`compile`] at a chosen SIMD level; all levels give the same bits.
///
/// # Errors
/// Every problem of the session at once, each with its path.
pub fn compile_with_isa<S: Sample>(
    session: &Session,
    max_block: usize,
    isa: Isa,
) -> Result<Renderer<S>, Problems> {
    let mut problems = Problems::default();
    let block = Error::check_range("max_block", max_block as f64, 1.0, MAX_BLOCK as f64);
    problems.note("max_block", block);
    check(session, &mut problems);
    problems.or(())?;
    let mut build = Build { session, isa, max_block, problems: Problems::default() };
    match build.renderer() {
        Some(renderer) => Ok(renderer),
        None => Err(build.problems),
    }
}

/// What can be said without building anything.
fn check(session: &Session, problems: &mut Problems) {
    let stream = Stream::new(session.rate_hz, crate::audio::Layout::MONO);
    problems.note("rate_hz", stream);
    if session.programme.frames == 0 {
        problems.push(
            "programme.frames",
            "0",
            "1 or more",
            "give the programme's length in frames",
        );
    }
    if session.programme.start_frame.checked_add(session.programme.frames).is_none() {
        problems.push("programme", "start and length that overflow", "frames of the session", "");
    }
    if session.strips.is_empty() {
        problems.push("strips", "none", "1 or more", "give at least one source");
    }
    if session.versions.is_empty() {
        problems.push("versions", "none", "1 or more", "say what is to be rendered");
    }
    unique("strips", "id", session.strips.iter().map(|strip| strip.id.as_str()), problems);
    unique("versions", "name", session.versions.iter().map(|v| v.name.as_str()), problems);
    for (index, strip) in session.strips.iter().enumerate() {
        let path = format!("strips[{index}]");
        let params = FaderParams { gain_db: strip.gain_db };
        problems.note(&format!("{path}.gain_db"), params.validate());
        let channels = strip.source.layout.channel_count();
        if strip.invert.len() > channels {
            problems.push(
                &format!("{path}.invert"),
                &format!("{} entries", strip.invert.len()),
                &format!("at most {channels}, one per source channel"),
                "",
            );
        }
        for version in &session.versions {
            let placed = Placement::resolve(strip.place, strip.source.layout, version.layout);
            problems.note(&format!("{path}.place in version {:?}", version.name), placed);
        }
    }
    for (index, version) in session.versions.iter().enumerate() {
        let path = format!("versions[{index}]");
        let params = FaderParams { gain_db: version.gain_db };
        problems.note(&format!("{path}.gain_db"), params.validate());
        if let Some(limiter) = &version.limiter {
            problems.note(&format!("{path}.limiter"), limiter.validate());
        }
    }
}

fn unique<'a>(
    list: &str,
    field: &str,
    names: impl Iterator<Item = &'a str>,
    problems: &mut Problems,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, name) in names.enumerate() {
        let path = format!("{list}[{index}].{field}");
        if name.is_empty() {
            problems.push(&path, "an empty text", "a name", "");
        } else if seen.contains(&name) {
            problems.push(
                &path,
                &format!("{name:?} again"),
                "a name used once",
                "give another one",
            );
        }
        seen.push(name);
    }
}

struct Build<'a> {
    session: &'a Session,
    isa: Isa,
    max_block: usize,
    problems: Problems,
}

impl Build<'_> {
    /// A value, or nothing and its problem noted.
    fn keep<T>(&mut self, path: &str, result: Result<T, Error>) -> Option<T> {
        self.problems.note(path, result)
    }

    fn renderer<S: Sample>(&mut self) -> Option<Renderer<S>> {
        let session = self.session;
        let mut strips = Vec::new();
        for (index, strip) in session.strips.iter().enumerate() {
            let path = format!("strips[{index}]");
            let stream = Stream::with_isa(session.rate_hz, strip.source.layout, self.isa);
            let stream = self.keep(&path, stream)?;
            let mut setup = FaderSetup::default();
            for (channel, _) in strip.invert.iter().enumerate().filter(|(_, invert)| **invert) {
                setup = self.keep(&path, setup.with_inverted(channel))?;
            }
            let fader = Fader::new(setup, FaderParams { gain_db: strip.gain_db }, stream);
            strips.push(StripState {
                source: strip.source.id,
                fader: self.keep(&path, fader)?,
                audio: self.buffer(&path, stream.channel_count())?,
                faults: 0,
            });
        }
        let mut limiters = Vec::new();
        for (index, version) in session.versions.iter().enumerate() {
            limiters.push(self.limiter(&format!("versions[{index}]"), version)?);
        }
        let latency = limiters.iter().flatten().map(Processor::latency_frames).max().unwrap_or(0);
        let mut versions = Vec::new();
        for (index, (version, limiter)) in session.versions.iter().zip(limiters).enumerate() {
            versions.push(self.version(
                &format!("versions[{index}]"),
                version,
                limiter,
                latency,
            )?);
        }
        Some(Renderer {
            isa: self.isa,
            window: session.programme,
            max_block: self.max_block,
            latency,
            strips,
            versions,
            sum: vec![0.0; self.max_block],
            fed: 0,
        })
    }

    fn buffer<S: Sample>(&mut self, path: &str, channels: usize) -> Option<Buffer<S>> {
        let buffer = Buffer::new(channels, self.max_block);
        self.keep(path, buffer)
    }

    fn limiter<S: Sample>(
        &mut self,
        path: &str,
        version: &Version,
    ) -> Option<Option<Limiter<'static, S>>> {
        let Some(params) = version.limiter else { return Some(None) };
        let stream = Stream::with_isa(self.session.rate_hz, version.layout, self.isa);
        let stream = self.keep(path, stream)?;
        let limiter = Limiter::new(LimiterSetup::default(), params, stream);
        self.keep(path, limiter).map(Some)
    }

    fn version<S: Sample>(
        &mut self,
        path: &str,
        version: &Version,
        limiter: Option<Limiter<'static, S>>,
        latency: usize,
    ) -> Option<VersionState<S>> {
        let stream = Stream::with_isa(self.session.rate_hz, version.layout, self.isa);
        let stream = self.keep(path, stream)?;
        let channels = stream.channel_count();
        let mut stems: Vec<StemState<S>> = Vec::new();
        for (index, strip) in self.session.strips.iter().enumerate() {
            let placed = Placement::resolve(strip.place, strip.source.layout, version.layout);
            let placed = self.keep(path, placed)?;
            let at = match stems.iter().position(|stem| stem.role == strip.role) {
                Some(at) => at,
                None => {
                    stems.push(self.stem(path, version, strip.role, stream, latency)?);
                    stems.len() - 1
                }
            };
            let connections = placed.connections().map(|(to, from, gain)| (index, to, from, gain));
            stems[at].connections.extend(connections);
        }
        for stem in &mut stems {
            // Stable: strips stay in declared order inside a channel.
            stem.connections.sort_by_key(|&(_, channel, _, _)| channel);
        }
        stems.sort_by_key(|stem| stem.role);
        let own = limiter.as_ref().map_or(0, Processor::latency_frames);
        let delay = Delay::new(latency - own, stream);
        Some(VersionState {
            stems,
            limiter,
            delay: self.keep(path, delay)?,
            audio: self.buffer(path, channels)?,
            enabled: true,
        })
    }

    fn stem<S: Sample>(
        &mut self,
        path: &str,
        version: &Version,
        role: Role,
        stream: Stream,
        latency: usize,
    ) -> Option<StemState<S>> {
        let params = FaderParams { gain_db: version.gain_db };
        let fader = Fader::new(FaderSetup::default(), params, stream);
        let delay = Delay::new(latency, stream);
        Some(StemState {
            role,
            connections: Vec::new(),
            fader: self.keep(path, fader)?,
            delay: self.keep(path, delay)?,
            audio: self.buffer(path, stream.channel_count())?,
        })
    }
}
