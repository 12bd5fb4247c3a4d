"""Control of peaks and passages."""

from ._core import Limiter

__all__ = ["Limiter"]
