"""On a real Slurm: the workflow as a module beside an outer rule, and from an analysis folder."""

import pytest
import yaml

from tests.cluster.conftest import QUICK, slurm_checkout
from tests.dag.test_elsewhere import outer, small, snakemake

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FIRST = "results/voids/sources/boxes/galaxies_0.h5"


@pytest.mark.parametrize("prefix", ["", "inner/"])
def test_a_module_and_an_outer_rule_run_on_the_cluster(
    cluster, repository, tmp_path, tmp_path_factory, prefix
):
    checkout = slurm_checkout(tmp_path, repository)
    analysis = tmp_path_factory.mktemp("outer")
    outer(analysis, checkout, prefix=prefix.rstrip("/"))
    known = {job["JobId"] for job in cluster.jobs()}
    profile = str(checkout.folder / "profiles" / "slurm")
    snakemake(analysis, "--profile", profile, *QUICK, "--", "mine.txt", prefix + FIRST)
    assert (analysis / "mine.txt").read_text() == "none 1\n"
    assert (analysis / (prefix + FIRST)).stat().st_size > 0
    jobs = [job for job in cluster.jobs() if job["JobId"] not in known]
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    rules = {job["Comment"].removeprefix("rule_").partition("_wildcards_")[0] for job in jobs}
    assert rules == {"mine", "cosmodag_voids_simulate"}


def test_an_analysis_folder_with_spaces_runs_on_the_cluster(
    cluster, repository, tmp_path, tmp_path_factory
):
    checkout = slurm_checkout(tmp_path, repository)
    analysis = tmp_path_factory.mktemp("analysis") / "an analysis"
    analysis.mkdir()
    (analysis / "my.yaml").write_text(yaml.safe_dump(small(checkout)))
    words = ("-s", "workflow/Snakefile", "--profile", "profiles/slurm", "-d", str(analysis))
    words += (*QUICK, "--configfile", str(analysis / "my.yaml"), "--", FIRST)
    snakemake(checkout.folder, *words)
    assert (analysis / FIRST).stat().st_size > 0
    assert not (checkout.folder / "results").exists()
