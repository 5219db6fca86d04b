"""What baselines on whole boxes share: searches among galaxies and in the reconstructed matter."""

from dataclasses import dataclass

from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.reconstruction import Reconstruction
from cosmodag.voids.baselines.sphere_search import SphereSearch


@dataclass(frozen=True)
class BoxSearches:
    """Searches for the voids of one label.

    Attributes
    ----------
    galaxies, matter : SphereSearch
        Searches among the galaxies and in the reconstructed matter.
    reconstruction : Reconstruction
        The reconstruction of the matter.
    """

    galaxies: SphereSearch
    matter: SphereSearch
    reconstruction: Reconstruction

    @classmethod
    def of(cls, examples: BoxExamples, *, seed: int = 0) -> "BoxSearches":
        """Return searches in the boxes of examples; nothing is read or fitted yet."""
        sources, label = examples.sources, examples.label
        reconstruction = Reconstruction(examples, seed)
        return cls(
            SphereSearch(sources, label, lambda box, radius: box.galaxies(label, radius)),
            SphereSearch(sources, label, lambda box, radius: reconstruction.matter(box)),
            reconstruction,
        )
