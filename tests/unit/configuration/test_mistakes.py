"""Mistakes in a configuration are refused before the first job, with the key, value and cure."""

import copy
import math
import re

import pytest
import yaml

from cosmodag.dag.config_files import complete_config
from cosmodag.errors import InputError
from tests.checkout import TINY, tiny
from tests.unit.voids.catalogues.snapshots import COLUMNS, write_snapshot

BASES = {
    name: tiny(name) if name else yaml.safe_load(TINY.read_text())
    for name in ("", "galaxies", "injections", "reionization")
}
REMOVED = object()
CATALOGUE = {"path": "absent.csv", "box_size": 200}


def changed(base: str, changes: dict) -> dict:
    """Return a test configuration with some keys, such as ``voids.runs.unet.seed``, changed."""
    config = copy.deepcopy(BASES[base])
    for path, value in changes.items():
        *above, last = path.split(".")
        entry = config
        for key in above:
            entry = entry.setdefault(key, {})
        if value is REMOVED:
            del entry[last]
        else:
            entry[last] = value
    return config


def refusal(base: str, changes: dict) -> str:
    with pytest.raises(InputError) as error:
        complete_config(changed(base, changes))
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


VOIDS, RUN = "voids.cutouts.slabs", "voids.runs.unet"


@pytest.mark.parametrize("base", BASES)
def test_the_configurations_of_the_tests_are_complete(base):
    complete_config(BASES[base])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # names and keys
        ({f"{RUN}.model.name": "unett"}, f"{RUN}.model.name: 'unett' is not known; .*'unet'"),
        ({f"{RUN}.model.widht": 8}, f"{RUN}.model.widht: not a known key; did you mean 'width'"),
        ({f"{RUN}.task.chanel": "x"}, f"{RUN}.task.chanel: not a known key; .*'channel'"),
        ({f"{RUN}.task.name": "maps"}, f"{RUN}.task.name: 'maps' is not known; .*'map'"),
        ({f"{RUN}.task": "map"}, f"{RUN}.task: 'map' is not allowed; give a mapping"),
        ({f"{RUN}.task": {"channel": "x"}}, f"{RUN}.task.name: missing; known: map, count"),
        ({f"{RUN}.task": {"name": "map"}}, f"{RUN}.task.channel: missing; required: target chan"),
        ({f"{RUN}.training.epoch": 3}, f"{RUN}.training.epoch: not a known key; .*'epochs'"),
        ({f"{RUN}.dataset": "slab"}, f"{RUN}.dataset: 'slab' is not defined .*'slabs'"),
        ({"voids.runs.a b": {}}, "voids.runs.a b: a name takes at most 100 letters"),
        ({"voids.labels.boxes": {"source": "boxes"}}, "labels.boxes: no void finder; give one or"),
        ({"voids.sources.boxes.catalogue": CATALOGUE}, "boxes: give just one of simulation, cata"),
        ({"voids.datasets.slabs.teacher": "unet"}, "datasets.slabs: give just one of cutouts or"),
        ({"voids.datasets.taught.test": "slabs"}, "taught.test: this key needs the key cutouts"),
        ({"results": ""}, "results: '' is not allowed; give a path"),
        ({"results": "a{b}"}, "results: 'a{b}' is not allowed; give a path without braces"),
        ({"results": "/"}, "results: '/' is the root of the file system; give a folder below it"),
        ({"scratch": "//.."}, r"scratch: '//\.\.' is the root of the file system; give a folder"),
        ({"results": "~/x"}, r"results: '~/x' begins with ~, .* give '/.*x', or '\./~/x' for a"),
        ({"scratch": "~nobody-here/x"}, r"scratch: .* begins with ~, .*; give '\./~nobody-here/x'"),
        ({"staging": "~/x"}, "staging: '~/x' begins with ~, which is not replaced by a home"),
        ({"scratch": "$SCRATCH/x"}, r"scratch: .* contains \$SCRATCH, .*; give the path in full"),
        ({"results": f"a/{'é' * 128}/b"}, "results: .* a name of 256 bytes, .* allow 255"),
        ({"scratch": 400 * "/long-name"}, "scratch: .* a path of 4000 bytes, .*give one of"),
        ({f"voids.runs.{'u' * 101}": {}}, "u: a name takes at most 100 letters, digits, dashes"),
        ({f"{RUN}.dataset": 101 * "u"}, "unet.dataset: 'u*… is not allowed; give at most 100 l"),
        # values
        ({f"{RUN}.training.epochs": 0}, "epochs: 0 is not allowed; give an integer at least 1"),
        ({f"{RUN}.training.epochs": 2.5}, "epochs: 2.5 is not allowed; give an integer"),
        ({f"{RUN}.training.warmup": 1}, "warmup: 1 is not .* a number at least 0 and below 1"),
        (
            {f"{RUN}.training.ema_decay": 1.5},
            "ema_decay: 1.5 is not .* or null above 0 and",
        ),
        ({f"{RUN}.training.learning_rate": math.nan}, "learning_rate: nan is not a finite number"),
        ({f"{RUN}.training.learning_rate": -math.inf}, "learning_rate: -inf is not a finite"),
        ({f"{RUN}.training.learning_rate": "fast"}, "'fast' is not allowed; give a number above 0"),
        ({f"{RUN}.training.optimizer": "adamm"}, "optimizer: 'adamm' is not known; .*'adam'"),
        ({f"{RUN}.training.monitor": "auc"}, "monitor: 'auc' is not a score of the task map; .*br"),
        ({f"{RUN}.model.depth": 3}, "unet.model.depth: not a known key"),
        ({f"{RUN}.model": {"name": "resnet", "depth": 20}}, "20 is not .* one of 18, 34, 50, orig"),
        ({f"{VOIDS}.axes": [0, 3]}, "axes.1: 3 is not allowed; give one of 0, 1, 2"),
        ({f"{VOIDS}.axes": [0, 0]}, r"axes: \[0, 0\] is not .*of 0, 1, 2.*, each once"),
        (
            {f"{VOIDS}.regions": [2, 2]},
            r"regions: \[2, 2\] is not .* a list of 3 integers at least",
        ),
        (
            {"voids.grids.boxes.cells": [64, 64]},
            r"\[64, 64\] is not allowed; give a list of 3",
        ),
        ({"voids.grids": None}, "voids.grids: null is not allowed; give a mapping of keys"),
        # references
        (
            {"voids.datasets.taught.teacher": "student"},
            "dataset that needs itself: taught → taught",
        ),
        ({"voids.datasets.taught.teacher": "counts"}, "the task of the run 'counts' is count"),
        ({f"{RUN}.encoder": "unet"}, "unet.encoder: 'unet' is this run itself"),
        ({f"{RUN}.encoder": "counts"}, "unet.encoder: 'counts' trains no encoder"),
        (
            {"voids.datasets.slabs.test": "cubes", "voids.grids.boxes.fields": REMOVED},
            "slabs.test: shape of 'cubes', 32, 32, 32, differ",
        ),
        # channels and columns
        ({f"{RUN}.task.channel": "fraction_mater"}, "not a target channel; .*'fraction_matter'"),
        ({f"{RUN}.truth": "centre"}, "truth: 'centre' is not a target .*centres_spheres"),
        ({"voids.runs.counts.truth": "x"}, "truth: the task count has no map"),
        ({"voids.runs.counts.task.columns": ["count_x"]}, "columns: 'count_x' is not a column"),
        ({f"{RUN}.transform": "noise"}, "transform: noise needs pairs of image and inverse"),
        ({f"{RUN}.noise": {"rms": 1}}, "noise: the input has the channels overdensity"),
        (
            {f"{RUN}.augment": "periodic"},
            "augment: periodic shifts need slices or cubes of a whole",
        ),
        # lengths that must divide one another, and fit
        ({f"{VOIDS}.depth": 512}, "depth: 512 cells do not fit into a box of 64 cells along x"),
        ({f"{VOIDS}.side": 128}, "slabs.side: 128 cells do not fit into a box of 64 cells"),
        ({f"{VOIDS}.side": 30}, "slabs.side: 30 is not a multiple of factor, 4"),
        ({f"{VOIDS}.layers": 3}, "slabs.depth: 16 is not a multiple of layers, 3"),
        ({f"{VOIDS}.margin_depth": 8}, "margin_depth: 8 is not a multiple of .* a layer, 16"),
        ({f"{VOIDS}.margin_depth": 32}, "margin_depth: 16 \\+ 2 · 32 cells do not fit into .* 64"),
        (
            {"voids.sources.boxes.simulation.redshift_space_axis": 0},
            r"slabs.axes: galaxies .* are in redshift space along axis 0; give \[0\]",
        ),
        ({f"{VOIDS}.input_factor": 3}, "slabs.factor: 4 is not a multiple of input_factor, 3"),
        ({"voids.cutouts.cubes.input_factor": 2}, "cubes.input_factor: serves maps; remove it"),
        ({f"{VOIDS}.positions": [9, 1, 1]}, "positions.0: 9 sub-boxes of 16 cells .* give at most"),
        ({f"{VOIDS}.regions": [4, 4, 4]}, "regions: no sub-box of 32×32×16 cells lies within one"),
        ({"voids.labels.boxes.mesh": 48}, "mesh: 48 does not divide voids.grids.boxes.cells, 64;"),
        ({f"{RUN}.model.levels": 5}, "levels: 5 halvings need more than 16 .* give at most 3"),
        ({f"{RUN}.model.width": 12}, "width: 12 is not a multiple of 8, which norm: group needs"),
        ({f"{RUN}.model.factor": 2}, "factor: 2, but an input of 32 and a target of 8 cells"),
        ({f"{RUN}.model.name": "unet3d"}, "unet3d needs cubes, but the examples are maps; choose"),
        ({f"{RUN}.model": {"name": "lenet"}}, "lenet is not a network for the task map; .*unet"),
        ({"voids.runs.cube.model": {"name": "unet"}}, "unet is not .* head: cube; .* unet3d"),
        ({"voids.runs.cube.task.head": "map"}, "head: map, but the examples are cubes; set head:"),
        (
            {"voids.runs.counts.model": {"name": "siamese"}},
            "siamese is not a network for the task cou",
        ),
        (
            {"voids.runs.counts.model": {"name": "dense"}, "voids.runs.counts.task.name": "latent"},
            "",
        ),
        # splits
        ({"voids.datasets.slabs.fractions": [0.5, 0.3, 0.3]}, "sum to 1.1; give three fractions"),
        ({"voids.datasets.slabs.fractions": [1, 0, 0]}, "fractions.0: 1 is not allowed"),
        (
            {"voids.sources.boxes.simulation.realizations": 2},
            "slabs' has 2 independent groups, but",
        ),
    ],
)
def test_a_mistake_in_voids_is_refused(changes, message):
    assert re.search(message, refusal("", changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "mpc"}, "unit: 'mpc' is not known; did you mean 'Mpc'. known: Mpc/h, Mpc, kpc/h"),
        ({"unit": "Mpc"}, "hubble: missing; the unit Mpc needs H0"),
        ({"unit": "Mpc", "hubble": 70}, "hubble: 70 is not allowed; .* at least 0.3 and at most"),
        ({"columns": ["ra", "dec", "z"]}, "columns: ra, dec are angles"),
        ({"box_size": [360, 180, 1]}, r"box_size: \[360, 180, 1\] looks like angles"),
        ({"box_size": [200, 200, 0]}, r"box_size: \[200, 200, 0\] must be above 0"),
        ({"box_size": [1000, 1000, 640]}, r"10×10×6.4 Mpc/h; give .*such as \[100, 100, 64\]"),
        ({"path": ""}, "path: '' is not allowed; give text that is not empty"),
        ({"periodic": False}, "cutouts.own.wrap: the box of the source 'own' is not periodic"),
        ({"cut": {"mass": {"minimum": 1}}}, "cut.mass.minimum: not a known key; .*min, max"),
    ],
)
def test_a_mistake_about_a_catalogue_is_refused(changes, message):
    assert re.search(message, refusal("", own(**changes)))


