# The stages that all experiments share: split, relabel, train, baselines, evaluate.
# An experiment inherits them with `use rule learning_split as <experiment>_split with:`.
#
# Needs:  results/<experiment>/cutouts/<cutouts>/<batch>.h5      examples
# Makes:  results/<experiment>/datasets/<dataset>/               shards, index, statistics, hashes
#         results/<experiment>/baselines/<dataset>/<target>.h5   predictions of the baselines
#         results/<experiment>/runs/<run>/                       weights, history, scores, figures


rule learning_split:
    """Split examples into training, validation and test sets by groups; audit for leaks."""
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    log:
        f"{results}/logs/{{experiment}}/split_{{dataset}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/split_{{dataset}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=lookup(dpath="{experiment}/datasets/{dataset}", within=options),
        test=lambda w, input: " ".join(
            f"--test {quote(file)}" for file in input.get("test", [])
        ),
        code=code("split"),
    shell:
        "python -m cosmodag split {input.examples:q} --output {output:q} {params.test}"
        " {params.settings} &> {log:q}"


rule learning_relabel:
    """Add a trained network's confident predictions to the labels of its dataset."""
    input:
        dataset=lambda w: dataset_of(w.experiment, teacher_of(w.experiment, w.dataset)),
        model=lambda w: (
            f"{results}/{w.experiment}/runs/{teacher_of(w.experiment, w.dataset)}/model.pt"
        ),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    log:
        f"{results}/logs/{{experiment}}/relabel_{{dataset}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/relabel_{{dataset}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        "../../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        confidence=lookup(
            dpath="{experiment}/datasets/{dataset}/confidence", within=config
        ),
        code=lambda w: helpers.run_fingerprint(
            config, "relabel", w.experiment, teacher_of(w.experiment, w.dataset)
        ),
    shell:
        'python -m cosmodag relabel --dataset {input.dataset:q} --run "$(dirname {input.model:q})"'
        " --output {output:q} --confidence {params.confidence} --threads {threads} &> {log:q}"


rule learning_train:
    """Train a network; an interrupted job continues from its last checkpoint."""
    input:
        dataset=lambda w: dataset_of(w.experiment, w.run),
        encoder=lambda w: encoder_of(w.experiment, w.run),
    output:
        model=f"{results}/{{experiment}}/runs/{{run}}/model.pt",
        history=f"{results}/{{experiment}}/runs/{{run}}/history.csv",
        description=f"{results}/{{experiment}}/runs/{{run}}/run.json",
    log:
        f"{results}/logs/{{experiment}}/train_{{run}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/train_{{run}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        "../../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
        gpu=0,
    params:
        settings=lookup(dpath="{experiment}/runs/{run}", within=options),
        code=lambda w: helpers.run_fingerprint(config, "train", w.experiment, w.run),
        encoder=lambda w, input: helpers.format_options(
            {"encoder": str(Path(input.encoder).parent) if input.encoder else None}
        ),
        state=state_folder,
        staging=staging_options,
        launch=launch,
    shell:
        "{params.launch} python -m cosmodag train --dataset {input.dataset:q}"
        ' --output "$(dirname {output.model:q})" --state {params.state:q} --threads {threads}'
        " {params.staging} {params.encoder} {params.settings} &> {log:q}"


rule learning_baselines:
    """Fit the baselines of a dataset and target, once for all runs that share them."""
    input:
        dataset=f"{results}/{{experiment}}/datasets/{{dataset}}",
    output:
        f"{results}/{{experiment}}/baselines/{{dataset}}/{{target}}.h5",
    log:
        f"{results}/logs/{{experiment}}/baselines_{{dataset}}_{{target}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/baselines_{{dataset}}_{{target}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        "../../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        target=lambda w: helpers.target_options(
            config, w.experiment, w.dataset, w.target
        ),
        code=lambda w: code(
            "baselines",
            *helpers.evaluation_modules(
                config,
                w.experiment,
                helpers.target_run(config, w.experiment, w.dataset, w.target),
            ),
        ),
    shell:
        "python -m cosmodag baselines --dataset {input.dataset:q} --output {output:q}"
        " --threads {threads} {params.target} &> {log:q}"


rule learning_evaluate:
    """Score a trained network and the baselines on the test split, which no other rule reads."""
    input:
        dataset=lambda w: dataset_of(w.experiment, w.run),
        model=f"{results}/{{experiment}}/runs/{{run}}/model.pt",
        description=f"{results}/{{experiment}}/runs/{{run}}/run.json",
        baselines=lambda w: baselines_of(w.experiment, w.run),
    output:
        metrics=f"{results}/{{experiment}}/runs/{{run}}/metrics.json",
        predictions=f"{results}/{{experiment}}/runs/{{run}}/predictions.h5",
        figures=directory(f"{results}/{{experiment}}/runs/{{run}}/figures"),
    log:
        f"{results}/logs/{{experiment}}/evaluate_{{run}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/evaluate_{{run}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        "../../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        truth=lambda w: helpers.format_options(
            {"truth": config[w.experiment]["runs"][w.run].get("truth")}
        ),
        code=lambda w: [
            helpers.run_fingerprint(config, "evaluate", w.experiment, w.run),
            *map(
                helpers.provenance.fingerprint,
                helpers.evaluation_modules(config, w.experiment, w.run),
            ),
        ],
    shell:
        "python -m cosmodag evaluate --dataset {input.dataset:q}"
        ' --run "$(dirname {input.model:q})" --baselines {input.baselines:q}'
        " --threads {threads} {params.truth} &> {log:q}"


rule learning_report:
    """Write the report of evaluated runs as one page."""
    input:
        runs=lambda w: all_files[w.experiment].metrics,
        products=lambda w: all_files[w.experiment].products,
    output:
        f"{results}/{{experiment}}/report.html",
    log:
        f"{results}/logs/{{experiment}}/report.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/report.tsv"
    wildcard_constraints:
        experiment="(?!)",  # inherited, never run under this name
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
        code=code("report", *report_modules),
    shell:
        "python -m cosmodag report {params.runs} {params.products} --output {output:q} &> {log:q}"
