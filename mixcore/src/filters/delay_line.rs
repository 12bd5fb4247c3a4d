//! The delay line: the signal some whole frames ago, y\[n\] = x\[n − D\], with zeros before the start.
//!
//! A processor with latency has one per channel, and what leaves it is wet and dry at once: the gain
//! of a compressor, the cut of a tamer, the bands of a ducker are applied to it, and without them it is
//! the latency-matched dry signal. [`super::DryPath`] says which processors mix how.
//!
//! A ring for each channel lies with the owner; all rings of an owner stand at the same place.
//!
//! Cost: two copies a sample. Latency: D.

/// Where the rings of a delay of whole frames stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DelayLine {
    /// D, and the length of every ring.
    frames: usize,
    /// Next place to read and write, and where that is once all channels have had their turn.
    at: usize,
    next: usize,
}

impl DelayLine {
    pub(crate) const fn new(frames: usize) -> Self {
        Self { frames, at: 0, next: 0 }
    }

    /// D.
    pub(crate) const fn frames(&self) -> usize {
        self.frames
    }

    /// Back to the start; the owner fills the rings with zeros.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.frames);
    }

    /// The ring of a channel, where they lie one after the other.
    #[inline]
    pub(crate) fn ring<'m, T>(&self, rings: &'m mut [T], channel: usize) -> &'m mut [T] {
        let start = channel.saturating_mul(self.frames);
        rings.get_mut(start..start.saturating_add(self.frames)).unwrap_or_default()
    }

    /// Puts fresh samples into a ring and what they push out into `out` (the shorter of both counts).
    #[inline]
    pub(crate) fn exchange<T: Copy>(&mut self, ring: &mut [T], out: &mut [T], fresh: &[T]) {
        self.next = exchange(ring, self.at, out, fresh);
    }

    /// Exchanges samples for those that their ring holds.
    #[inline]
    pub(crate) fn swap<T>(&mut self, ring: &mut [T], io: &mut [T]) {
        self.next = swap(ring, self.at, io);
    }

    /// All channels have had their turn: the rings move on.
    pub(crate) fn pass(&mut self) {
        self.at = self.next;
    }

    /// The `count` frames, in two parts, of a ring that has had its turn, of which the first one came
    /// in as the `back`-th before the next: 1 is the newest frame, D the oldest. None where the ring
    /// does not hold them.
    pub(crate) fn past<'m, T>(&self, ring: &'m [T], back: usize, count: usize) -> [&'m [T]; 2] {
        if back > self.frames || count > back {
            return [&[], &[]];
        }
        let from = self.next + self.frames - back;
        let from = if from >= self.frames { from - self.frames } else { from };
        let Some((before, behind)) = ring.split_at_checked(from) else { return [&[], &[]] };
        match behind.get(..count) {
            Some(part) => [part, &[]],
            None => [behind, before.get(..count.saturating_sub(behind.len())).unwrap_or_default()],
        }
    }
}

/// As [`DelayLine::exchange`], from a place on; returns the next place.
fn exchange<T: Copy>(ring: &mut [T], at: usize, out: &mut [T], fresh: &[T]) -> usize {
    let mut at = at;
    let count = out.len().min(fresh.len());
    let mut rest = out.get_mut(..count).unwrap_or_default();
    let mut fresh = fresh.get(..count).unwrap_or_default();
    if ring.is_empty() {
        for (out, fresh) in rest.iter_mut().zip(fresh) {
            *out = *fresh;
        }
        return 0;
    }
    if let [slot] = ring {
        // All but the last sample move by one frame: no turn waits for the one before.
        if let ([first, rest @ ..], Some((last, fresh))) = (rest, fresh.split_last()) {
            *first = core::mem::replace(slot, *last);
            for (out, fresh) in rest.iter_mut().zip(fresh) {
                *out = *fresh;
            }
        }
        return 0;
    }
    while !rest.is_empty() {
        let slots = ring.get_mut(at..).unwrap_or_default();
        let count = slots.len().min(rest.len());
        let whole = core::mem::take(&mut rest);
        let Some((out, out_left)) = whole.split_at_mut_checked(count) else { return 0 };
        let Some((new, new_left)) = fresh.split_at_checked(count) else { return 0 };
        for ((out, slot), new) in out.iter_mut().zip(slots).zip(new) {
            *out = *slot;
            *slot = *new;
        }
        (rest, fresh) = (out_left, new_left);
        at = if at + count >= ring.len() { 0 } else { at + count };
        if count == 0 {
            return 0;
        }
    }
    at
}

