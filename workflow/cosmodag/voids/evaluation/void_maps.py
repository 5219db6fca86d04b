"""Evaluation of void maps."""

from cosmodag.evaluation.figures import MapLabels
from cosmodag.evaluation.map_evaluation import MapEvaluation


class VoidMapEvaluation(MapEvaluation):
    """Evaluation of the probability that a sight line, or a cell, lies in a void."""

    LABELS = MapLabels(
        "galaxies (overdensity, asinh)", "true voids", "predicted voids", "probability of a void"
    )
    CAPTION = (
        "Galaxy overdensity, true voids and predicted probability of a void in unseen examples, "
        "from the best predicted (top) to the worst, evenly spaced in rank."
    )
