//! Loudness and true peak as the standards define them, and nothing that judges them.
