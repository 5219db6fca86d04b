# Deep learning on simulations and surveys of the universe.
#
#   snakemake                      every experiment that the configuration holds, and the report
#   snakemake voids                one experiment
#   snakemake --profile slurm      the same on a cluster
#   snakemake --configfile config/paper.yaml      the published scale

import sys

from snakemake.iocontainers import Wildcards
from snakemake.utils import min_version

min_version("9.20")

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))


# A configuration stands alone: the default one is read only where no other is given.
if not workflow.config_settings.configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/learning.smk"
include: "workflow/rules/voids.smk"
include: "workflow/rules/galaxies.smk"
include: "workflow/rules/injections.smk"
include: "workflow/rules/reionization.smk"
include: "workflow/rules/report.smk"


# A job that starts hours after it was submitted runs what was submitted, or nothing.
if workflow.exec_mode == workflow.exec_mode.REMOTE:
    with one_line():
        for rule, wildcards in submission.jobs_of(sys.argv):
            submission.check(workflow.get_rule(rule), Wildcards(fromdict=wildcards))


onstart:
    with one_line():
        controller.prepare(workflow, config)


rule all:
    default_target: True
    input:
        f"{results}/report.html",
        injections.applications,
