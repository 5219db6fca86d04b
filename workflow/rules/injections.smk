# Injections: can a network distinguish galaxies injected into survey images from real ones?
#
# Needs:  sources of the configuration: a simulated survey, one real image, or a survey folder
# Makes:  results/injections/sources/<source>/<batch>/           bricks with runs of injections
#         results/injections/selections/<selection>/<batch>.*    objects that pass the cuts
#         results/injections/transfer/<transfer>/matches/<batch>.*  all injections, detected or not
#         results/injections/transfer/<transfer>/measured/   completeness, purity, bias and scatter
#         results/injections/cutouts/<cutouts>/<batch>.h5        stamps of these objects
#         results/injections/datasets/<dataset>/, results/injections/runs/<run>/   see learning.smk
#         results/injections/predictions/<prediction>.csv, .json        inference on other stamps, and its record
#         results/injections/verdicts/<verdict>.json             verdicts on two-sample tests

from cosmodag.injections.files import InjectionsFiles

injections = InjectionsFiles(config)


rule injections:
    """All results of the injection experiment."""
    input:
        injections.targets,
        f"{results}/injections/report.html",


rule injections_simulate:
    """Simulate a batch of bricks, their catalogues, and runs of injections."""
    output:
        directory(f"{results}/injections/sources/{{source}}/{{batch}}"),
    log:
        f"{results}/logs/injections/simulate_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/injections/simulate_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=injections.source_pattern("simulation"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: injections.simulate_mb(w.source)),
        disk_mb=scaled(lambda w: injections.simulate_disk_mb(w.source)),
        runtime=scaled(lambda w: injections.simulate_minutes(w.source)),
    params:
        settings=lookup(dpath="injections/sources/{source}", within=options),
        bricks=lambda w: injections.batch_options(w.source, int(w.batch)),
        cosmodag=cosmodag,
        node=node,
        code=code("injections simulate"),
    shell:
        "{params.cosmodag} injections simulate --output {output:q} {params.bricks}"
        " {params.settings} &> {log:q}"


rule injections_observe:
    """Detect the sources of a real image and inject galaxies into it with its own PSF."""
    input:
        unpack(lambda w: injections.image_files(w.source)),
    output:
        directory(f"{results}/injections/sources/{{source}}/{{batch}}"),
    log:
        f"{results}/logs/injections/observe_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/injections/observe_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=injections.source_pattern("image"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(lambda w: injections.observe_disk_mb(w.source)),
        runtime=scaled(30),
    params:
        settings=lookup(dpath="injections/sources/{source}", within=options),
        cosmodag=cosmodag,
        node=node,
        code=code("injections observe"),
    shell:
        "{params.cosmodag} injections observe --image {input.image:q} --psf {input.psf:q}"
        " --output {output:q} {params.settings} &> {log:q}"


rule injections_select:
    """Select the real and the injected objects of a batch of bricks by the same cuts."""
    input:
        unpack(lambda w: injections.brick_inputs("selections", w.selection, w.batch)),
    output:
        objects=f"{results}/injections/selections/{{selection}}/{{batch}}.parquet",
        cuts=f"{results}/injections/selections/{{selection}}/{{batch}}.csv",
        rejected=f"{results}/injections/selections/{{selection}}/{{batch}}.rejected.csv",
    log:
        f"{results}/logs/injections/select_{{selection}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/injections/select_{{selection}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(5),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="injections/selections/{selection}", within=options),
        survey=lambda w: injections.survey_option("selections", w.selection),
        share=lambda w: injections.brick_options(
            "selections", w.selection, int(w.batch)
        ),
        bricks=lambda w, input: helpers.format_options({"bricks": input.get("bricks")}),
        cosmodag=cosmodag,
        node=node,
        code=code("injections select"),
    shell:
        "{params.cosmodag} injections select {input.survey:q} --output {output.objects:q}"
        " --cuts {output.cuts:q} {params.survey} {params.bricks} {params.share}"
        " {params.settings} &> {log:q}"


rule injections_match:
    """Match all injections into a batch of bricks with the sources that were detected."""
    input:
        unpack(lambda w: injections.brick_inputs("transfer", w.transfer, w.batch)),
    output:
        matches=f"{results}/injections/transfer/{{transfer}}/matches/{{batch}}.parquet",
        rejected=f"{results}/injections/transfer/{{transfer}}/matches/{{batch}}.rejected.csv",
    log:
        f"{results}/logs/injections/match_{{transfer}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/injections/match_{{transfer}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: injections.match_mb(w.transfer)),
        disk_mb=scaled(50),
        runtime=scaled(60),
    params:
        settings=lambda w: injections.match_options(w.transfer),
        survey=lambda w: injections.survey_option("transfer", w.transfer),
        share=lambda w: injections.brick_options("transfer", w.transfer, int(w.batch)),
        bricks=lambda w, input: helpers.format_options({"bricks": input.get("bricks")}),
        cosmodag=cosmodag,
        node=node,
        code=code("injections match"),
    shell:
        "{params.cosmodag} injections match {input.survey:q} --output {output.matches:q}"
        " {params.survey} {params.bricks} {params.share} {params.settings} &> {log:q}"


