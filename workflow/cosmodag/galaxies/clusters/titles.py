"""Titles of feature spaces and clustering methods, and captions of their figures."""

SPACES = {
    "latent": "the latent",
    "principal": "principal components",
    "morphology": "morphology",
}
"""Feature spaces in which galaxies are clustered."""

METHODS = {
    "k_means": "k-means",
    "mixture": "a mixture of Gaussians",
    "hdbscan": "HDBSCAN",
}
"""Clustering methods."""

FIGURES = {
    "places": (
        "Map of the galaxies that keeps neighbours in the latent together, coloured by cluster; "
        "distances between islands, and their sizes, carry no information."
    ),
    **{
        f"members_{space}": (
            f"Clusters by {title}: unseen galaxies of each cluster, drawn at random, with the "
            "fraction of unseen galaxies in it."
        )
        for space, title in SPACES.items()
    },
    "outliers": (
        "Outliers: unseen galaxies that are farthest from those of training in the latent, by the "
        "mean distance to the ten nearest in units of that of a typical galaxy."
    ),
}
"""Captions by file name, in the order in which the report shows the figures."""
