"""Published estimates of two surveys, from the files beside the checkout where they are present."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crmmodels.kernels.pls.design import PathDesign
from crmmodels.kernels.pls.estimates import estimate

cases = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("survey_cases.py"))))
needs_mobi = pytest.mark.skipif(not cases.MOBI.exists(), reason="the mobile-phone survey is not beside the checkout")
needs_satisfaction = pytest.mark.skipif(
    not cases.SATISFACTION.exists(), reason="the survey of plspm is not beside the checkout"
)

# seminr and semPLS on the mobile-phone survey, which agree to 1e-9.
ECSI_PATHS = [
    0.5049139336, 0.1787395001, 0.1957553331, 0.5567489624, 0.0499883925, 0.0625228695,
    0.5583043795, 0.5120239400, 0.1947651042, 0.5280662463, 0.4854776236, 0.0669260690,
]  # fmt: skip
ECSI_SHARES = [0.2549380804, 0.3099694071, 0.3452789419, 0.6810782914, 0.2788539604, 0.4569444547]
INDEX = [73.52798, 72.47382, 74.97657, 62.34676, 72.45412, 67.42222, 70.91385]
ACSI_PATHS = [
    0.5582949028, 0.0535426583, 0.0806680814, 0.5562628041, 0.6253043491, 0.2124248202, 0.5279196638, 0.6058446580, 0.0986770165,
]  # fmt: skip
# The results of SmartPLS stored in the R package semPLS, centroid scheme.
SMARTPLS_PATHS = [
    0.50470564, 0.17883348, 0.19535971, 0.55724786, 0.05078755, 0.06442534,
    0.55721686, 0.51254524, 0.19181566, 0.52609731, 0.48347472, 0.07123241,
]  # fmt: skip


def along(names, edges, matrix):
    ends = [edge.split(">") for edge in edges.split()]
    return np.array([matrix[names.index(start), names.index(end)] for start, end in ends])


def mobile(edges=cases.ECSI, scheme="path", **options):
    names, items, design, answers = cases.mobi(edges, scheme)
    scale = (np.ones(len(items)), np.full(len(items), 10.0))
    return names, items, estimate(design, cases.moments(answers), scale=scale, **options)


@needs_mobi
def test_the_european_index_has_its_published_paths_and_shares():
    names, _, found = mobile()
    assert along(names, cases.ECSI, found.paths) == pytest.approx(ECSI_PATHS, abs=6e-11)
    assert found.r_squared[1:] == pytest.approx(ECSI_SHARES, abs=6e-11)
    assert names == ["IMAG", "EXP", "QUAL", "VAL", "SAT", "COMP", "LOY"]


@needs_mobi
def test_the_european_index_has_its_published_weights_and_loadings():
    names, items, found = mobile()
    block = [items.index(name) for name in ("CUSA1", "CUSA2", "CUSA3")]
    satisfaction = names.index("SAT")
    assert found.weights[block, satisfaction] == pytest.approx([0.3648648583, 0.3831560411, 0.4509612007], abs=6e-11)
    assert found.loadings[block, satisfaction] == pytest.approx([0.7924124341, 0.8470214598, 0.8566926813], abs=6e-11)
    assert found.unstandardised_weights[block, satisfaction] == pytest.approx([0.38363398, 0.28155010, 0.33481592], abs=6e-9)


@needs_mobi
def test_the_european_index_has_its_published_reliability_and_validity():
    names, _, found = mobile()
    table = np.column_stack([found.alpha, found.rho_c, found.ave, found.rho_a])
    assert table[names.index("IMAG")] == pytest.approx([0.723, 0.819, 0.478, 0.740], abs=6e-4)
    assert table[names.index("SAT")] == pytest.approx([0.779, 0.871, 0.693, 0.789], abs=6e-4)
    ratios = along(names, "EXP>IMAG SAT>QUAL LOY>SAT", found.htmt)
    assert ratios == pytest.approx([0.8880304275, 0.9536360119, 0.9566456746], abs=6e-11)


@needs_mobi
def test_the_european_index_has_its_published_points_and_effects():
    names, _, found = mobile()
    assert found.index == pytest.approx(INDEX, abs=6e-6)
    effects = along(names, "IMAG>SAT EXP>SAT QUAL>SAT VAL>SAT", found.unstandardised_effects)
    assert effects == pytest.approx([0.41465462, 0.43227495, 0.63979528, 0.13828878], abs=6e-9)


@needs_mobi
def test_consistent_estimates_are_the_published_ones():
    names, _, found = mobile(consistent=True)
    assert along(names, "SAT>LOY QUAL>SAT", found.paths) == pytest.approx([0.9615201304, 0.6693203538], abs=6e-11)
    assert found.r_squared[names.index("SAT")] == pytest.approx(0.9273188309, abs=6e-11)


@needs_mobi
def test_the_american_index_has_its_published_paths():
    names, _, found = mobile(cases.ACSI)
    assert along(names, cases.ACSI, found.paths) == pytest.approx(ACSI_PATHS, abs=6e-11)
    shares = found.r_squared[[names.index("SAT"), names.index("LOY")]]
    assert shares == pytest.approx([0.6671569551, 0.4399060859], abs=6e-11)


@needs_mobi
def test_the_centroid_scheme_agrees_with_smartpls():
    names, _, found = mobile(scheme="centroid")
    assert along(names, cases.ECSI, found.paths) == pytest.approx(SMARTPLS_PATHS, abs=1.5e-8)


@needs_satisfaction
def test_unstandardised_items_give_the_estimates_of_plspm():
    """Plspm stops by squared changes, after four iterations here; the converged solution differs by 1.6e-7."""
    header, answers = cases.read(cases.SATISFACTION)
    names = ["IMAG", "EXPE", "QUAL", "VAL", "SAT", "LOY"]
    blocks = tuple(np.array([k for k, item in enumerate(header) if item.startswith(name.lower())]) for name in names)
    edges = "IMAG>EXPE IMAG>SAT IMAG>LOY EXPE>QUAL EXPE>VAL EXPE>SAT QUAL>VAL QUAL>SAT VAL>SAT SAT>LOY"
    design = PathDesign(blocks, cases.graph(names, edges), ("A",) * 6, "centroid", len(header))
    shares = [0.3351936724, 0.7196882352, 0.5900843728, 0.7073209495, 0.5099225621]
    paths = [0.5789591285, 0.8483444084, 0.6766555291, 0.5893306500, 0.4954793221, 0.2751495757]
    for limit, agreement in ((4, 6e-11), (300, 2e-7)):
        found = estimate(design, cases.moments(answers), standardised=False, max_iterations=limit)
        assert found.r_squared[1:] == pytest.approx(shares, abs=agreement)
        chain = along(names, "IMAG>EXPE EXPE>QUAL QUAL>VAL VAL>SAT SAT>LOY IMAG>LOY", found.paths)
        assert chain == pytest.approx(paths, abs=agreement)
        assert found.gof == pytest.approx(0.6097416243, abs=agreement)
