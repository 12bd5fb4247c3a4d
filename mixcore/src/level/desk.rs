//! The desk: strips, buses, VCAs and sends, and the one gain curve that each edge comes to.
//!
//! A mixing desk is a graph. Its nodes are strips (sources) and buses (sums); its edges are the
//! output of each node and its sends. [`Desk`] is that graph as data; [`Desk::resolve`] is a pure
//! function from it to the gain of every edge, which [`super::sum_bus`] applies. Nothing is kept and
//! nothing runs: after a change the desk is resolved anew, and who applies the gains fades from the
//! old ones to the new.
//!
//! # What an edge's gain is made of
//! Everything multiplies, so decibels add up:
//!
//! | edge | level |
//! |---|---|
//! | output | fader + VCA + VCA of that VCA … |
//! | post-fader send | the same + send |
//! | pre-fader send | send |
//!
//! A fader is its `gain_db` plus, where there is one, its automation; so are a VCA and a send. A VCA
//! has no signal path: it adds its decibels to its members'. A level of -144 dB is exact zero.
//!
//! # Mute and solo
//! - **Mute wins.** A muted node shuts all its edges, pre-fader sends too, soloed or not. A muted VCA
//!   mutes its members. A muted send shuts itself alone.
//! - **Solo in place.** As soon as one strip or bus is soloed, by itself or by its VCA, an edge is
//!   open only if it lies on a path through a soloed node: the paths of a soloed strip through all
//!   its buses and sends to the end stay open, and so does all that feeds a soloed bus. Levels and
//!   places stay as they are. Other sources into the same bus are shut at their own edges, so an open
//!   bus carries the soloed ones alone. (Where a bus carries one soloed strip and feeds another soloed
//!   bus, all that feeds it goes both ways: an edge is open or shut for all that comes through.)
//! - **Solo-safe.** A safe node is never muted by another's solo, and neither is its path to the end.
//!   Its inputs are not opened by it: a safe reverb return is heard with what the soloed strips send
//!   to it. Explicit mute shuts a safe node as any other.
//! - **Listening.** [`Listen::Pfl`] (pre-fader) is the node's signal before fader, VCA and mute;
//!   [`Listen::Afl`] (after-fader) the one after all three. Both are gains for a monitor path and
//!   change no edge of the mix; solo does not act on them.
//!
//! Sources: the practice of mixing consoles; Ardour's manual describes solo in place and solo-safe
//! ("solo isolate") alike [unverified]. Desks differ on pre-fader sends of a muted strip: here mute
//! stands before both taps.
//!
//! Cost: a few passes over all edges, off the audio thread. Latency: none.
//! Limits: at most 128 buses; VCAs nested 8 deep; one VCA a node (nest them for more). Pan, width
//! and inserts belong to strips elsewhere.

use super::automation::Automation;
use super::bus::EdgeGain;
use super::fader::{FADER_FLOOR_DB, FADER_TOP_DB, level_db};
use crate::error::Error;

/// Most buses of a desk.
pub const MAX_BUSES: usize = 128;

/// Most VCAs in a chain.
pub const MAX_VCA_NESTING: usize = 8;

/// A node of the desk, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node {
    /// A strip: a source with a fader.
    Strip(usize),
    /// A bus: a sum with a fader.
    Bus(usize),
}

/// The fader of a strip or a bus, and where it leads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeskStrip<'a> {
    /// Fader level, dB: -144 (exact zero) to 24.
    pub gain_db: f64,
    /// What the fader's automation adds.
    pub automation: Option<Automation<'a>>,
    /// Explicit mute.
    pub muted: bool,
    /// Solo in place.
    pub soloed: bool,
    /// Never muted by another's solo.
    pub solo_safe: bool,
    /// Index of the VCA it belongs to.
    pub vca: Option<usize>,
    /// Index of the bus it feeds; none leaves the desk.
    pub output: Option<usize>,
}

