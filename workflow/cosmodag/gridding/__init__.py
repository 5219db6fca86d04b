"""Mass assignment, interpolation, projections and power spectra on grids."""

from cosmodag.exports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
