"""Deep learning on simulations and surveys of the universe.

The folders are the stages of the workflow, in the order in which data meets them: sources,
gridding, cutouts, labels, datasets, models, training, evaluation; `commands` is the command line.
"""
