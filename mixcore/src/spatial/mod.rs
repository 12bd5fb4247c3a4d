//! The third layer of a mix: where every sound stands, and what is left of it in a fold-down.
