"""Titles of feature spaces and clustering methods, and captions of their figures."""

SPACES = {
    "latent": "latent space",
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
        "t-SNE map of the latent space, coloured by cluster. Neighbours stay together; the sizes "
        "of islands and the distances between them carry no information."
    ),
    **{
        f"members_{space}": (
            f"Clusters in {title}: random test galaxies of each cluster, with the fraction of "
            "test galaxies in it."
        )
        for space, title in SPACES.items()
    },
    "outliers": (
        "Outliers: test galaxies that are most isolated in latent space, with the mean distance to "
        "the ten nearest training galaxies in units of its median over training galaxies."
    ),
}
"""Captions by file name, in the order in which the report shows the figures."""