SIMULATION = BASES[""]["voids"]["sources"]["boxes"]["simulation"]
GRID = "voids.grids.boxes"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{GRID}.fields.minimum_radius": 1}, "minimum_radius: 1 Mpc/h is below two cells of 1"),
        ({f"{GRID}.fields": REMOVED}, "pilots: pilots serve fields; add the key fields"),
        ({f"{GRID}.pilots": "boxes"}, "pilots: 'boxes' has the boxes of this grid"),
        ({"voids.sources.pilots.simulation.seed": 1}, "pilots: 'pilots' has the boxes of this"),
        ({"voids.grids.pilots.cells": 32}, "cells of 'pilots' have 2 Mpc/h, those of this grid 1"),
        ({"voids.sources.pilots.simulation.matter_cells": 32}, "64 does not divide matter_cells"),
        (
            {"voids.sources.pilots": {"catalogue": CATALOGUE}, "voids.grids.pilots.cells": 200},
            "the source 'pilots' of 'pilots' has no matter; simulate one",
        ),
    ],
)
def test_a_mistake_about_fields_is_refused(changes, message):
    pilots = {
        "voids.sources.pilots": {"simulation": {**SIMULATION, "seed": 2, "matter_cells": 64}},
        "voids.grids.pilots": {"source": "pilots", "cells": 64},
        f"{GRID}.pilots": "pilots",
    }
    complete_config(changed("", pilots))
    assert re.search(message, refusal("", pilots | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "statistics.boxes.grid: 'boxes' has no pilots"),
        ({f"{GRID}.pilots": "pilots", "voids.statistics.boxes.minimum_radius": 1}, "two cells of"),
        ({"voids.statistics.boxes.labels": "none"}, "'none' is not defined under voids.labels"),
        ({"voids.statistics.boxes.treshold": -0.8}, "did you mean 'threshold'"),
    ],
)
def test_a_mistake_about_statistics_is_refused(changes, message):
    given = {
        "voids.sources.pilots": {"simulation": {**SIMULATION, "seed": 2, "matter_cells": 64}},
        "voids.grids.pilots": {"source": "pilots", "cells": 64},
        "voids.statistics.boxes": {"labels": "boxes", "grid": "boxes"},
    }
    assert re.search(message, refusal("", given | changes))


