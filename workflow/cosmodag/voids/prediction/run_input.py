"""How the input of a trained run of void maps or cubes was made, and its threshold."""

from cosmodag.cutouts.known_pixels import known_pixels, with_unknown
from cosmodag.errors import InputError
from cosmodag.evaluation.map_scores import choose_threshold
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.prediction.box_prediction import BoxInput
from cosmodag.voids.prediction.cube_prediction import CubeInput
from cosmodag.voids.prediction.slab_prediction import SlabInput


def run_input(run: TrainedRun) -> BoxInput:
    """Return how the input of a run of void maps or cubes was made from galaxies.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset.

    Returns
    -------
    BoxInput

    Raises
    ------
    InputError
        It is no run of the task map on voids, its cutouts differ, or its dataset does not record
        the cells.
    """
    task = run.description["task"]["name"]
    if task != "map" or run.dataset["experiment"] != "voids":
        raise InputError(f"{run.folder}: its task is {task}; choose a run of void maps or cubes")
    form = CubeInput if run.dataset.get("cubes") else SlabInput
    first, *others = (form.read(each, run.dataset_folder) for each in run.dataset["examples"])
    for other in others:
        if other != first:
            raise InputError(
                f"{run.dataset_folder}: its cutouts differ in cells, windows or mass assignment "
                f"({first} and {other}); choose a run on cutouts that agree"
            )
    return first


def run_threshold(run: TrainedRun) -> float:
    """Return the probability above which a run counts a pixel, chosen on the validation split.

    Parameters
    ----------
    run : TrainedRun
        The run; it is predicted for the validation split where it was not evaluated.

    Returns
    -------
    float
    """
    if run.metrics:
        return float(run.metrics["thresholds"]["network"])
    valid = run.validation
    truth = valid["y"][:, 0]
    inside = with_unknown(truth >= 0.5, known_pixels(truth))
    return choose_threshold(valid["probability"][:, 0], inside)
