# Deep learning on simulations and surveys of the universe: see workflow/Snakefile.


include: "workflow/Snakefile"


# Snakemake takes no default target from a file that is included.
workflow.default_target = "all"