/// A VCA group: a level, a mute and a solo for all its members.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeskVca<'a> {
    /// Level, dB: -144 (exact zero) to 24.
    pub gain_db: f64,
    /// What its automation adds.
    pub automation: Option<Automation<'a>>,
    /// Mutes all members.
    pub muted: bool,
    /// Solos all members.
    pub soloed: bool,
    /// Index of the VCA that it belongs to itself.
    pub parent: Option<usize>,
}

/// Where a send takes its signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tap {
    /// Before fader and VCA (but after mute).
    PreFader,
    /// After fader and VCA.
    #[default]
    PostFader,
}

/// A send from a node to a bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeskSend<'a> {
    /// Where it comes from.
    pub from: Node,
    /// Index of the bus it feeds.
    pub to: usize,
    /// Where it takes the signal.
    pub tap: Tap,
    /// Level, dB: -144 (exact zero) to 24.
    pub gain_db: f64,
    /// What its automation adds.
    pub automation: Option<Automation<'a>>,
    /// Shuts this send.
    pub muted: bool,
}

/// How a node is listened to beside the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Pre-fader listen: before fader, VCA and mute.
    Pfl,
    /// After-fader listen: after fader, VCA and mute.
    Afl,
}

/// An edge into a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edge {
    /// The output of a node.
    Output(Node),
    /// A send, by its index.
    Send(usize),
}

/// A whole desk as data, in declared order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Desk<'a> {
    /// Sources.
    pub strips: &'a [DeskStrip<'a>],
    /// Sums.
    pub buses: &'a [DeskStrip<'a>],
    /// Groups.
    pub vcas: &'a [DeskVca<'a>],
    /// Sends.
    pub sends: &'a [DeskSend<'a>],
}

/// A bit per bus.
type Buses = u128;

fn bit(bus: usize) -> Buses {
    u32::try_from(bus).ok().and_then(|bus| Buses::checked_shl(1, bus)).unwrap_or(0)
}

/// A desk that holds together, with mute and solo worked out.
///
/// # Example
/// ```
/// use mixcore::level::{Desk, DeskStrip, DeskVca, Node};
/// // Dialogue and music into the main bus, both in a VCA at -2 dB; dialogue is soloed.
/// let strip = |gain_db, soloed| DeskStrip {
///     gain_db, soloed, vca: Some(0), output: Some(0), ..DeskStrip::default()
/// };
/// let desk = Desk {
///     strips: &[strip(-4.0, true), strip(-10.0, false)],
///     buses: &[DeskStrip::default()],
///     vcas: &[DeskVca { gain_db: -2.0, ..DeskVca::default() }],
///     sends: &[],
/// };
/// let resolved = desk.resolve()?;
/// let levels = [Node::Strip(0), Node::Bus(0)].map(|node| resolved.output_gain(node).db_at(0));
/// assert_eq!(levels, [-6.0, 0.0]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a> {
    desk: Desk<'a>,
    /// Somebody is soloed.
    solo: bool,
    /// Buses that are soloed or safe, or that such a node leads to.
    carries: Buses,
    /// Buses that are soloed or lead to such a bus.
    feeds: Buses,
    order: [u8; MAX_BUSES],
}

