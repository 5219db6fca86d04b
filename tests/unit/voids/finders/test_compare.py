import numpy as np

from cosmodag.voids.finders.compare import compare_spheres

BOX = np.full(3, 100.0)
CENTRES = np.array([[10.0, 10, 10], [50, 50, 50], [90, 20, 70]])
RADII = np.array([12.0, 10, 15])


def test_a_catalogue_matches_itself():
    match = compare_spheres(CENTRES, RADII, CENTRES, RADII, BOX, periodic=True)
    assert match.completeness == match.purity == 1
    np.testing.assert_array_equal(match.offset, 0)
    np.testing.assert_array_equal(match.radius_ratio, 1)


def test_spheres_match_across_the_faces_of_a_periodic_box_only():
    found, reference = np.array([[99.0, 50, 50]]), np.array([[1.0, 50, 50]])
    for periodic, completeness in ((True, 1), (False, 0)):
        match = compare_spheres(found, [10.0], reference, [10.0], BOX, periodic=periodic)
        assert match.completeness == completeness


def test_one_sphere_matches_one_other_the_closest():
    reference = np.array([[50.0, 50, 50], [53.0, 50, 50]])
    found = np.array([[52.0, 50, 50]])
    match = compare_spheres(found, [10.0], reference, [10.0, 10.0], BOX, periodic=True)
    assert match.reference.tolist() == [1]
    assert match.completeness == 0.5
    assert match.purity == 1


def test_offset_is_in_radii_of_the_reference():
    moved = CENTRES + np.array([0, 0, 3])
    match = compare_spheres(moved, RADII * 1.1, CENTRES, RADII, BOX, periodic=True)
    np.testing.assert_allclose(match.offset, 3 / RADII[match.reference])
    np.testing.assert_allclose(match.radius_ratio, 1.1)


def test_an_empty_catalogue_finds_nothing():
    match = compare_spheres(np.empty((0, 3)), [], CENTRES, RADII, BOX, periodic=True)
    assert match.completeness == 0
    assert np.isnan(match.purity)