def test_fields_of_an_open_box_are_refused():
    changes = own(periodic=False)
    changes["voids.grids.own"] = {"source": "own", "cells": 100, "fields": {}}
    assert "grids.own.fields: the box of the source 'own' is not periodic" in refusal("", changes)


def own(**changes) -> dict:
    """Return changes to a configuration that add a catalogue, with its grid, labels and cutouts."""
    return {
        "voids.sources.own": {"catalogue": CATALOGUE | changes},
        "voids.grids.own": {"source": "own", "cells": 100},
        "voids.labels.own": {"source": "own", "spheres": {}},
        "voids.cutouts.own": {
            "grid": "own",
            "labels": "own",
            "side": 20,
            "depth": 10,
            "wrap": True,
        },
    }


def test_labels_and_cutouts_of_a_catalogue_need_what_it_has():
    matter = own() | {"voids.labels.own.matter": {}}
    assert "'own' is a catalogue without matter; choose from spheres" in refusal("", matter)
    matter = own() | {"voids.labels.own.matter_watershed": {}}
    assert "'own' is a catalogue without matter; choose from spheres" in refusal("", matter)
    ridge = own() | {"voids.labels.own.watershed": {"threshold": -0.9}}
    assert "watershed.ridge: 0.2 is above the density 0.1 of the threshold" in refusal("", ridge)
    voids = own() | {"voids.labels.own.catalogue": True}
    assert "add it under voids.sources.own.catalogue.voids" in refusal("", voids)
    mixed = own() | {"voids.cutouts.own.labels": "boxes"}
    assert "'boxes' is made from the source 'boxes' and the grid 'own'" in refusal("", mixed)


