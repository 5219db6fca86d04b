# Galaxies: how many latent dimensions describe a galaxy image, and which parameters can be inferred?
#
# Needs:  sources of the configuration: simulated stamps, or a folder of real ones
# Makes:  results/galaxies/sources/<source>/<batch>.h5       simulated stamps with their parameters
#         results/galaxies/sources/<source>/accepted.txt, rejected.tsv      accepted and rejected files of a folder
#         results/galaxies/sources/<source>/headers.parquet  headers of the accepted files
#         results/galaxies/cutouts/<cutouts>/<batch>.h5, <batch>.rejected.csv   stamps of one size, and those left out
#         results/galaxies/datasets/<dataset>/, results/galaxies/runs/<run>/   see learning.smk
#         results/galaxies/clusters/<clusters>/              clusters: scores, members, model, figures
#         results/galaxies/predictions/<prediction>.csv, .svg, .json      predictions for other stamps, and their record

from cosmodag.galaxies.files import GalaxiesFiles

galaxies = GalaxiesFiles(config)


rule galaxies:
    """Make all results of the galaxy experiment."""
    input:
        galaxies.targets,
        f"{results}/galaxies/report.html",


rule galaxies_simulate:
    """Simulate the stamps of a batch of galaxies."""
    input:
        unpack(lambda w: galaxies.simulation_inputs(w.source)),
    output:
        f"{results}/galaxies/sources/{{source}}/{{batch}}.h5",
    log:
        f"{results}/logs/galaxies/simulate_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/galaxies/simulate_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=galaxies.source_pattern("simulation"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: galaxies.simulate_mb(w.source)),
        disk_mb=scaled(lambda w: galaxies.simulate_disk_mb(w.source)),
        runtime=scaled(lambda w: galaxies.simulate_minutes(w.source)),
    params:
        settings=lookup(dpath="galaxies/sources/{source}", within=options),
        members=lambda w: galaxies.batch_options(w.source, int(w.batch)),
        images=lambda w, input: helpers.file_options(dict(input.items())),
        cosmodag=cosmodag,
        node=node,
        code=code("galaxies simulate"),
    shell:
        "{params.cosmodag} galaxies simulate --output {output:q} {params.members} {params.images}"
        " --processes {threads} {params.settings} &> {log:q}"


rule galaxies_filter:
    """List the files of a folder whose stamps have a given shape, and the others with the reason."""
    input:
        lambda w: galaxies.folder(w.source),
    output:
        accepted=f"{results}/galaxies/sources/{{source}}/accepted.txt",
        rejected=f"{results}/galaxies/sources/{{source}}/rejected.tsv",
        headers=f"{results}/galaxies/sources/{{source}}/headers.parquet",
    log:
        f"{results}/logs/galaxies/filter_{{source}}.log",
    benchmark:
        f"{results}/benchmarks/galaxies/filter_{{source}}.tsv"
    wildcard_constraints:
        source=galaxies.source_pattern("folder"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(10),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="galaxies/sources/{source}", within=options),
        cosmodag=cosmodag,
        node=node,
        code=code("galaxies filter"),
    shell:
        "{params.cosmodag} galaxies filter --accepted {output.accepted:q}"
        " --path {input:q} --rejected {output.rejected:q} --headers {output.headers:q}"
        " --threads {threads} {params.settings} &> {log:q}"


rule galaxies_cutouts:
    """Crop or pad the stamps of a batch to one size."""
    input:
        unpack(lambda w: galaxies.cutout_inputs(w.cutouts, w.batch)),
    output:
        examples=f"{results}/galaxies/cutouts/{{cutouts}}/{{batch}}.h5",
        rejected=f"{results}/galaxies/cutouts/{{cutouts}}/{{batch}}.rejected.csv",
    log:
        f"{results}/logs/galaxies/cutouts_{{cutouts}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/galaxies/cutouts_{{cutouts}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(lambda w: galaxies.cutouts_disk_mb(w.cutouts)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="galaxies/cutouts/{cutouts}", within=options),
        files=lambda w: galaxies.files(w.cutouts, int(w.batch)),
        headers=lambda w, input: helpers.format_options(
            {"headers": input.get("headers")}
        ),
        cosmodag=cosmodag,
        node=node,
        code=code("galaxies cutouts"),
    shell:
        "{params.cosmodag} galaxies cutouts --stamps {input.stamps:q} --output {output.examples:q}"
        " {params.headers} {params.files} {params.settings} &> {log:q}"


