# Deep learning on simulations and surveys of the universe: see workflow/Snakefile.


include: "workflow/Snakefile"


# Snakemake takes no default target from a file that is included.
if workflow.modifier.is_main_snakefile():
    workflow.default_target = "all"