impl<'a> Desk<'a> {
    /// Checks the desk and works out mute and solo.
    ///
    /// # Errors
    /// A level out of range, an index of a bus, VCA or node that there is not (both name the item,
    /// its index, the field, the value and the bounds); a VCA or a bus that leads back to itself;
    /// VCAs nested more than 8 deep; more than 128 buses.
    pub fn resolve(&self) -> Result<Resolved<'a>, Error> {
        self.validate()?;
        let order = self.order()?;
        let mut resolved = Resolved { desk: *self, solo: false, carries: 0, feeds: 0, order };
        resolved.work_out_solo();
        Ok(resolved)
    }

    fn validate(&self) -> Result<(), Error> {
        #[expect(clippy::cast_precision_loss, reason = "a count in a message")]
        Error::check_range("buses", self.buses.len() as f64, 0.0, MAX_BUSES as f64)?;
        for (index, vca) in self.vcas.iter().enumerate() {
            check_level(("VCA", index), vca.gain_db)?;
            check_index(("VCA", index), "parent", vca.parent, self.vcas.len())?;
        }
        for index in 0..self.vcas.len() {
            self.check_chain(index)?;
        }
        for (item, strips) in [("strip", self.strips), ("bus", self.buses)] {
            for (index, strip) in strips.iter().enumerate() {
                check_level((item, index), strip.gain_db)?;
                check_index((item, index), "vca", strip.vca, self.vcas.len())?;
                check_index((item, index), "output", strip.output, self.buses.len())?;
            }
        }
        for (index, send) in self.sends.iter().enumerate() {
            let (field, from, count) = match send.from {
                Node::Strip(strip) => ("from strip", strip, self.strips.len()),
                Node::Bus(bus) => ("from bus", bus, self.buses.len()),
            };
            check_level(("send", index), send.gain_db)?;
            check_index(("send", index), field, Some(from), count)?;
            check_index(("send", index), "to", Some(send.to), self.buses.len())?;
        }
        Ok(())
    }

    /// The chain from a VCA upwards ends, and soon enough.
    fn check_chain(&self, index: usize) -> Result<(), Error> {
        let mut at = self.vcas.get(index).and_then(|vca| vca.parent);
        let mut depth = 1;
        while let Some(parent) = at {
            if parent == index {
                return Err(Error::Cycle { item: "VCA", index });
            }
            depth += 1;
            // A circle that does not come back here is found from one of its own.
            if depth > self.vcas.len() {
                return Ok(());
            }
            at = self.vcas.get(parent).and_then(|vca| vca.parent);
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let (given, max) = (depth as f64, MAX_VCA_NESTING as f64);
        Error::check_item(("VCA", index), "nesting", given, 1.0, max).map(|_| ())
    }

    /// The buses such that each comes after all that feed it; in declared order where that is free.
    fn order(&self) -> Result<[u8; MAX_BUSES], Error> {
        let mut order = [0; MAX_BUSES];
        let mut done: Buses = 0;
        for slot in order.iter_mut().take(self.buses.len()) {
            let is_ready = |bus: &usize| {
                done & bit(*bus) == 0 && self.feeders(*bus).all(|feeder| done & bit(feeder) != 0)
            };
            let waiting = |bus: &usize| done & bit(*bus) == 0;
            match (0..self.buses.len()).find(is_ready) {
                Some(next) => {
                    done |= bit(next);
                    *slot = u8::try_from(next).unwrap_or_default();
                }
                None => {
                    // Of those that wait, one that waits for itself.
                    let circle =
                        (0..self.buses.len()).filter(waiting).find(|bus| self.reaches(*bus));
                    return Err(Error::Cycle { item: "bus", index: circle.unwrap_or_default() });
                }
            }
        }
        Ok(order)
    }

    /// Buses that feed a bus, through their outputs and sends.
    fn feeders(&self, bus: usize) -> impl Iterator<Item = usize> {
        let outputs = self.buses.iter().enumerate();
        let outputs =
            outputs.filter(move |(_, from)| from.output == Some(bus)).map(|(from, _)| from);
        let sends = self.sends.iter().filter(move |send| send.to == bus);
        outputs.chain(sends.filter_map(|send| match send.from {
            Node::Bus(from) => Some(from),
            Node::Strip(_) => None,
        }))
    }

    /// A bus leads back to itself.
    fn reaches(&self, bus: usize) -> bool {
        let mut reached: Buses = 0;
        for _ in 0..=self.buses.len() {
            for to in 0..self.buses.len() {
                if self.feeders(to).any(|from| from == bus || reached & bit(from) != 0) {
                    reached |= bit(to);
                }
            }
        }
        reached & bit(bus) != 0
    }

    fn strip(&self, node: Node) -> Option<&'a DeskStrip<'a>> {
        match node {
            Node::Strip(index) => self.strips.get(index),
            Node::Bus(index) => self.buses.get(index),
        }
    }

    /// A VCA and those above it.
    fn chain(&self, vca: Option<usize>) -> impl Iterator<Item = &'a DeskVca<'a>> {
        let vcas = self.vcas;
        let first = vca.and_then(|index| vcas.get(index));
        core::iter::successors(first, |vca| vca.parent.and_then(|index| vcas.get(index)))
            .take(MAX_VCA_NESTING)
    }
}