def test_masks_fit_the_grid_unless_the_user_chose_them():
    config = complete_config(changed("", own()))
    assert config["voids"]["labels"]["own"]["mesh"] == 50
    config = complete_config(changed("", own() | {"voids.grids.own.cells": 192}))
    assert config["voids"]["labels"]["own"]["mesh"] == 96
    assert "96 does not divide voids.grids.own.cells, 100; give one of 20, 25, 50, 100" in refusal(
        "", own() | {"voids.labels.own.mesh": 96}
    )


def test_a_column_that_the_catalogue_lacks_is_named(tmp_path):
    path = tmp_path / "galaxies.csv"
    path.write_text("x_mpc,y_mpc,z_mpc\n1,2,3\n")
    message = refusal("", own(path=str(path)))
    assert f"own.catalogue.columns: {path}: no column 'x'" in message
    assert "x_mpc" in message
    complete_config(changed("", own(path=str(path), columns=["x_mpc", "y_mpc", "z_mpc"])))
    complete_config(changed("", own(path=str(path), columns=[0, 1, 2])))


def test_a_pattern_must_match_files_and_all_parts_must_be_there(tmp_path):
    pattern = str(tmp_path / "*.hdf5")
    assert "own.catalogue.path: " in refusal("", own(path=pattern))
    assert "no file matches this pattern" in refusal("", own(path=pattern))
    write_snapshot(tmp_path)
    changes = {"columns": list(COLUMNS), "unit": "kpc/h", "box_size": 100}
    complete_config(changed("", own(path=pattern, **changes)))
    (tmp_path / "snap_099.2.hdf5").unlink()
    assert "without snap_099.2.hdf5;" in refusal("", own(path=pattern, **changes))
    message = refusal("", own(path=[pattern], **changes | {"box_size": 200}))
    assert "without snap_099.2.hdf5;" in message


