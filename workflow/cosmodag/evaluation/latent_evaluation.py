"""Images reconstructed from a latent and by baselines of the same size, scored alike.

And the latent itself: its active dimensions, and the principal components that explain its
variance.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from cosmodag.datasets.transforms import build_transform
from cosmodag.evaluation import bootstrap, latent_figures, reconstruction_evaluation
from cosmodag.evaluation.baselines import reconstructions
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import Evaluation, Figure, Scored, SplitExamples, Subset
from cosmodag.evaluation.reconstruction_figures import ChannelStyle
from cosmodag.evaluation.similarity import structural_similarity
from cosmodag.evaluation.verdict import judged
from cosmodag.imaging.band_channels import noise_free_channel
from cosmodag.training.latent_task import ACTIVE
from cosmodag.training.tasks import make_task

LIGHT = "light_"
"""Prefix of the scores against noise-free images."""
OF_ERRORS = reconstruction_evaluation.LIMITS
LIMITS = OF_ERRORS | {LIGHT + name: each for name, each in OF_ERRORS.items()} | {"ssim": (-1, 1)}
EXPLAINED = 0.999
"""Part of the latent's variance that its leading principal components are to explain."""
SIMILARITY = (
    "Structural similarity of unseen images with their reconstructions. 1 is perfect; noise, which "
    "no small latent can contain, keeps all below it."
)
LATENTS = (
    "Variance of the means of each latent dimension in unseen images (dots) and mean of its "
    "predicted variance (circles). A dimension with little of the former and all of the latter is "
    "unused; above the grey line it counts as active."
)


class LatentEvaluation(Evaluation):
    """Evaluation of latents, on images as the network receives them.

    `mse` and `explained_variance` are those of reconstructions, after the input's transform; `ssim`
    is the mean structural similarity of an image. Where examples have noise-free images,
    `light_mse` and `light_explained_variance` are measured against these: a fit to an image's noise
    gains by the former and loses by the latter. Beside the scores stands `latent`: its `size`, and
    with intervals its `active_units` and the `components` that explain 99.9 % of its variance; for
    each dimension the `variances` of the means and `left`, the mean of the variances.
    """

    BASELINES = reconstructions.BASELINES
    STYLE: ClassVar[ChannelStyle] = ChannelStyle()
    predicts_shape_of_truth = True

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with the reconstructed channels, transformed, as images and truth."""
        channels = self.task["channels"]
        transform = build_transform(self.transform, dataset["statistics"])
        x, light = select_channels(examples, channels, dataset, transform)
        return examples._replace(x=x, y=x, channels=tuple(channels), light=light)

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines, which compress to as many numbers as the latent has dimensions."""
        size = make_task(**self.task).latent_dim
        return fit_each(self.BASELINES, *examples.values(), size=size, **options)

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score reconstructed images and describe the latent."""
        test, network = subset.examples["test"], subset.predictions["test"]
        groups = test.index["group"].to_numpy()
        reconstructed = {"network": np.moveaxis(network["reconstruction"], 1, -1)}
        reconstructed |= {name: each.test for name, each in subset.baselines.items()}
        similarity = {n: structural_similarity(each, test.y) for n, each in reconstructed.items()}
        options = {"replicas": replicas, "seed": seed}
        draws = {
            name: _draws(each, test, similarity[name], groups, options)
            for name, each in reconstructed.items()
        }
        metrics = judged(
            "explained_variance",
            {name: each.intervals(LIMITS) for name, each in draws.items()},
            {name: draws["network"].minus(draws[name]) for name in subset.baselines},
            draws["network"].groups,
        )
        latent, left = network["latent"], network["latent_variance"].mean(0, dtype=np.float64)
        variances = latent.var(0, dtype=np.float64)
        metrics["latent"] = {
            "size": latent.shape[1],
            **latent_intervals(latent, groups, replicas=replicas, seed=seed),
            "variances": variances.tolist(),
            "left": left.tolist(),
        }
        error = ((reconstructed["network"] - test.y) ** 2).mean((1, 2, 3))
        shown = [name for name in reconstruction_evaluation.SHOWN if name in reconstructed]
        draw_similarity = partial(
            latent_figures.similarities, similarity={name: similarity[name] for name in shown}
        )
        draw_latents = partial(
            latent_figures.variances, variances=variances, left=left, active=ACTIVE
        )
        drawn = {
            "reconstructions": reconstruction_evaluation.reconstruction_figure(
                test, reconstructed, error, self.STYLE
            ),
            "similarity": Figure(draw_similarity, SIMILARITY),
            "latents": Figure(draw_latents, LATENTS),
        }
        kept = {name: network[name] for name in ("latent", "latent_variance")}
        kept |= {"squared_error": error, "similarity": similarity["network"]}
        return Scored(metrics, kept, drawn)


def select_channels(
    examples: Examples,
    channels: list[str],
    dataset: Mapping[str, Any],
    transform: Callable[[np.ndarray], np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return channels of the images after a transform, and the same without noise where known."""
    places = [dataset["x_channels"].index(channel) for channel in channels]

    def transformed(values: np.ndarray) -> np.ndarray:
        return (values if transform is None else transform(values))[..., places]

    available, names = dataset["y_channels"], [noise_free_channel(channel) for channel in channels]
    if not set(names) <= set(available):
        return transformed(examples.x), None
    light = examples.x.copy()
    light[..., places] = examples.y[..., [available.index(name) for name in names]]
    return transformed(examples.x), transformed(light)


