//! What sound is made of here: samples, channels, layouts, planar views and buffers.
//!
//! Everything above works on [`Block`] and [`BlockMut`], which borrow the caller's memory.
//! [`Layout`] names the loudspeakers; nothing in mixcore guesses a channel's meaning from its
//! index.

mod block;
#[cfg(feature = "alloc")]
mod buffer;
mod channel;
mod layout;
mod layout_tables;
mod matrix;
mod order;
mod rows;
mod store;

pub use crate::kernels::Sample;
pub use block::{Block, BlockMut, MAX_CHANNELS};
pub(crate) use block::{check_frames, in_chunks};
#[cfg(feature = "alloc")]
pub use buffer::Buffer;
pub use channel::Speaker;
pub use layout::Layout;
pub(crate) use layout::MAX_LAYOUT_CHANNELS;
pub use matrix::matrix;
pub use order::{ChannelMap, ChannelOrder};
pub(crate) use store::move_to_front;
pub use store::{PerChannel, Store};
