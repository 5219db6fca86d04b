# The report: one page that opens offline, with the scores of all runs of all experiments.
#
# Needs:  results/<experiment>/runs/<run>/{metrics.json,history.csv,figures}
# Makes:  results/report.html


rule report:
    """Write the report of all runs as one page."""
    input:
        [
            f"{results}/{experiment}/runs/{run}/metrics.json"
            for experiment, run in helpers.all_runs(config)
        ],
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
        runs=lambda w, input: " ".join(quote(str(Path(f).parent)) for f in input),
        code=code("report"),
    shell:
        "python -m cosmodag report {params.runs} --output {output:q} &> {log:q}"
