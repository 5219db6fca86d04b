# The report: one page that opens offline, with the scores of all runs of all experiments.
#
# Needs:  results/<experiment>/runs/<run>/{metrics.json,history.csv,figures}
#         other results that an experiment's part of the report shows
# Makes:  results/report.html


all_files = [
    declared.files(config)
    for declared in experiments.declared()
    if declared.name in config
]


rule report:
    """Write the report of all runs as one page."""
    input:
        runs=[path for files in all_files for path in files.metrics],
        products=[path for files in all_files for path in files.products],
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
        products=lambda w, input: " ".join(
            f"--product {quote(f)}" for f in input.products
        ),
        code=code(
            "report",
            *(
                declared.report.partition(":")[0]
                for declared in experiments.declared()
                if declared.report
            ),
        ),
    shell:
        "python -m cosmodag report {params.runs} {params.products} --output {output:q} &> {log:q}"