STAMPS = "galaxies.sources.sky.simulation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{STAMPS}.magnitude": [23, 17]}, r"magnitude: \[23, 17\] is no range"),
        ({f"{STAMPS}.psf": [0.2, 9]}, "sides: images of 24 pixels of 0.1 arcsec are narrower than"),
        ({f"{STAMPS}.axis_ratio": [0, 2]}, "axis_ratio.1: 2 is not allowed; .* at most 1"),
        ({"galaxies.runs.parameters.task.columns": ["log_radus"]}, "did you mean 'log_radius'"),
        ({"galaxies.runs.parameters.task.columns": []}, "with at least 1 item"),
        ({"galaxies.runs.parameters.task.name": "map"}, "'map' is not known; known: count, regr"),
        (
            {"galaxies.runs.parameters.model.name": "vae"},
            "vae.* is not a network|width: not a known",
        ),
        (
            {"galaxies.runs.parameters.model": {"name": "galaxynet"}},
            "conditions: 0, but .*2 planes",
        ),
        ({"galaxies.runs.latent4.model.widths": [8] * 6}, "widths: 6 halvings need .*of 64, but"),
        ({"galaxies.runs.latent4.task.channels": ["i_image"]}, "'i_image' is not an input channel"),
        (
            {"galaxies.runs.latent4.task.latent_dim": 0},
            "latent_dim: 0 is not allowed; give an integer at least",
        ),
        ({"galaxies.cutouts.stamps.side": 40}, "stampnet needs a side that is a multiple of 16"),
        (
            {"galaxies.clusters.shapes.run": "parameters"},
            "give a run of the task latent, such as 'l",
        ),
        ({"galaxies.clusters.shapes.labels": "kind"}, "labels: 'kind' is not a column; known: mag"),
        ({"galaxies.clusters.shapes.label_edges": [2, 1]}, r"label_edges: \[2, 1\] must ascend"),
        (
            {"galaxies.predictions.sky.latent": "parameters"},
            "sky.latent: the task of the run 'para",
        ),
        (
            {"galaxies.predictions.sky.latent": "latent2"},
            "'shapes' are clusters of the run 'latent",
        ),
        ({"galaxies.predictions.sky": {"source": "sky"}}, "sky: give one of parameters or latent"),
        (
            {"galaxies.sources.sky": {"folder": {"path": "x"}}},
            "folder.psf: missing; .*contains psf",
        ),
        ({"galaxies.runs.parameters.baselines.fit": {}}, "fit: not a known key; known: sersic_fit"),
    ],
)
def test_a_mistake_in_galaxies_is_refused(changes, message):
    assert re.search(message, refusal("galaxies", changes))