impl<'a> Resolved<'a> {
    /// The buses such that each comes after all that feed it; in declared order where that is free.
    pub fn bus_order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().take(self.desk.buses.len()).map(|&bus| usize::from(bus))
    }

    /// The gain of a node's output; shut for a node that there is not.
    #[must_use]
    pub fn output_gain(&self, node: Node) -> EdgeGain<'a> {
        match self.desk.strip(node) {
            Some(strip) if self.is_open(node, strip.output) => self.faded(strip),
            _ => EdgeGain::SHUT,
        }
    }

    /// The gain of a send; shut for one that there is not.
    #[must_use]
    pub fn send_gain(&self, index: usize) -> EdgeGain<'a> {
        let Some(send) = self.desk.sends.get(index) else { return EdgeGain::SHUT };
        let Some(strip) = self.desk.strip(send.from) else { return EdgeGain::SHUT };
        if send.muted || !self.is_open(send.from, Some(send.to)) {
            return EdgeGain::SHUT;
        }
        let tapped = match send.tap {
            Tap::PreFader => EdgeGain::UNITY,
            Tap::PostFader => self.faded(strip),
        };
        with_level(tapped, send.gain_db, send.automation)
    }

    /// All edges into a bus in the order in which they are summed: the outputs of strips, then of
    /// buses, then sends, each as declared.
    pub fn inputs(&self, bus: usize) -> impl Iterator<Item = (Edge, EdgeGain<'a>)> {
        let strips = self.desk.strips.iter().enumerate();
        let strips = strips.map(|(index, strip)| (Node::Strip(index), strip.output));
        let buses = self.desk.buses.iter().enumerate();
        let buses = buses.map(|(index, strip)| (Node::Bus(index), strip.output));
        let outputs = strips
            .chain(buses)
            .filter(move |(_, output)| *output == Some(bus))
            .map(|(node, _)| (Edge::Output(node), self.output_gain(node)));
        let sends = self.desk.sends.iter().enumerate().filter(move |(_, send)| send.to == bus);
        outputs.chain(sends.map(|(index, _)| (Edge::Send(index), self.send_gain(index))))
    }

    /// The gain at which a node is listened to beside the mix.
    #[must_use]
    pub fn listen_gain(&self, node: Node, listen: Listen) -> EdgeGain<'a> {
        match (self.desk.strip(node), listen) {
            (Some(_), Listen::Pfl) => EdgeGain::UNITY,
            (Some(strip), Listen::Afl) if !self.is_muted(node) => self.faded(strip),
            _ => EdgeGain::SHUT,
        }
    }

    /// Somebody is soloed.
    #[must_use]
    pub fn is_solo_active(&self) -> bool {
        self.solo
    }

    /// A node is muted, by itself or by a VCA.
    #[must_use]
    pub fn is_muted(&self, node: Node) -> bool {
        self.desk
            .strip(node)
            .is_none_or(|strip| strip.muted || self.desk.chain(strip.vca).any(|vca| vca.muted))
    }

    /// A node is soloed, by itself or by a VCA.
    #[must_use]
    pub fn is_soloed(&self, node: Node) -> bool {
        self.desk.strip(node).is_some_and(|strip| self.soloed(strip))
    }

    fn soloed(&self, strip: &DeskStrip<'_>) -> bool {
        strip.soloed || self.desk.chain(strip.vca).any(|vca| vca.soloed)
    }

    /// A node's signal gets through an edge to `to` (none is the end of the desk).
    fn is_open(&self, node: Node, to: Option<usize>) -> bool {
        if self.is_muted(node) {
            return false;
        }
        let kept = match node {
            Node::Strip(index) => {
                self.desk.strips.get(index).is_some_and(|strip| self.keeps(strip))
            }
            Node::Bus(index) => self.carries & bit(index) != 0,
        };
        !self.solo || kept || to.is_some_and(|bus| self.feeds & bit(bus) != 0)
    }

    /// A solo leaves this node's own paths open.
    fn keeps(&self, strip: &DeskStrip<'_>) -> bool {
        strip.solo_safe || self.soloed(strip)
    }

    /// Fader and VCAs.
    fn faded(&self, strip: &DeskStrip<'a>) -> EdgeGain<'a> {
        let fader = with_level(EdgeGain::UNITY, strip.gain_db, strip.automation);
        self.desk
            .chain(strip.vca)
            .fold(fader, |gain, vca| with_level(gain, vca.gain_db, vca.automation))
    }

    fn work_out_solo(&mut self) {
        let desk = self.desk;
        self.solo = desk.strips.iter().chain(desk.buses).any(|strip| self.soloed(strip));
        let kept = |node: Node| match node {
            Node::Strip(index) => desk.strips.get(index).is_some_and(|strip| self.keeps(strip)),
            Node::Bus(_) => false,
        };
        let mut carries: Buses = 0;
        for (bus, strip) in desk.buses.iter().enumerate() {
            let fed = desk.strips.iter().any(|from| from.output == Some(bus) && self.keeps(from))
                || desk.sends.iter().any(|send| send.to == bus && kept(send.from));
            if fed || self.keeps(strip) {
                carries |= bit(bus);
            }
        }
        // Downstream in the order of the buses, upstream against it: one pass each.
        for bus in self.bus_order() {
            if desk.feeders(bus).any(|from| carries & bit(from) != 0) {
                carries |= bit(bus);
            }
        }
        let mut feeds: Buses = 0;
        for (index, _) in self.order.iter().take(desk.buses.len()).enumerate() {
            let last = desk.buses.len() - 1 - index;
            let bus = self.order.get(last).map_or(0, |&bus| usize::from(bus));
            if desk.buses.get(bus).is_some_and(|strip| self.soloed(strip)) {
                feeds |= bit(bus);
            }
            if feeds & bit(bus) != 0 {
                for from in desk.feeders(bus) {
                    feeds |= bit(from);
                }
            }
        }
        (self.carries, self.feeds) = (carries, feeds);
    }
}

/// A gain with one more level, and the automation that is added to it.
fn with_level<'a>(gain: EdgeGain<'a>, db: f64, lane: Option<Automation<'a>>) -> EdgeGain<'a> {
    let gain = gain.and_db(level_db(db));
    match lane {
        Some(lane) => gain.and_lane(lane),
        None => gain,
    }
}

fn check_level(item: (&'static str, usize), gain_db: f64) -> Result<(), Error> {
    Error::check_item(item, "gain_db", gain_db, FADER_FLOOR_DB, FADER_TOP_DB).map(|_| ())
}

/// An index of another list, where there is one.
fn check_index(
    item: (&'static str, usize),
    field: &'static str,
    given: Option<usize>,
    count: usize,
) -> Result<(), Error> {
    match given {
        Some(given) if given >= count => {
            #[expect(clippy::cast_precision_loss, reason = "indices in a message")]
            let (given, max) = (given as f64, count as f64 - 1.0);
            let (item, index) = item;
            Err(Error::ItemOutOfRange { item, index, field, given, min: 0.0, max })
        }
        _ => Ok(()),
    }
}
