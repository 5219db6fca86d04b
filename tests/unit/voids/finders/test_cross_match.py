"""Cross-matching of catalogues of spheres."""

import numpy as np

from cosmodag.voids.finders.cross_match import match_spheres

BOX = np.full(3, 100.0)
CENTRES = np.array([[10.0, 10, 10], [50, 50, 50], [90, 20, 70]])
RADII = np.array([12.0, 10, 15])


def test_a_catalogue_matches_itself():
    match = match_spheres(CENTRES, RADII, CENTRES, RADII, BOX, periodic=True)
    assert match.completeness == match.purity == 1
    np.testing.assert_array_equal(match.offset, 0)
    np.testing.assert_array_equal(match.radius_ratio, 1)


def test_spheres_match_across_the_faces_of_a_periodic_box_only():
    position, reference = np.array([[99.0, 50, 50]]), np.array([[1.0, 50, 50]])
    for periodic, completeness in ((True, 1), (False, 0)):
        match = match_spheres(position, [10.0], reference, [10.0], BOX, periodic=periodic)
        assert match.completeness == completeness


def test_a_sphere_matches_the_closest_of_two():
    reference = np.array([[50.0, 50, 50], [53.0, 50, 50]])
    position = np.array([[52.0, 50, 50]])
    match = match_spheres(position, [10.0], reference, [10.0, 10.0], BOX, periodic=True)
    assert match.reference_row.tolist() == [1]
    assert match.completeness == 0.5
    assert match.purity == 1


def test_offsets_are_in_units_of_the_reference_radius():
    moved = CENTRES + np.array([0, 0, 3])
    match = match_spheres(moved, RADII * 1.1, CENTRES, RADII, BOX, periodic=True)
    np.testing.assert_allclose(match.offset, 3 / RADII[match.reference_row])
    np.testing.assert_allclose(match.radius_ratio, 1.1)


def test_an_empty_catalogue_has_no_completeness_and_undefined_purity():
    match = match_spheres(np.empty((0, 3)), [], CENTRES, RADII, BOX, periodic=True)
    assert match.completeness == 0
    assert np.isnan(match.purity)
