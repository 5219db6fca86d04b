"""Names of the parameters of reionization that can be drawn from ranges."""

PARAMETERS = (
    "redshift",
    "escape_fraction",
    "turnover_mass",
    "mean_free_path",
    "clumping_factor",
)
"""Keys of a simulation that may have a range, and columns of the index of slices. The position of a
name belongs to the seed of its values."""
LOG = "log_"
"""Beginning of the name of the decimal logarithm of a parameter."""
