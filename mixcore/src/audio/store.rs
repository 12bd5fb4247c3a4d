//! Where state lives: owned with `alloc`, lent or inline without.

use core::ops::{Deref, DerefMut};

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

#[cfg(not(feature = "alloc"))]
use super::MAX_LAYOUT_CHANNELS;
use crate::error::Error;

/// Long state (delay lines, meter quanta, histories): owned, or lent by the caller.
#[derive(Debug)]
pub enum Store<'a, T> {
    /// Memory of the caller.
    Lent(&'a mut [T]),
    /// Memory of our own.
    #[cfg(feature = "alloc")]
    Owned(Vec<T>),
}

impl<'a, T: Copy> Store<'a, T> {
    /// Owned memory of `len` elements, all `value`.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn owned(len: usize, value: T) -> Self {
        Self::Owned(vec![value; len])
    }

    /// The first `required` elements of lent memory, all set to `value`.
    ///
    /// # Errors
    /// [`Error::Storage`] if the memory is too small.
    pub fn lent(
        what: &'static str,
        memory: &'a mut [T],
        required: usize,
        value: T,
    ) -> Result<Self, Error> {
        let given = memory.len();
        match memory.get_mut(..required) {
            Some(part) => {
                part.fill(value);
                Ok(Self::Lent(part))
            }
            None => Err(Error::Storage { what, given, required }),
        }
    }
}

impl<T> Deref for Store<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Self::Lent(memory) => memory,
            #[cfg(feature = "alloc")]
            Self::Owned(memory) => memory,
        }
    }
}

impl<T> DerefMut for Store<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Lent(memory) => memory,
            #[cfg(feature = "alloc")]
            Self::Owned(memory) => memory,
        }
    }
}

/// Moves what lies from `by` on to the front; what was behind stays as it was. Nothing happens
/// where `by` lies beyond the end.
pub(crate) fn move_to_front<T: Copy>(line: &mut [T], by: usize) {
    if by <= line.len() {
        line.copy_within(by.., 0);
    }
}

/// Small state per channel: sized to the layout with `alloc`, inline for 24 channels without.
#[derive(Clone, Debug)]
pub struct PerChannel<T> {
    #[cfg(feature = "alloc")]
    items: Vec<T>,
    #[cfg(not(feature = "alloc"))]
    items: [T; MAX_LAYOUT_CHANNELS],
    #[cfg(not(feature = "alloc"))]
    len: usize,
}

impl<T: Clone + Default> PerChannel<T> {
    /// One default `T` for each of `channels`.
    ///
    /// # Errors
    /// Without `alloc`: more than 24 channels.
    #[cfg(feature = "alloc")]
    pub fn new(channels: usize) -> Result<Self, Error> {
        Ok(Self { items: vec![T::default(); channels] })
    }

    /// One default `T` for each of `channels`.
    ///
    /// # Errors
    /// Without `alloc`: more than 24 channels.
    #[cfg(not(feature = "alloc"))]
    pub fn new(channels: usize) -> Result<Self, Error> {
        if channels > MAX_LAYOUT_CHANNELS {
            return Err(Error::Storage {
                what: "per-channel",
                given: MAX_LAYOUT_CHANNELS,
                required: channels,
            });
        }
        Ok(Self { items: core::array::from_fn(|_| T::default()), len: channels })
    }
}

impl<T> Deref for PerChannel<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        #[cfg(feature = "alloc")]
        return &self.items;
        #[cfg(not(feature = "alloc"))]
        return self.items.get(..self.len).unwrap_or_default();
    }
}

impl<T> DerefMut for PerChannel<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        #[cfg(feature = "alloc")]
        return &mut self.items;
        #[cfg(not(feature = "alloc"))]
        return self.items.get_mut(..self.len).unwrap_or_default();
    }
}