def _draws(
    reconstructed: np.ndarray,
    test: Examples,
    similarity: np.ndarray,
    groups: np.ndarray,
    options: Mapping[str, int],
) -> bootstrap.Draws:
    """Return all scores of reconstructed images, against noise-free ones too where known."""
    similar = bootstrap.group_sums(groups, np.stack([np.ones(len(similarity)), similarity], 1))
    errors = reconstruction_evaluation.error_sums(reconstructed, test.y, groups)
    draws = bootstrap.draw(_scores, (*errors, similar), **options)
    if test.light is None:
        return draws
    errors = reconstruction_evaluation.error_sums(reconstructed, test.light, groups)
    return draws.joined(bootstrap.draw(_light_scores, errors, **options))


def latent_intervals(
    latent: np.ndarray, groups: np.ndarray, *, replicas: int, seed: int
) -> dict[str, bootstrap.Interval]:
    """Active units and leading principal components of latents (N, L), with their intervals.

    Units are active whose variance exceeds 0.01 (Burda, Grosse & Salakhutdinov 2016,
    arXiv:1509.00519); the components counted are the fewest that explain 99.9 % of the variance.
    """
    latent = np.asarray(latent, np.float64) - latent.mean(0, dtype=np.float64)
    names, code = np.unique(groups, return_inverse=True)
    drawn = np.array(
        [
            _counts(latent, times[code])
            for times in bootstrap.multiplicities(len(names), replicas, seed)
        ]
    )
    values = _counts(latent, np.ones(len(latent)))
    return {
        name: bootstrap.bounds(
            value, column.astype(np.float64), len(names), limits=(0, latent.shape[1])
        )
        for name, value, column in zip(("active_units", "components"), values, drawn.T)
    }


def _counts(latent: np.ndarray, times: np.ndarray) -> tuple[int, int]:
    """Active units and leading components of latents that were drawn so many times."""
    weighted = latent * times[:, None]
    mean = weighted.sum(0) / times.sum()
    covariance = weighted.T @ latent / times.sum() - np.outer(mean, mean)
    variance = np.cumsum(np.linalg.eigvalsh(covariance)[::-1])
    components = int((variance < EXPLAINED * variance[-1]).sum()) + 1
    return int((np.diag(covariance) > ACTIVE).sum()), components


def _scores(errors: np.ndarray, similarity: np.ndarray) -> dict[str, np.ndarray]:
    """All scores of R sets of totals, (R, 4) and (R, 2)."""
    mean = similarity[:, 1] / similarity[:, 0]
    return {**reconstruction_evaluation.scores(errors), "ssim": mean}


def _light_scores(errors: np.ndarray) -> dict[str, np.ndarray]:
    """Scores against images without noise, of R sets of totals (R, 4)."""
    return {f"{LIGHT}{n}": each for n, each in reconstruction_evaluation.scores(errors).items()}
