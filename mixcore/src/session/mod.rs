//! A mix as data, and the renderer that turns it into delivery versions.
//!
//! [`Session`] says what is placed where; [`compile`] makes a [`Renderer`], which pulls audio from
//! the caller's [`Sources`] and gives every version and every stem block by block.

mod balance;
mod compile;
mod deliver;
mod placement;
mod plant;
mod renderer;
#[expect(clippy::module_inception, reason = "the session is what the folder is about")]
mod session;
mod sources;

pub use balance::{Balance, BalanceCaps, Move, Remix, balance, flipped_mono_loss};
pub use compile::{compile, compile_with_isa};
pub use deliver::{Delivery, Progress, StemSource, deliver, edit_session, measure, mix_session};
pub use plant::SessionPlant;
pub use renderer::{Renderer, Step};
pub use session::{Place, Session, Source, Strip, Version};
pub use sources::{InMemory, Sources};

/// The part of a session that is rendered: a programme window, as meters have it.
pub use crate::loudness::ProgrammeWindow as Window;
