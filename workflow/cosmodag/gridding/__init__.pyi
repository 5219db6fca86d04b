from .fields import overdensity, project
from .fourier_windows import multiply_by_window, tophat_transform
from .interpolation import gather
from .mass_assignment import assign_mass
from .spectra import power_spectrum
from .tiles import Workspace

__all__ = [
    "Workspace",
    "assign_mass",
    "gather",
    "multiply_by_window",
    "overdensity",
    "power_spectrum",
    "project",
    "tophat_transform",
]