rule injections_transfer:
    """Measure completeness, purity, bias and scatter of all injections, and model completeness."""
    input:
        lambda w: injections.matches(w.transfer),
    output:
        report(
            directory(f"{results}/injections/transfer/{{transfer}}/measured"),
            patterns=["{figure}.svg", "{table}.csv"],
            caption="../report/transfer.rst",
            category="injections",
            subcategory="transfer function {transfer}",
        ),
    log:
        f"{results}/logs/injections/transfer_{{transfer}}.log",
    benchmark:
        f"{results}/benchmarks/injections/transfer_{{transfer}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(3000),
        disk_mb=scaled(20),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="injections/transfer/{transfer}", within=options),
        cosmodag=cosmodag,
        node=node,
        code=code("injections transfer"),
    shell:
        "{params.cosmodag} injections transfer @<(printf '%s\\n' {input:q})"
        " --output {output:q} {params.settings} &> {log:q}"


rule injections_cutouts:
    """Cut stamps of the selected objects; ranks share the bricks of a batch."""
    input:
        survey=lambda w: injections.survey(
            "selections", injections.selection_of(w.cutouts), w.batch
        ),
        objects=lambda w: (
            f"{results}/injections/selections/{injections.selection_of(w.cutouts)}/{w.batch}.parquet"
        ),
    output:
        examples=f"{results}/injections/cutouts/{{cutouts}}/{{batch}}.h5",
        rejected=f"{results}/injections/cutouts/{{cutouts}}/{{batch}}.rejected.csv",
    log:
        f"{results}/logs/injections/cutouts_{{cutouts}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/injections/cutouts_{{cutouts}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: injections.cutouts_mb(w.cutouts)),
        disk_mb=scaled(lambda w: injections.cutouts_disk_mb(w.cutouts)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="injections/cutouts/{cutouts}", within=options),
        name=lambda w: injections.survey_option(
            "selections", injections.selection_of(w.cutouts)
        ),
        scratch=state_folder,
        cosmodag=cosmodag_ranks,
        node=node,
        code=code("injections cutouts"),
    shell:
        "{params.cosmodag} injections cutouts --survey {input.survey:q}"
        " {params.name} --objects {input.objects:q} --output {output.examples:q} --scratch {params.scratch:q}"
        " {params.settings} &> {log:q}"


use rule learning_split as injections_split with:
    input:
        unpack(lambda w: injections.split_inputs(w.dataset)),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    wildcard_constraints:
        experiment="injections",


use rule learning_train as injections_train with:
    wildcard_constraints:
        experiment="injections",


use rule learning_baselines as injections_baselines with:
    wildcard_constraints:
        experiment="injections",


use rule learning_evaluate as injections_evaluate with:
    wildcard_constraints:
        experiment="injections",


rule injections_predict:
    """Predict whether objects outside the dataset of a run were injected."""
    input:
        unpack(lambda w: injections.prediction_inputs(w.prediction)),
    output:
        table=report(
            f"{results}/injections/predictions/{{prediction}}.csv",
            caption="../report/predictions.rst",
            category="injections",
            subcategory="prediction {prediction}",
            labels={"result": "table"},
        ),
        record=f"{results}/injections/predictions/{{prediction}}.json",
    log:
        f"{results}/logs/injections/predict_{{prediction}}.log",
    benchmark:
        f"{results}/benchmarks/injections/predict_{{prediction}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(4000),
        disk_mb=scaled(5),
        runtime=scaled(60),
    params:
        cosmodag=cosmodag,
        node=node,
        code=lambda w: helpers.run_fingerprint(
            config,
            "injections predict",
            "injections",
            config["injections"]["predictions"][w.prediction]["run"],
        ),
    shell:
        "{params.cosmodag} injections predict @<(printf '%s\\n' {input.stamps:q})"
        ' --run "$(dirname {input.model:q})"'
        " --dataset {input.dataset:q} --output {output.table:q} --threads {threads} &> {log:q}"


rule injections_verdict:
    """Judge a two-sample test by its controls; a test is invalid if a control fails."""
    input:
        unpack(lambda w: injections.verdict_inputs(w.verdict)),
    output:
        verdict=report(
            f"{results}/injections/verdicts/{{verdict}}.json",
            caption="../report/verdict.rst",
            category="injections",
            subcategory="verdict {verdict}",
            labels={"result": "verdict"},
        ),
        figure=report(
            f"{results}/injections/verdicts/{{verdict}}.svg",
            caption="../report/verdict.rst",
            category="injections",
            subcategory="verdict {verdict}",
            labels={"result": "controls"},
        ),
        figure_files=multiext(
            f"{results}/injections/verdicts/{{verdict}}", ".pdf", ".numbers.csv"
        ),
    log:
        f"{results}/logs/injections/verdict_{{verdict}}.log",
    benchmark:
        f"{results}/benchmarks/injections/verdict_{{verdict}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(4000),
        disk_mb=scaled(5),
        runtime=scaled(60),
    params:
        controls=lambda w, input: " ".join(
            quote(str(Path(file).parent)) for file in input.positive_controls
        ),
        cosmodag=cosmodag,
        node=node,
        code=code("injections verdict"),
    shell:
        '{params.cosmodag} injections verdict {params.controls} --run "$(dirname {input.run:q})"'
        ' --negative-control "$(dirname {input.negative_control:q})" --dataset {input.dataset:q}'
        " --output {output.verdict:q} --figure {output.figure:q} --threads {threads} &> {log:q}"


use rule learning_report as injections_report with:
    wildcard_constraints:
        experiment="injections",