def transfer(**changes) -> dict:
    """Return changes to a configuration that add a transfer function."""
    entry = {"source": "sky", "survey": "same"} | changes
    kept = {key: value for key, value in entry.items() if value is not REMOVED}
    return {"injections.transfer.all": kept}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"injections.selections.same.survey": "sam"}, "'sam' is not a survey of .*mean 'same'"),
        ({"injections.selections.same.survey": REMOVED}, "survey: missing; known: same, position"),
        ({"injections.selections.same.g": [24, 20]}, r"same.g: \[24, 20\] is no range"),
        ({"injections.cutouts.same.side": 512}, "side: 512 pixels do not fit into bricks of 256"),
        ({"injections.cutouts.same.bands": ["g", "i"]}, "bands: 'i' is not simulated; known: g, r"),
        ({"injections.runs.same.task.classes": 3}, "classes: 3, but 'label' has 2 classes"),
        ({"injections.runs.same.task": {"name": "ordinal", "columns": ["x"]}}, "'ordinal' is not"),
        ({"injections.runs.same.training.monitor": "acc"}, "'acc' is not a score .*accuracy, auc"),
        (
            {"injections.verdicts.same.positive_controls": ["positon"]},
            "'positon' is not defined",
        ),
        (
            {"injections.verdicts.same.positive_controls": ["same"]},
            "'same' is also the run",
        ),
        ({"injections.cutouts.position.control": "psf"}, "'position' is a control experiment"),
        (
            {"injections.cutouts.position.control": "blank"},
            "positive_controls: the cutouts of 'position' are a control without a fault",
        ),
        (
            {"injections.cutouts.same.control": "noise"},
            "same.run: the cutouts of 'same' are a control with a known fault",
        ),
        ({"injections.sources.sky.simulation.tiles_per_row": 0}, "tiles_per_row: 0 is not allowed"),
        ({"injections.datasets.same.region_width": -1}, "region_width: -1 is not allowed"),
        ({"injections.cutouts.position.side": 48}, "side of 'position' is 48, but the run 'same'"),
        ({"injections.sources.sky.simulation.bricks": 1}, "'same' has 1 independent group, but a"),
        ({"injections.datasets.taught": {"teacher": "same"}}, "taught.cutouts: missing"),
        (transfer(survey="sam"), "'sam' is not a survey of .*mean 'same'"),
        (transfer(survey=REMOVED), "transfer.all.survey: missing; known: same, position"),
        (transfer(bands=["g", "i"]), "bands: 'i' is not simulated; known: g, r, z"),
        (transfer(reference="i"), "reference: 'i' is not among the bands.* known: g, r, z"),
        (transfer(depth="psfdepth"), "depth: .* have no column psfdepth; give invvar"),
        (transfer(edges={"colour": [0, 1]}), "edges.colour: not a known variable.* size"),
        (transfer(edges={"r": [22, 21]}), r"edges.r: \[22, 21\] do not increase"),
        (transfer(match_radus=3), "did you mean 'match_radius'"),
    ],
)
def test_a_mistake_in_injections_is_refused(changes, message):
    assert re.search(message, refusal("injections", changes))


