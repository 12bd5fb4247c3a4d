//! A mix as data, and the renderer that turns it into delivery versions.
