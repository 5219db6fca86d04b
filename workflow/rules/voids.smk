# Voids: where are the cosmic voids behind a catalogue of galaxies, and how many?
#
# Needs:  sources of the configuration: simulated boxes, or a galaxy catalogue in a file
# Makes:  results/voids/void_catalogues/<catalogue>/     voids of a survey or a box, without a network
#         results/voids/sources/<source>/{galaxies,matter}_<batch>.h5
#         results/voids/sources/<source>/galaxies_<batch>.rejected.csv      rows of a catalogue that are left out
#         results/voids/grids/<grid>/<batch>.h5          mass per cell
#         results/voids/labels/<labels>/<batch>.h5       masks and catalogues of voids
#         results/voids/statistics/<statistics>/         sizes, profiles and shapes of voids
#         results/voids/cutouts/<cutouts>/<batch>.h5     sub-boxes: maps of galaxies and voids
#         results/voids/datasets/<dataset>/, results/voids/runs/<run>/      see learning.smk

from cosmodag.voids.files import VoidsFiles

voids = VoidsFiles(config)


rule voids:
    """Train and evaluate all runs of the void experiment, and find all void catalogues."""
    input:
        voids.targets,
        f"{results}/voids/report.html",


rule voids_find:
    """Find the voids of a survey or a box by a void finder."""
    input:
        unpack(lambda w: voids.find_inputs(w.catalogue)),
    output:
        report(
            directory(f"{results}/voids/void_catalogues/{{catalogue}}"),
            patterns=["{figure}.svg", "{table}.csv"],
            caption="../report/void_catalogue.rst",
            category="voids",
            subcategory="void catalogue {catalogue}",
        ),
    log:
        f"{results}/logs/voids/find_{{catalogue}}.log",
    benchmark:
        f"{results}/benchmarks/voids/find_{{catalogue}}.tsv"
    wildcard_constraints:
        catalogue=helpers.names_pattern(voids.names("void_catalogues")),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.find_mb(w.catalogue)),
        disk_mb=scaled(20),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="voids/void_catalogues/{catalogue}", within=options),
        footprint=lambda w: voids.footprint_options(w.catalogue),
        files=lambda w, input: helpers.file_options(
            {kind: input.get(kind, []) for kind in ("randoms", "mask")}
        ),
        cosmodag=cosmodag,
        node=node,
        code=code("voids find"),
    shell:
        "{params.cosmodag} voids find @<(printf '%s\n' {input.galaxies:q} {params.files})"
        " --output {output:q} --threads {threads} {params.settings} {params.footprint} &> {log:q}"


rule voids_simulate:
    """Evolve a batch of boxes of matter and draw galaxies from them."""
    input:
        unpack(lambda w: voids.simulate_inputs(w.source)),
    output:
        galaxies=f"{results}/voids/sources/{{source}}/galaxies_{{batch}}.h5",
        matter=f"{results}/voids/sources/{{source}}/matter_{{batch}}.h5",
    log:
        f"{results}/logs/voids/simulate_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/voids/simulate_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=voids.source_pattern("simulation"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.simulate_mb(w.source)),
        disk_mb=scaled(lambda w: voids.simulate_disk_mb(w.source)),
        runtime=scaled(lambda w: voids.simulate_minutes(w.source)),
    params:
        settings=lookup(dpath="voids/sources/{source}", within=options),
        boxes=lambda w: voids.batch_options(w.source, int(w.batch)),
        survey=lambda w: voids.survey_options(w.source),
        files=lambda w, input: helpers.file_options(dict(input.items())),
        cosmodag=cosmodag,
        node=node,
        code=code("voids simulate"),
    shell:
        "{params.cosmodag} voids simulate --galaxies {output.galaxies:q}"
        " --matter {output.matter:q} --source {wildcards.source} {params.boxes}"
        " --threads {threads} {params.settings} {params.survey} {params.files} &> {log:q}"


rule voids_catalogue:
    """Convert a galaxy catalogue to a galaxies file, as simulations write it."""
    input:
        lambda w: voids.catalogue_files(w.source),
    output:
        galaxies=f"{results}/voids/sources/{{source}}/galaxies_{{batch}}.h5",
        rejected=f"{results}/voids/sources/{{source}}/galaxies_{{batch}}.rejected.csv",
    log:
        f"{results}/logs/voids/catalogue_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/voids/catalogue_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=voids.source_pattern("catalogue"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(lambda w: voids.catalogue_disk_mb(w.source)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="voids/sources/{source}", within=options),
        cosmodag=cosmodag,
        node=node,
        code=code("voids catalogue"),
    shell:
        "{params.cosmodag} voids catalogue @<(printf -- '--path=%s\\n' {input:q})"
        " --output {output.galaxies:q} --source {wildcards.source} {params.settings} &> {log:q}"


