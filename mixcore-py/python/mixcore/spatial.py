"""Where sound stands: layouts and fold-downs."""

from ._core import downmix_citation, downmix_matrix

__all__ = ["downmix_citation", "downmix_matrix"]
