"""Posteriors of a network and of baselines, scored alike."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch

from cosmodag.errors import InputError
from cosmodag.evaluation import count_scores, figures, posterior_figures
from cosmodag.evaluation.baselines import counts, posteriors
from cosmodag.evaluation.baselines.examples import Examples, Fitted, LeftOut, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    Scored,
    SplitExamples,
    Subset,
    Table,
    select_columns,
)
from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.local_calibration import LocalTest
from cosmodag.evaluation.names import baseline_title
from cosmodag.evaluation.position_probe import Probed
from cosmodag.evaluation.posterior_calibration import calibrate, uncorrected
from cosmodag.evaluation.posterior_scores import LIMITS, JudgedPosteriors, judge
from cosmodag.evaluation.verdict import judged
from cosmodag.settings import unknown
from cosmodag.training.gaussian_mixture import GaussianMixture
from cosmodag.training.posterior_task import PosteriorTask

Summaries = Mapping[str, np.ndarray] | LeftOut
"""Features (N, F) by split, or why there are none."""

LIKELIHOOD = "_likelihood"
"""Ending of the names of baselines with a Gaussian likelihood."""
CALIBRATION = (
    "Fraction of unseen examples inside credible regions against the probability of the regions "
    "(left), and ranks of the truth that are uniform under the true posterior (right). Bands are "
    "95 % of what independent examples scatter."
)
CONTOURS = (
    "Posteriors of unseen examples, from the most informative (left) to the least, evenly spaced "
    "in rank: regions of 68 and 95 % by the network (filled) and by the best baseline (lines). The "
    "cross is the truth."
)
NUMBERS = (
    "Means of the posteriors against true values in unseen examples, with 68 % intervals; on the "
    "grey line they are equal."
)
TABLE = (
    "Calibration of the posteriors. Widening: factor by which the standard deviations are scaled; "
    "shift: by how many standard deviations posteriors are moved; both chosen on the validation "
    "set. p: Kolmogorov-Smirnov tests of the ranks of the truth (SBC), of random points (TARP), "
    "and of the scores of a classifier that knows the posterior of each example (local), of one "
    "example per group."
)


class PosteriorEvaluation(Evaluation):
    """Evaluation of joint posteriors of parameters.

    Attributes
    ----------
    INFERENCES : mapping from str to callable
        Inferences from features, by the ending of the names of their baselines.
    """

    INFERENCES: ClassVar[Mapping[str, Callable[..., Predictions]]] = {
        "": posteriors.neural,
        LIKELIHOOD: posteriors.gaussian_likelihood,
    }

    def __init__(self, task: Mapping[str, Any], **options: Any):
        super().__init__(task, **options)
        self.posterior = PosteriorTask(**{k: v for k, v in task.items() if k != "name"})

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters."""
        return list(self.task["columns"])

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with the parameters as truth, (N, K) float32."""
        examples = select_columns(examples, self.parameters)
        for name, (low, high) in (self.task.get("ranges") or {}).items():
            values = examples.y[:, self.parameters.index(name)]
            if values.min() < np.float32(low) or values.max() > np.float32(high):
                raise InputError(
                    f"{name} has values from {values.min():g} to {values.max():g}, beyond its "
                    f"range [{low}, {high}] of the task; give the range that they were drawn from"
                )
        return examples

    def probe_targets(self, examples: Examples) -> dict[str, Probed]:
        """Return the parameters, which must not follow from places and names alone."""
        return dict(zip(self.parameters, super().probe_targets(examples).values()))

    def summaries(self, examples: SplitExamples, **options: Any) -> Mapping[str, Summaries]:
        """Return the features that baselines infer from.

        Parameters
        ----------
        examples : mapping from split to Examples
        **options
            `seed` and `threads` of `cosmodag.evaluation.baselines.fitting.fit_each`.

        Returns
        -------
        mapping from str to Summaries
            By the name of the baseline.
        """
        return {"summaries": {split: self.features(each).x for split, each in examples.items()}}

    def features(self, examples: Examples) -> Examples:
        """Return the examples with features (N, F) in the place of their images."""
        return counts.with_density_features(examples)

    def fit(self, examples: SplitExamples, **options: Any) -> Fitted:
        """Infer posteriors from each set of features, and return the prior."""
        settings = dict(options.pop("settings", None) or {})
        variables = {
            split: each._replace(y=self._variables(each)) for split, each in examples.items()
        }
        fitted: dict[str, Predictions | LeftOut] = {"prior": posteriors.prior(*variables.values())}
        for name, features in self.summaries(examples, **options).items():
            for ending, inference in self.INFERENCES.items():
                if isinstance(features, LeftOut):
                    fitted[name + ending] = features
                    continue
                splits = [each._replace(x=features[split]) for split, each in variables.items()]
                own = {k: v for k, v in settings.items() if k == name + ending}
                try:
                    fitted |= fit_each({name + ending: inference}, *splits, settings=own, **options)
                except InputError as error:
                    fitted[name + ending] = LeftOut(str(error))
        if unexpected := settings.keys() - fitted.keys():
            raise unknown("baseline", min(unexpected), fitted)
        return fitted

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score posteriors, widened and shifted as is best on the validation split."""
        test = subset.examples["test"]
        described = {
            "network": tuple(subset.predictions[split]["mixture"] for split in ("valid", "test")),
            **{name: (each.valid, each.test) for name, each in subset.baselines.items()},
        }
        valid = subset.examples["valid"]
        valid_z = torch.as_tensor(self._variables(valid))
        valid_groups = valid.index["group"].to_numpy()
        mixtures = {name: tuple(map(self._mixture, each)) for name, each in described.items()}
        calibrations = {
            name: uncorrected(len(self.parameters))
            if name == "prior"
            else calibrate(on_valid, valid_z, valid_groups)
            for name, (on_valid, _) in mixtures.items()
        }
        corrected = {
            name: tuple(map(calibrations[name].corrected, each)) for name, each in mixtures.items()
        }
        results = {
            name: judge(
                mixtures[name][1],
                self.posterior.space,
                test.y,
                calibration=calibrations[name],
                seed=seed,
                local=LocalTest(on_valid, valid_z, seed=seed),
            )
            for name, (on_valid, _) in corrected.items()
        }
        groups = test.index["group"].to_numpy()
        metrics = self._metrics(results, test.y, groups, replicas=replicas, seed=seed)
        uniform = {name: each.uniformity(groups, self.parameters) for name, each in results.items()}
        metrics["calibration"] = {
            name: {
                "scale": each.calibration.scale,
                "shift": dict(zip(self.parameters, each.calibration.shift)),
                "uniformity": uniform[name],
            }
            for name, each in results.items()
        }
        network = results["network"]
        kept = {
            "mixture": subset.predictions["test"]["mixture"],
            "mean": network.mean.astype(np.float32),
            "truth": test.y,
        }
        best = metrics["strongest_baseline"]
        compared = {name: corrected[name][1] for name in ("network", best)}
        drawn = self._figures(results, compared, test.y, best)
        return Scored(metrics, kept, drawn, tables=[self._table(results, uniform)])

    def _variables(self, examples: Examples) -> np.ndarray:
        """Return the truth of examples as variables of the parameter space, (N, K) float32."""
        z = self.posterior.space.to_variables(torch.as_tensor(np.asarray(examples.y, np.float64)))
        return z.numpy().astype(np.float32)

    def _mixture(self, description: np.ndarray) -> GaussianMixture:
        return GaussianMixture.from_output(torch.as_tensor(description), len(self.parameters))

    def _metrics(
        self,
        results: Mapping[str, JudgedPosteriors],
        truth: np.ndarray,
        groups: np.ndarray,
        **options: int,
    ) -> dict[str, Any]:
        """Return scores of all predictors with paired differences and the verdict."""
        draws = {}
        for name, each in results.items():
            draws[name] = each.draws(groups, **options)
            for k, column in enumerate(self.parameters):
                ends = each.intervals_of(k)
                of_column = count_scores.count_draws(
                    each.mean[:, k], truth[:, k], groups, intervals=ends, **options
                )
                draws[name] = draws[name].joined(of_column.renamed(f"{column}.".__add__))
        limits = LIMITS | {
            f"{column}.{name}": each
            for column in self.parameters
            for name, each in count_scores.LIMITS.items()
        }
        scores = {name: each.intervals(limits) for name, each in draws.items()}
        differences = {
            name: draws["network"].minus(each) for name, each in draws.items() if name != "network"
        }
        return judged("information_gain", scores, differences, draws["network"].groups)

    def _table(
        self, results: Mapping[str, JudgedPosteriors], uniform: Mapping[str, Mapping[str, Any]]
    ) -> Table:
        names = [name.replace("_", " ") for name in self.parameters]
        shifts = [f"shift of {name}" for name in names]
        columns = [*shifts, *(f"SBC of {name}, p" for name in names), "TARP, p", "local, p"]
        rows = [
            [
                "network" if name == "network" else baseline_title(name),
                number(each.calibration.scale),
                *map(number, each.calibration.shift),
                *(
                    number(uniform[name][tested]["p"])
                    for tested in (*self.parameters, "tarp", "local")
                ),
            ]
            for name, each in results.items()
        ]
        return Table(TABLE, ["", "widening", *columns], rows)

    def _figures(
        self,
        results: Mapping[str, JudgedPosteriors],
        mixtures: Mapping[str, GaussianMixture],
        truth: np.ndarray,
        best: str,
    ) -> dict[str, Figure]:
        drawn = {}
        if len(self.parameters) > 1:
            rows = _evenly_ranked(results["network"].log_merit)
            draw = partial(
                posterior_figures.contours,
                mixtures=mixtures,
                space=self.posterior.space,
                truth=truth,
                rows=rows,
                columns=self.parameters,
            )
            drawn["posteriors"] = Figure(draw, CONTOURS, wide=True)
        draw = partial(
            posterior_figures.calibration,
            results={name: results[name] for name in ("network", best)},
            columns=self.parameters,
        )
        drawn["calibration"] = Figure(draw, CALIBRATION, wide=True)
        network = results["network"]
        for k, column in enumerate(self.parameters):
            draw = partial(
                figures.predicted_numbers,
                column=column,
                truth=truth[:, k],
                predicted=network.mean[:, k],
                intervals=network.intervals_of(k),
            )
            drawn[f"numbers_{column}"] = Figure(draw, NUMBERS)
        return drawn


def _evenly_ranked(log_merit: np.ndarray, count: int = 4) -> Sequence[int]:
    """Return rows from the most informative posterior to the least, evenly spaced in rank."""
    order = np.argsort(-log_merit, kind="stable")
    places = np.linspace(0.05, 0.95, min(count, len(order))) * (len(order) - 1)
    return order[np.round(places).astype(int)].tolist()
