//! The second layer of a mix: peaks controlled, passages evened out, the performance kept.
