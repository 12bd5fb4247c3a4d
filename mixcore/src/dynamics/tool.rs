//! What every tool for dialogue says of itself, and its way through a block: written once.

use super::cells::Cells;
use super::gain_trace::Rows;
use crate::audio::{BlockMut, Sample};
use crate::error::Error;
use crate::stream::{Io, Stream};

/// Read-outs of what was chosen: `setup` and `params`.
macro_rules! chosen {
    ($setup:ty, $params:ty) => {
        /// What was chosen for life.
        #[must_use]
        pub fn setup(&self) -> $setup {
            self.setup
        }

        /// The parameters it stands at or moves to.
        #[must_use]
        pub fn params(&self) -> $params {
            self.params
        }
    };
}

/// `listen` and `set_listen` of a tool that takes something out.
macro_rules! listen {
    () => {
        /// Whether what it takes out is heard alone.
        #[must_use]
        pub fn listen(&self) -> bool {
            self.taken.listens()
        }

        /// Lets what it takes out be heard alone, or the rest again, over 20 ms.
        pub fn set_listen(&mut self, listen: bool) {
            self.taken.set_listen(listen, self.now);
        }
    };
}

/// Statistics of a tool's gain, and its last value, from its `trace`.
macro_rules! gain_stats {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        #[must_use]
        pub fn reduction_stats(&self) -> Option<ReductionStats> {
            self.trace.stats()
        }
    };
}

/// The part of [`crate::stream::Processor`] that is about parameters.
macro_rules! fields_of {
    ($params:ty) => {
        fn fields(&self) -> &'static [Field] {
            <$params>::FIELDS
        }

        fn field(&self, name: &str) -> Option<f64> {
            self.params.get(name)
        }

        fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
            self.set_params(self.params.with(name, value)?)
        }
    };
}

/// Stream and grid of a tool [`OnCells`].
macro_rules! grid {
    () => {
        fn stream(&self) -> &Stream {
            &self.stream
        }

        fn cells(&self) -> &Cells {
            &self.cells
        }
    };
}

pub(super) use {chosen, fields_of, gain_stats, grid, listen};

/// A tool that works on the grid of its cells.
pub(super) trait OnCells<S: Sample> {
    fn stream(&self) -> &Stream;
    fn cells(&self) -> &Cells;
    /// A piece that ends with its cell at the latest; `rows` get its reductions, dB.
    fn piece(&mut self, part: BlockMut<'_, S>, rows: &mut Rows<'_>) -> Result<(), Error>;
}

/// Takes a block without a key through a tool, piece by piece; `trace` gets its reductions, row by row.
pub(super) fn in_pieces<S: Sample>(
    tool: &mut impl OnCells<S>,
    io: Io<'_, S>,
    trace: Option<&mut [f32]>,
) -> Result<(), Error> {
    let mut main = io.without_key()?;
    main.check_channels("block", tool.stream().channel_count())?;
    let mut rows = Rows::new(trace, main.frames());
    let mut at = 0;
    while at < main.frames() {
        let take = tool.cells().piece(main.frames() - at);
        tool.piece(main.range(at, at + take), rows.piece(at, take))?;
        at += take;
    }
    Ok(())
}
