# The stages that all experiments share: split, relabel, train, baselines, evaluate.
# An experiment inherits them with `use rule learning_split as <experiment>_split with:`.
# On one machine, jobs side by side with one thread each are faster than one after the other with
# more; profiles/slurm gives jobs the cores of their nodes.
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
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(lambda w: all_files[w.experiment].dataset_disk_mb(w.dataset)),
        runtime=scaled(30),
    params:
        settings=lookup(dpath="{experiment}/datasets/{dataset}", within=options),
        test=lambda w, input: helpers.file_options({"test": input.get("test", [])}),
        cosmodag=cosmodag,
        node=node,
        code=code("split"),
    shell:
        "{params.cosmodag} split @<(printf '%s\\n' {input.examples:q} {params.test})"
        " --output {output:q} {params.settings} &> {log:q}"


rule learning_relabel:
    """Add a trained network's confident predictions to the labels of its dataset."""
    input:
        unpack(lambda w: trained(w.experiment, teacher_of(w.experiment, w.dataset))),
        dataset=lambda w: dataset_of(w.experiment, teacher_of(w.experiment, w.dataset)),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    log:
        f"{results}/logs/{{experiment}}/relabel_{{dataset}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/relabel_{{dataset}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(4000),
        disk_mb=scaled(lambda w: all_files[w.experiment].dataset_disk_mb(w.dataset)),
        runtime=scaled(60),
    params:
        confidence=lookup(
            dpath="{experiment}/datasets/{dataset}/confidence", within=config
        ),
        cosmodag=cosmodag,
        node=node,
        code=lambda w: helpers.run_fingerprint(
            config, "relabel", w.experiment, teacher_of(w.experiment, w.dataset)
        ),
    shell:
        '{params.cosmodag} relabel --dataset {input.dataset:q} --run "$(dirname {input.model:q})"'
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
        tensorboard=directory(f"{results}/{{experiment}}/runs/{{run}}/tensorboard"),
    log:
        f"{results}/logs/{{experiment}}/train_{{run}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/train_{{run}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(4000),
        disk_mb=scaled(lambda w: all_files[w.experiment].run_disk_mb(w.run)),
        runtime=scaled(240),
        gpu=0,
    params:
        settings=lookup(dpath="{experiment}/runs/{run}", within=options),
        cosmodag=cosmodag_ranks,
        node=node,
        code=lambda w: helpers.run_fingerprint(config, "train", w.experiment, w.run),
        encoder=lambda w, input: helpers.format_options(
            {"encoder": str(Path(input.encoder[0]).parent) if input.encoder else None}
        ),
        state=state_folder,
        staging=staging_options,
    shell:
        "{params.cosmodag} train --dataset {input.dataset:q}"
        ' --output "$(dirname {output.model:q})" --state {params.state:q} --threads {threads}'
        " {params.staging} {params.encoder} {params.settings} &> {log:q}"


rule learning_baselines:
    """Fit the baselines of a dataset and target, once for all runs that share them."""
    input:
        unpack(lambda w: all_files[w.experiment].baseline_inputs(w.dataset)),
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
        environment
    threads: 1
    resources:
        mem_mb=scaled(8000),
        disk_mb=scaled(lambda w: all_files[w.experiment].baselines_disk_mb(w.dataset)),
        runtime=scaled(120),
    params:
        target=lambda w: helpers.target_options(
            config, w.experiment, w.dataset, w.target
        ),
        sources=lambda w, input: " ".join(
            quote(f"--source={kind}={file}")
            for kind in all_files[w.experiment].baseline_inputs(w.dataset)
            for file in input.get(kind)
        ),
        cosmodag=cosmodag,
        node=node,
        code=lambda w: code(
            "baselines",
            *helpers.evaluation_modules(
                config,
                w.experiment,
                helpers.target_run(config, w.experiment, w.dataset, w.target),
            ),
        ),
    shell:
        "{params.cosmodag} baselines @<(printf '%s\\n' {params.sources})"
        " --dataset {input.dataset:q} --output {output:q}"
        " --threads {threads} {params.target} &> {log:q}"


rule learning_evaluate:
    """Score a trained network and the baselines on the test split, which no other rule reads."""
    input:
        dataset=lambda w: dataset_of(w.experiment, w.run),
        model=f"{results}/{{experiment}}/runs/{{run}}/model.pt",
        description=f"{results}/{{experiment}}/runs/{{run}}/run.json",
        history=f"{results}/{{experiment}}/runs/{{run}}/history.csv",
        baselines=lambda w: baselines_of(w.experiment, w.run),
    output:
        metrics=report(
            f"{results}/{{experiment}}/runs/{{run}}/metrics.json",
            caption="../report/scores.rst",
            category="{experiment}",
            subcategory="{run}",
            labels={"result": "scores"},
        ),
        predictions=f"{results}/{{experiment}}/runs/{{run}}/predictions.h5",
        figures=report(
            directory(f"{results}/{{experiment}}/runs/{{run}}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="{experiment}",
            subcategory="{run}",
            labels={"result": "{figure}"},
        ),
    log:
        f"{results}/logs/{{experiment}}/evaluate_{{run}}.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/evaluate_{{run}}.tsv"
    wildcard_constraints:
        experiment="(?!)",  # matches nothing: the rule is only inherited
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(8000),
        disk_mb=scaled(lambda w: all_files[w.experiment].scores_disk_mb(w.run)),
        runtime=scaled(120),
    params:
        truth=lambda w: helpers.format_options(
            {"truth": config[w.experiment]["runs"][w.run].get("truth")}
        ),
        cosmodag=cosmodag,
        node=node,
        code=lambda w: [
            helpers.run_fingerprint(config, "evaluate", w.experiment, w.run),
            *map(
                helpers.provenance.fingerprint,
                helpers.evaluation_modules(config, w.experiment, w.run),
            ),
            helpers.declaration(w.experiment),
        ],
    shell:
        "{params.cosmodag} evaluate --dataset {input.dataset:q}"
        ' --run "$(dirname {input.model:q})" --baselines {input.baselines:q}'
        " --threads {threads} {params.truth} &> {log:q}"


rule learning_report:
    """Write the report of evaluated runs as one page."""
    input:
        runs=lambda w: all_files[w.experiment].metrics,
        details=lambda w: all_files[w.experiment].details,
        products=lambda w: all_files[w.experiment].products,
    output:
        report(
            f"{results}/{{experiment}}/report.html",
            caption="../report/page.rst",
            category="Reports",
            labels={"result": "{experiment}"},
        ),
    log:
        f"{results}/logs/{{experiment}}/report.log",
    benchmark:
        f"{results}/benchmarks/{{experiment}}/report.tsv"
    wildcard_constraints:
        experiment="(?!)",  # inherited, never run under this name
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(20),
        runtime=scaled(10),
    params:
        runs=lambda w, input: " ".join(quote(str(Path(f).parent)) for f in input.runs),
        products=lambda w, input: helpers.file_options({"product": input.products}),
        cosmodag=cosmodag,
        node=node,
        code=[
            code("report", *report_modules),
            *map(helpers.declaration, experiments.names()),
        ],
    shell:
        "{params.cosmodag} report @<(printf '%s\\n' {params.runs} {params.products})"
        " --output {output:q} &> {log:q}"