rule voids_grid:
    """Assign the galaxies of a batch of boxes to grids."""
    input:
        unpack(lambda w: voids.grid_inputs(w.grid, w.batch)),
    output:
        f"{results}/voids/grids/{{grid}}/{{batch}}.h5",
    log:
        f"{results}/logs/voids/grid_{{grid}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/voids/grid_{{grid}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.grid_mb(w.grid)),
        disk_mb=scaled(lambda w: voids.grid_disk_mb(w.grid)),
        runtime=scaled(30),
    params:
        settings=lookup(dpath="voids/grids/{grid}", within=options),
        inputs=lambda w, input: helpers.file_options(dict(input.items())),
        cosmodag=cosmodag,
        node=node,
        code=code("voids grid"),
    shell:
        "{params.cosmodag} voids grid @<(printf '%s\\n' {params.inputs})"
        " --output {output:q} --threads {threads} {params.settings} &> {log:q}"


rule voids_label:
    """Find the voids of a batch of boxes in the matter or among the galaxies."""
    input:
        unpack(lambda w: voids.label_inputs(w.labels, w.batch)),
    output:
        labels=f"{results}/voids/labels/{{labels}}/{{batch}}.h5",
        rejected=f"{results}/voids/labels/{{labels}}/{{batch}}.rejected.csv",
    log:
        f"{results}/logs/voids/label_{{labels}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/voids/label_{{labels}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.label_mb(w.labels)),
        disk_mb=scaled(lambda w: voids.label_disk_mb(w.labels)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="voids/labels/{labels}", within=options),
        inputs=lambda w, input: helpers.format_options(dict(input.items())),
        catalogue=lambda w: voids.void_catalogue_options(w.labels),
        cosmodag=cosmodag,
        node=node,
        code=code("voids label"),
    shell:
        "{params.cosmodag} voids label {params.inputs} --output {output.labels:q}"
        " --threads {threads} {params.settings} {params.catalogue} &> {log:q}"


rule voids_statistics:
    """Measure sizes, profiles, cross-correlations and shapes of the voids of all boxes."""
    input:
        unpack(lambda w: voids.statistics_inputs(w.statistics)),
    output:
        report(
            directory(f"{results}/voids/statistics/{{statistics}}"),
            patterns=["{figure}.svg", "{table}.csv"],
            caption="../report/statistics.rst",
            category="voids",
            subcategory="statistics {statistics}",
        ),
    log:
        f"{results}/logs/voids/statistics_{{statistics}}.log",
    benchmark:
        f"{results}/benchmarks/voids/statistics_{{statistics}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.statistics_mb(w.statistics)),
        disk_mb=scaled(20),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="voids/statistics/{statistics}", within=options),
        inputs=lambda w, input: helpers.file_options(dict(input.items())),
        cosmodag=cosmodag,
        node=node,
        code=code("voids statistics"),
    shell:
        "{params.cosmodag} voids statistics @<(printf '%s\\n' {params.inputs})"
        " --output {output:q} --threads {threads} {params.settings} &> {log:q}"


rule voids_cutouts:
    """Cut sub-boxes of a batch of boxes and the maps of the voids in them."""
    input:
        grid=lambda w: voids.cutout_input(w.cutouts, "grid", w.batch),
        labels=lambda w: voids.cutout_input(w.cutouts, "labels", w.batch),
    output:
        f"{results}/voids/cutouts/{{cutouts}}/{{batch}}.h5",
    log:
        f"{results}/logs/voids/cutouts_{{cutouts}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/voids/cutouts_{{cutouts}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: voids.cutouts_mb(w.cutouts)),
        disk_mb=scaled(lambda w: voids.cutouts_disk_mb(w.cutouts)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="voids/cutouts/{cutouts}", within=options),
        cosmodag=cosmodag,
        node=node,
        code=code("voids cutouts"),
    shell:
        "{params.cosmodag} voids cutouts --grid {input.grid:q} --labels {input.labels:q}"
        " --output {output:q} --threads {threads} {params.settings} &> {log:q}"


use rule learning_split as voids_split with:
    input:
        unpack(lambda w: voids.split_inputs(w.dataset)),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    wildcard_constraints:
        experiment="voids",
        dataset=helpers.dataset_pattern(config, "voids", "cutouts"),


use rule learning_relabel as voids_relabel with:
    wildcard_constraints:
        experiment="voids",
        dataset=helpers.dataset_pattern(config, "voids", "teacher"),


use rule learning_train as voids_train with:
    wildcard_constraints:
        experiment="voids",


use rule learning_baselines as voids_baselines with:
    wildcard_constraints:
        experiment="voids",


use rule learning_evaluate as voids_evaluate with:
    wildcard_constraints:
        experiment="voids",


use rule learning_report as voids_report with:
    wildcard_constraints:
        experiment="voids",