use rule learning_split as galaxies_split with:
    input:
        unpack(lambda w: galaxies.split_inputs(w.dataset)),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    wildcard_constraints:
        experiment="galaxies",


use rule learning_train as galaxies_train with:
    wildcard_constraints:
        experiment="galaxies",


use rule learning_baselines as galaxies_baselines with:
    wildcard_constraints:
        experiment="galaxies",


use rule learning_evaluate as galaxies_evaluate with:
    wildcard_constraints:
        experiment="galaxies",


rule galaxies_cluster:
    """Cluster galaxies in the latent space of a run, by principal components and by morphology."""
    input:
        unpack(lambda w: galaxies.cluster_inputs(w.clusters)),
    output:
        report(
            directory(f"{results}/galaxies/clusters/{{clusters}}"),
            patterns=["figures/{figure}.svg", "{table}.csv"],
            caption="../report/clusters.rst",
            category="galaxies",
            subcategory="clusters {clusters}",
        ),
    log:
        f"{results}/logs/galaxies/cluster_{{clusters}}.log",
    benchmark:
        f"{results}/benchmarks/galaxies/cluster_{{clusters}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(8000),
        disk_mb=scaled(10),
        runtime=scaled(120),
    params:
        settings=lookup(dpath="galaxies/clusters/{clusters}", within=options),
        labels=lambda w, input: helpers.format_options(
            {"label_file": input.get("labels")}
        ),
        cosmodag=cosmodag,
        node=node,
        code=lambda w: helpers.run_fingerprint(
            config,
            "galaxies cluster",
            "galaxies",
            config["galaxies"]["clusters"][w.clusters]["run"],
        ),
    shell:
        '{params.cosmodag} galaxies cluster --run "$(dirname {input.model:q})"'
        " --dataset {input.dataset:q} --output {output:q} --threads {threads} {params.labels}"
        " {params.settings} &> {log:q}"


rule galaxies_predict:
    """Predict parameters, latents and clusters of stamps that networks were not trained on."""
    input:
        unpack(lambda w: galaxies.prediction_inputs(w.prediction)),
    output:
        table=report(
            f"{results}/galaxies/predictions/{{prediction}}.csv",
            caption="../report/predictions.rst",
            category="galaxies",
            subcategory="prediction {prediction}",
            labels={"result": "table"},
        ),
        rejected=f"{results}/galaxies/predictions/{{prediction}}.rejected.csv",
        figure=report(
            f"{results}/galaxies/predictions/{{prediction}}.svg",
            caption="../report/predictions.rst",
            category="galaxies",
            subcategory="prediction {prediction}",
            labels={"result": "gallery"},
        ),
        figure_files=multiext(
            f"{results}/galaxies/predictions/{{prediction}}", ".pdf", ".numbers.csv"
        ),
        record=f"{results}/galaxies/predictions/{{prediction}}.json",
    log:
        f"{results}/logs/galaxies/predict_{{prediction}}.log",
    benchmark:
        f"{results}/benchmarks/galaxies/predict_{{prediction}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(4000),
        disk_mb=scaled(20),
        runtime=scaled(60),
    params:
        settings=lambda w: galaxies.prediction_options(w.prediction),
        headers=lambda w, input: helpers.format_options(
            {"headers": input.get("headers")}
        ),
        runs=lambda w, input: galaxies.run_options(input),
        cosmodag=cosmodag,
        node=node,
        code=lambda w: [
            helpers.run_fingerprint(config, "galaxies predict", "galaxies", run)
            for run in galaxies.prediction_runs(w.prediction).values()
        ],
    shell:
        "{params.cosmodag} galaxies predict @<(printf '%s\\n' {input.stamps:q})"
        " --output {output.table:q} --figure {output.figure:q} --threads {threads} {params.runs}"
        " {params.headers} {params.settings} &> {log:q}"


use rule learning_report as galaxies_report with:
    wildcard_constraints:
        experiment="galaxies",
