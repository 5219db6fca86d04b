# Reionization: at which redshift and escape fraction was a slice of the 21-cm sky taken?
#
# Needs:  sources of the configuration: simulations, or a folder of cubes
# Makes:  results/reionization/sources/<source>/initial_<batch>.h5      shared by all redshifts
#         results/reionization/sources/<source>/<batch>/z<redshift>.h5  cubes of three fields,
#                                                      draw<n>.h5 where redshifts are drawn
#         results/reionization/cutouts/<cutouts>/<batch>.h5             slices
#         results/reionization/datasets/<dataset>/, results/reionization/runs/<run>/   see learning.smk

from cosmodag.reionization.files import ReionizationFiles

reionization = ReionizationFiles(config)


rule reionization:
    """Make all results of the reionization experiment."""
    input:
        reionization.targets,
        f"{results}/reionization/report.html",


rule reionization_initial:
    """Draw the initial conditions of a batch of realizations, shared by all redshifts."""
    output:
        f"{results}/reionization/sources/{{source}}/initial_{{batch}}.h5",
    log:
        f"{results}/logs/reionization/initial_{{source}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/reionization/initial_{{source}}_{{batch}}.tsv"
    wildcard_constraints:
        source=reionization.source_pattern("simulation"),
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: reionization.initial_mb(w.source)),
        disk_mb=scaled(lambda w: reionization.initial_disk_mb(w.source)),
        runtime=scaled(60),
    params:
        settings=lambda w: reionization.settings(w.source, "initial"),
        universes=lambda w: reionization.batch_options(w.source, int(w.batch)),
        cosmodag=cosmodag,
        node=node,
        code=code("reionization initial"),
    shell:
        "{params.cosmodag} reionization initial --output {output:q} {params.universes}"
        " --threads {threads} {params.settings} &> {log:q}"


rule reionization_simulate:
    """Simulate the cubes of a batch of realizations at one redshift, or each at a redshift it draws."""
    input:
        initial=f"{results}/reionization/sources/{{source}}/initial_{{batch}}.h5",
    output:
        f"{results}/reionization/sources/{{source}}/{{batch}}/{{snapshot}}.h5",
    log:
        f"{results}/logs/reionization/simulate_{{source}}_{{batch}}_{{snapshot}}.log",
    benchmark:
        f"{results}/benchmarks/reionization/simulate_{{source}}_{{batch}}_{{snapshot}}.tsv"
    wildcard_constraints:
        source=reionization.source_pattern("simulation"),
        snapshot=r"z[0-9.]+|draw[0-9]+",
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: reionization.simulate_mb(w.source)),
        disk_mb=scaled(lambda w: reionization.simulate_disk_mb(w.source)),
        runtime=scaled(lambda w: reionization.simulate_minutes(w.source)),
    params:
        settings=lambda w: reionization.settings(w.source),
        snapshot=lambda w: reionization.snapshot_options(w.source, w.snapshot),
        cosmodag=cosmodag,
        node=node,
        code=code("reionization simulate"),
    shell:
        "{params.cosmodag} reionization simulate --initial {input.initial:q}"
        " {params.snapshot} --output {output:q} --threads {threads}"
        " {params.settings} &> {log:q}"


rule reionization_read:
    """Read the cubes of one redshift from a folder and write them to a cubes file."""
    input:
        unpack(lambda w: reionization.read_inputs(w.source)),
    output:
        cubes=f"{results}/reionization/sources/{{source}}/{{batch}}/z{{redshift}}.h5",
        rejected=f"{results}/reionization/sources/{{source}}/{{batch}}/z{{redshift}}.rejected.csv",
    log:
        f"{results}/logs/reionization/read_{{source}}_{{batch}}_z{{redshift}}.log",
    benchmark:
        f"{results}/benchmarks/reionization/read_{{source}}_{{batch}}_z{{redshift}}.tsv"
    wildcard_constraints:
        source=reionization.source_pattern("folder"),
        redshift="[0-9.]+",
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(2000),
        disk_mb=scaled(lambda w: reionization.simulate_disk_mb(w.source)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="reionization/sources/{source}", within=options),
        table=lambda w, input: helpers.format_options({"table": input.get("table")}),
        cosmodag=cosmodag,
        node=node,
        code=code("reionization read"),
    shell:
        "{params.cosmodag} reionization read --path {input.folder:q} {params.table}"
        " --redshift {wildcards.redshift} --output {output.cubes:q} {params.settings} &> {log:q}"


rule reionization_cutouts:
    """Cut slices of a batch of realizations at all redshifts, as an instrument observes them."""
    input:
        lambda w: reionization.cubes(w.cutouts, w.batch),
    output:
        f"{results}/reionization/cutouts/{{cutouts}}/{{batch}}.h5",
    log:
        f"{results}/logs/reionization/cutouts_{{cutouts}}_{{batch}}.log",
    benchmark:
        f"{results}/benchmarks/reionization/cutouts_{{cutouts}}_{{batch}}.tsv"
    conda:
        environment
    threads: 1
    resources:
        mem_mb=scaled(lambda w: reionization.cutouts_mb(w.cutouts)),
        disk_mb=scaled(lambda w: reionization.cutouts_disk_mb(w.cutouts)),
        runtime=scaled(60),
    params:
        settings=lookup(dpath="reionization/cutouts/{cutouts}", within=options),
        realizations=lambda w: reionization.realizations_option(w.cutouts, int(w.batch)),
        cosmodag=cosmodag,
        node=node,
        code=code("reionization cutouts"),
    shell:
        "{params.cosmodag} reionization cutouts {input:q} --output {output:q}"
        " --threads {threads} {params.realizations} {params.settings} &> {log:q}"


use rule learning_split as reionization_split with:
    input:
        unpack(lambda w: reionization.split_inputs(w.dataset)),
    output:
        directory(f"{results}/{{experiment}}/datasets/{{dataset}}"),
    wildcard_constraints:
        experiment="reionization",


use rule learning_train as reionization_train with:
    wildcard_constraints:
        experiment="reionization",


use rule learning_baselines as reionization_baselines with:
    wildcard_constraints:
        experiment="reionization",


use rule learning_evaluate as reionization_evaluate with:
    wildcard_constraints:
        experiment="reionization",


use rule learning_report as reionization_report with:
    wildcard_constraints:
        experiment="reionization",
