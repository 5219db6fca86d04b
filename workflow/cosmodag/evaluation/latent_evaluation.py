"""Images given back by way of a latent and by simple methods of the same size, scored alike.

And what the latent itself holds: how many of its numbers are in use, and how few directions.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from cosmodag.evaluation import bootstrap, latent_figures, reconstruction_evaluation
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.similarity import structural_similarity
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.evaluation import slice_figures
from cosmodag.training.latent_task import ACTIVE

LIGHT = "light_"
"""Beginning of the names of scores against images without noise."""
OF_ERRORS = reconstruction_evaluation.LIMITS
LIMITS = OF_ERRORS | {LIGHT + name: each for name, each in OF_ERRORS.items()} | {"ssim": (-1, 1)}
HELD = 0.999
"""Part of the latent's variance that its leading principal components are to hold."""


def evaluate_latents(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of images given back, as the network sees them.

    `mse` and `explained_variance` are those of reconstructions, after the input's transform; `ssim`
    is the mean structural similarity of an image. Where examples have their light, `light_mse` and
    `light_explained_variance` are those against images without noise: what fits an image's noise
    gains by the former and loses by the latter. Beside the scores stands `latent`: its `size`,
    and with intervals its `active_units` and the `components` that hold 99.9 % of its variance;
    for each of its numbers the `variances` of the means and `left`, the mean of the variances.
    """
    test, network = examples["test"], found["test"]
    groups = test.index["group"].to_numpy()
    given = {"network": np.moveaxis(network["reconstruction"], 1, -1)}
    given |= {name: each.test for name, each in fitted.items()}
    similarity = {name: structural_similarity(each, test.y) for name, each in given.items()}
    options = {"replicas": replicas, "seed": seed}
    draws = {
        name: _draws(each, test, similarity[name], groups, options) for name, each in given.items()
    }
    scored = judged(
        "explained_variance",
        {name: each.intervals(LIMITS) for name, each in draws.items()},
        {name: draws["network"].minus(draws[name]) for name in fitted},
    )
    latent, left = network["latent"], network["latent_variance"].mean(0, dtype=np.float64)
    variances = latent.var(0, dtype=np.float64)
    scored["latent"] = {
        "size": latent.shape[1],
        **latent_intervals(latent, groups, replicas=replicas, seed=seed),
        "variances": variances.tolist(),
        "left": left.tolist(),
    }
    error = ((given["network"] - test.y) ** 2).mean((1, 2, 3))
    shown = [name for name in ("network", "principal", "cosines") if name in given]
    drawings = {
        "reconstructions": partial(
            slice_figures.reconstructions,
            examples=test,
            given={name: given[name] for name in shown},
            rows=slice_figures.spread_of(error),
            called="image",
        ),
        "similarity": partial(
            latent_figures.similarities, similarity={name: similarity[name] for name in shown}
        ),
        "latents": partial(latent_figures.variances, variances=variances, left=left, active=ACTIVE),
    }
    kept = {name: network[name] for name in ("latent", "latent_variance")}
    kept |= {"squared_error": error, "similarity": similarity["network"]}
    return scored, kept, drawings


def _draws(
    given: np.ndarray,
    test: Examples,
    similarity: np.ndarray,
    groups: np.ndarray,
    options: Mapping[str, int],
) -> bootstrap.Draws:
    """All scores of images given back, against those without noise too where there are such."""
    similar = bootstrap.group_sums(groups, np.stack([np.ones(len(similarity)), similarity], 1))
    errors = reconstruction_evaluation.error_sums(given, test.y, groups)
    draws = bootstrap.draw(_scores, (*errors, similar), **options)
    if test.light is None:
        return draws
    errors = reconstruction_evaluation.error_sums(given, test.light, groups)
    return draws.joined(bootstrap.draw(_light_scores, errors, **options))


def latent_intervals(
    latent: np.ndarray, groups: np.ndarray, *, replicas: int, seed: int
) -> dict[str, bootstrap.Interval]:
    """Active units and leading principal components of latents (N, L), with their intervals.

    Units are active whose variance exceeds 0.01 (Burda, Grosse & Salakhutdinov 2016,
    arXiv:1509.00519); the components counted are the fewest that hold 99.9 % of the variance.
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
    held = np.cumsum(np.linalg.eigvalsh(covariance)[::-1])
    return int((np.diag(covariance) > ACTIVE).sum()), int((held < HELD * held[-1]).sum()) + 1


def _scores(errors: np.ndarray, similarity: np.ndarray) -> dict[str, np.ndarray]:
    """All scores of R sets of totals, (R, 4) and (R, 2)."""
    mean = similarity[:, 1] / similarity[:, 0]
    return {**reconstruction_evaluation.scores(errors), "ssim": mean}


def _light_scores(errors: np.ndarray) -> dict[str, np.ndarray]:
    """Scores against images without noise, of R sets of totals (R, 4)."""
    return {f"{LIGHT}{n}": each for n, each in reconstruction_evaluation.scores(errors).items()}