SKY, WHEN = "reionization.cutouts.sky", "reionization.runs.when"
CLASSES = {"name": "classification", "column": "redshift_class"}
SLICES = {"name": "slicenet", "width": 8}
UNIVERSES = "reionization.sources.boxes.simulation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{SKY}.redshifts": [8]}, "redshifts: 8 is not in the source; known: 7.5, 9"),
        ({f"{SKY}.escape_fractions": [0.1]}, "escape_fractions: 0.1 is not in the source; known"),
        ({f"{SKY}.realizations": 9}, "realizations: 9 of 4 realizations of the source 'boxes'"),
        ({f"{SKY}.side": 64}, "side: 64 cells do not fit into a box of 32 cells"),
        ({f"{SKY}.channels": ["temperature"]}, "channels.0: 'temperature' is not known"),
        (
            {f"{SKY}.realizations": 2},
            "'sky' has 2 independent groups, but a split needs",
        ),
        ({"reionization.sources.boxes.simulation.cells": 33}, "cells: 33 is not .*multiple of 2"),
        ({"reionization.runs.bubbles.task.channel": "ionised"}, "channel: 'ionised' .*'ionized'"),
        ({f"{WHEN}.task": {"name": "map", "channel": "x"}}, "have no target map"),
        ({f"{WHEN}.task": {"name": "ordinal", "columns": ["redshift"]}}, "not a column of classes"),
        (
            {f"{WHEN}.task": CLASSES | {"column": "redshift"}},
            "classes: missing; give the number of",
        ),
        ({f"{WHEN}.task": CLASSES | {"classes": 3}}, "classes: 3, but 'redshift_class' has 2"),
        ({f"{WHEN}.task": CLASSES, f"{SKY}.redshifts": [9]}, "'redshift_class' has only 1 class"),
        ({f"{WHEN}.task": {"name": "reconstruction"}}, "resnet reduces the resolution; choose aut"),
        (
            {
                f"{WHEN}.task": {"name": "reconstruction"},
                f"{WHEN}.model": {"name": "waveencoder"},
            },
            "gives the input itself; choose the task {name: reconstruction, loss: squared}",
        ),
        (
            {
                f"{WHEN}.task": {"name": "reconstruction", "loss": "squared"},
                f"{WHEN}.model": {"name": "waveencoder", "latent_dim": 100000},
            },
            "100000 numbers for 1 slices of 1024 pixels; give 1 to 1024",
        ),
        (
            {f"{WHEN}.task": {"name": "reconstruction"}, f"{WHEN}.transform": "log1p"},
            "transform: 'log1p' is not allowed with the task reconstruction; give one of none",
        ),
        ({f"{WHEN}.model": SLICES, f"{SKY}.side": 20}, "slicenet needs a side .* multiple of 8"),
        (
            {f"{WHEN}.task": CLASSES, f"{WHEN}.model": {"name": "convnet", "widths": [4] * 5}},
            "widths: 5 convolutions leave nothing of 32 pixels per side; give at most 3",
        ),
        (
            {f"{WHEN}.noise": {"rms": [[8, 1.5], [7, 1.0]]}},
            "redshifts do not increase; sort the pairs of redshift and standard deviation",
        ),
        (
            {f"{WHEN}.task": {"name": "matching", "columns": ["redshift_class"]}},
            "resnet is not a network for the task matching; choose from siamese",
        ),
        (
            {
                f"{WHEN}.task": {"name": "matching", "columns": ["redshift_class"]},
                f"{WHEN}.model": {"name": "siamese"},
            },
            "siamese needs pairs of channels, but the input has 1: brightness_temperature",
        ),
        ({f"{UNIVERSES}.redshift": [7, 9]}, "redshifts: give either a list redshifts, or a range"),
        ({f"{UNIVERSES}.escape_fractions": REMOVED}, "escape_fractions: give either a list"),
        ({f"{UNIVERSES}.turnover_mass": [1e9, 1e8]}, "turnover_mass: .* is no range"),
        ({f"{UNIVERSES}.draws": 2}, "draws: several draws need a range redshift"),
        (
            {f"{UNIVERSES}.redshifts": REMOVED, f"{UNIVERSES}.redshift": [3, 9]},
            r"redshift: \[3, 9\] is not within 4 and 30",
        ),
        (
            {
                f"{UNIVERSES}.redshifts": REMOVED,
                f"{UNIVERSES}.redshift": [7, 9],
                f"{SKY}.redshifts": [8],
            },
            "redshifts: the source draws them from a range; remove this key",
        ),
        (
            {f"{UNIVERSES}.engine": "21cmfast", f"{UNIVERSES}.clumping_factor": [1, 3]},
            "clumping_factor: 21cmFAST is run without recombinations",
        ),
        (
            {f"{SKY}.side": 16, f"{WHEN}.model": SLICES},
            "padding: circular, but the examples are parts of a box .* set padding: zeros",
        ),
        (
            {f"{SKY}.side": 16, f"{SKY}.regions": [2, 2, 1], f"{SKY}.wedge": 1},
            "regions: the modes of the wedge are removed from the whole box",
        ),
    ],
)
def test_a_mistake_in_reionization_is_refused(changes, message):
    assert re.search(message, refusal("reionization", changes))


def test_texts_become_numbers():
    """Snakemake gives all values of --config as texts, and YAML 1.1 takes 1e-3 for one."""
    texts = {
        f"{RUN}.training.learning_rate": "1e-3",
        f"{RUN}.training.epochs": "2",
        f"{RUN}.training.patience": "null",
        f"{RUN}.training.deterministic": "false",
        f"{RUN}.model.width": "8",
        f"{VOIDS}.axes": ["0", "1", "2"],
        f"{VOIDS}.depth": "16",
        "voids.grids.boxes.cells": ["64", "64", "64"],
        "voids.labels.boxes.mesh": "32",
    }
    config = complete_config(changed("", texts))["voids"]
    training = config["runs"]["unet"]["training"]
    assert training["learning_rate"] == 1e-3
    assert (training["epochs"], training["patience"], training["deterministic"]) == (2, None, False)
    assert config["cutouts"]["slabs"]["axes"] == [0, 1, 2]
    assert config["grids"]["boxes"]["cells"] == [64, 64, 64]
    plain = complete_config(BASES[""])["voids"]
    assert config["runs"]["unet"]["model"] == plain["runs"]["unet"]["model"]


