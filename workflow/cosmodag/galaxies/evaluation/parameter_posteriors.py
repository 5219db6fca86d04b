"""Evaluation of joint posteriors of galaxy parameters."""

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.posterior_evaluation import PosteriorEvaluation
from cosmodag.galaxies.baselines import photometric_features


class ParameterPosteriorEvaluation(PosteriorEvaluation):
    """Evaluation of joint posteriors of galaxy parameters, such as radius and Sérsic index."""

    def features(self, examples: Examples) -> Examples:
        """Return the examples with photometric features (N, F) in the place of their stamps."""
        return photometric_features.with_features(examples)
