"""The quadrature of Pareto/NBD against laws of probability and itself with more nodes."""

from __future__ import annotations

import numpy as np
import pytest

from crmmodels.kernels.purchase.pareto_nbd import quadrature as pareto_integral
from crmmodels.kernels.purchase.pareto_nbd.quadrature import no_order, race


def test_order_dropout_and_neither_share_all_probability() -> None:
    """Two integrals and a closed form, computed apart, add up to 1 over the whole domain."""
    rng = np.random.default_rng(3)
    for _ in range(100):
        r, alpha, s, beta = 10 ** rng.uniform(-3, 3, 4)
        n = r + np.where(rng.random(100) < 0.3, 0, np.floor(10 ** rng.uniform(0, 4, 100)))
        start, length = 10 ** rng.uniform(-6, 6, 100), 10 ** rng.uniform(-6, 6, 100)
        stand = race(n, start, length, alpha=alpha, s=s, beta=beta)
        np.testing.assert_allclose(np.exp(-stand.hazard) + stand.dropout_first + stand.order_first, 1.0, rtol=0, atol=4e-15)


def test_few_nodes_do_for_a_short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(12)
    for _ in range(50):
        r, alpha, s, beta = 10 ** rng.uniform(-3, 3, 4)
        n = r + np.where(rng.random(100) < 0.3, 0, np.floor(10 ** rng.uniform(0, 4, 100)))
        start = 10 ** rng.uniform(-6, 6, 100)
        length = 10 ** rng.uniform(-3, 0, 100) / (n / (alpha + start) + s / (beta + start))
        monkeypatch.undo()
        few = no_order(n, start, length, alpha=alpha, s=s, beta=beta), race(n, start, length, alpha=alpha, s=s, beta=beta)
        monkeypatch.setattr(pareto_integral, "_SHORT", -1.0)
        more = no_order(n, start, length, alpha=alpha, s=s, beta=beta), race(n, start, length, alpha=alpha, s=s, beta=beta)
        assert few[1].order_first.tobytes() != more[1].order_first.tobytes()
        np.testing.assert_allclose(few[0].value, more[0].value, rtol=1e-13)
        np.testing.assert_allclose(few[0].gradient, more[0].gradient, rtol=1e-13)
        np.testing.assert_allclose(few[1].dropout_first, more[1].dropout_first, rtol=1e-13)
        np.testing.assert_allclose(few[1].order_first, more[1].order_first, rtol=1e-13)