def test_names_may_look_like_numbers():
    config = complete_config(
        changed(
            "",
            {
                "voids.datasets": {
                    2021: {"cutouts": "slabs"},
                    "taught": {"teacher": "unet"},
                    "slabs": {"cutouts": "slabs"},
                    "cubes": {"cutouts": "cubes"},
                },
                f"{RUN}.dataset": 2021,
            },
        )
    )
    assert config["voids"]["runs"]["unet"]["dataset"] == "2021"


def test_a_mistake_is_located_in_the_file_that_defines_the_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump(BASES[""]))
    second.write_text("voids:\n  runs:\n    unet:\n      training: {epochs: 0}\n")
    config = changed("", {f"{RUN}.training.epochs": 0})
    with pytest.raises(InputError, match=r"^second.yaml, line 4: voids.runs.unet.training.epochs"):
        complete_config(config, [first, second])
    outer = tmp_path / "outer.yaml"  # of a workflow that includes this one as a module
    outer.write_text("cosmodag:\n  voids:\n    runs:\n      unet: {training: {epochs: 0}}\n")
    with pytest.raises(InputError, match=r"^outer.yaml, line 4: voids.runs.unet.training.epochs"):
        complete_config(config, [outer])
    config = changed("", {"voids.grids.boxes.cells": 1})
    with pytest.raises(InputError, match=r"^first.yaml, line \d+: voids.grids.boxes.cells: 1"):
        complete_config(config, [first, second])


@pytest.mark.parametrize(
    ("base", "old", "new"),
    [
        ("galaxies", "galaxies.applications", "predictions"),
        ("injections", "injections.applications", "predictions"),
        ("", f"{RUN}.training.average", "ema_decay"),
        ("galaxies", "galaxies.runs.latent4.task.size", "latent_dim"),
        ("galaxies", "galaxies.clusters.shapes.most", "max_clusters"),
        ("galaxies", "galaxies.clusters.shapes.resampled", "n_bootstrap"),
        ("galaxies", "galaxies.clusters.shapes.mapped", "max_embedded"),
        ("injections", "injections.verdicts.same.controls", "positive_controls"),
        ("injections", "injections.verdicts.same.unchanged", "negative_control"),
        ("reionization", f"{SKY}.universes", "realizations"),
    ],
)
def test_a_renamed_key_is_refused_with_its_new_name(base, old, new):
    assert f"{old}: this key is now {new!r}" in refusal(base, {old: 1})


@pytest.mark.parametrize(
    ("base", "key", "old", "new"),
    [
        ("", f"{RUN}.model.name", "twins", "siamese"),
        ("galaxies", "galaxies.runs.latent4.task.loss", "printed", "published"),
        ("injections", "injections.cutouts.same.edges", "apart", "separate"),
    ],
)
def test_a_renamed_value_is_refused_with_its_new_name(base, key, old, new):
    assert f"{key}: {old!r} is now {new!r}" in refusal(base, {key: old})


def with_another_test_source(seed: int) -> dict:
    """Return changes by which a dataset is tested on boxes of another source."""
    voids = BASES[""]["voids"]
    simulation = {**voids["sources"]["boxes"]["simulation"], "seed": seed, "number_density": 0.01}
    return {
        "voids.sources.sparse": {"simulation": simulation},
        "voids.grids.sparse": {**voids["grids"]["boxes"], "source": "sparse"},
        "voids.labels.sparse": {**voids["labels"]["boxes"], "source": "sparse"},
        "voids.cutouts.sparse": {**voids["cutouts"]["slabs"], "grid": "sparse", "labels": "sparse"},
        "voids.datasets.slabs.test": "sparse",
    }


def test_a_test_set_with_the_initial_conditions_of_training_is_refused():
    complete_config(changed("", with_another_test_source(seed=2)))
    words = "slabs.test: sparse is of source sparse, whose seed 1 is that of source boxes"
    assert words in refusal("", with_another_test_source(seed=1))