/// As [`DelayLine::swap`], from a place on; returns the next place.
fn swap<T>(ring: &mut [T], at: usize, io: &mut [T]) -> usize {
    let (mut at, mut rest) = (at, io);
    while !rest.is_empty() {
        let slots = ring.get_mut(at..).unwrap_or_default();
        let count = slots.len().min(rest.len());
        let Some((io, left)) = core::mem::take(&mut rest).split_at_mut_checked(count) else {
            return 0;
        };
        if count == 0 {
            return 0;
        }
        for (io, slot) in io.iter_mut().zip(slots) {
            core::mem::swap(io, slot);
        }
        rest = left;
        at = if at + count >= ring.len() { 0 } else { at + count };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_its_past() {
        for frames in [0, 1, 2, 5, 64, 100] {
            let (mut ring, mut line) = ([0_u32; 100], DelayLine::new(frames));
            let ring = &mut ring[..frames];
            let mut now = 1_u32;
            for (turn, count) in [1, 3, 64, 7, 130, 2, 60].into_iter().enumerate() {
                let fresh: [u32; 130] = core::array::from_fn(|n| now + n as u32);
                let mut out = fresh;
                if turn % 2 == 0 {
                    line.exchange(ring, &mut out[..count], &fresh[..count]);
                } else {
                    line.swap(ring, &mut out[..count]);
                }
                line.pass();
                for (n, out) in (now..).zip(&out[..count]) {
                    assert_eq!(*out, n.saturating_sub(frames as u32), "{frames}");
                }
                now += count as u32;
                for back in 1..=frames {
                    for count in [0, 1, back] {
                        let [first, second] = line.past(ring, back, count);
                        let past = first.iter().chain(second).copied();
                        let first = i64::from(now) - back as i64;
                        let expected = (first..).take(count).map(|n| n.max(0) as u32);
                        assert!(past.eq(expected), "{frames} {back} {count}");
                    }
                }
                let none: [&[u32]; 2] = [&[], &[]];
                assert_eq!(line.past(ring, frames + 1, 1), none);
                assert_eq!(line.past(ring, 0, 1), none);
            }
        }
    }

    #[test]
    fn the_shorter_of_two_counts_is_exchanged() {
        for frames in [0, 1, 2, 5, 100] {
            for (fresh, out) in [(7, 4), (4, 7), (0, 3), (3, 0), (130, 101), (101, 130)] {
                let (mut ring, mut even) = ([0_u32; 100], [0_u32; 100]);
                let (mut line, mut other) = (DelayLine::new(frames), DelayLine::new(frames));
                let input: [u32; 130] = core::array::from_fn(|n| n as u32 + 1);
                let (mut got, mut expected) = ([999; 130], [999; 130]);
                let count = fresh.min(out);
                for _ in 0..3 {
                    line.exchange(&mut ring[..frames], &mut got[..out], &input[..fresh]);
                    other.exchange(&mut even[..frames], &mut expected[..count], &input[..count]);
                    assert_eq!((got, ring), (expected, even), "{frames} {fresh} {out}");
                    line.pass();
                    other.pass();
                    assert_eq!(line.at, other.at, "{frames} {fresh} {out}");
                }
            }
        }
    }
}
