# The report: one page that opens offline, with the scores of all runs of all experiments.
#
# Needs:  results/<experiment>/runs/<run>/{metrics.json,history.csv,figures}
#         results/injections/verdicts/<verdict>.{json,svg}
#         results/injections/selections/<selection>/<batch>.csv
#         results/galaxies/clusters/<clusters>/
#         results/galaxies/applications/<application>.{csv,svg}
# Makes:  results/report.html


rule report:
    """Write the report of all runs as one page."""
    input:
        runs=[
            f"{results}/{experiment}/runs/{run}/metrics.json"
            for experiment, run in helpers.all_runs(config)
        ],
        verdicts=[
            f"{results}/injections/verdicts/{verdict}.json"
            for verdict in config.get("injections", {}).get("verdicts", {})
        ],
        cuts=injections.cuts,
        clusters=galaxies.clusters,
        applications=galaxies.applications,
    output:
        f"{results}/report.html",
    log:
        f"{results}/logs/report.log",
    benchmark:
        f"{results}/benchmarks/report.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        runs=lambda w, input: " ".join(quote(str(Path(f).parent)) for f in input.runs),
        verdicts=lambda w, input: " ".join(
            f"--verdict {quote(f)}" for f in input.verdicts
        ),
        cuts=lambda w, input: " ".join(f"--cuts {quote(f)}" for f in input.cuts),
        clusters=lambda w, input: " ".join(
            f"--clusters {quote(f)}" for f in input.clusters
        ),
        applications=lambda w, input: " ".join(
            f"--application {quote(f)}" for f in input.applications
        ),
        code=code("report"),
    shell:
        "python -m cosmodag report {params.runs} {params.verdicts} {params.cuts} {params.clusters}"
        " {params.applications} --output {output:q} &> {log:q}"
