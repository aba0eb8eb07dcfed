"""A stream is the same on every backend, horizon and saved states included."""

from __future__ import annotations

import numpy as np
import pytest

from kit.opening import ENGINES, need, write
from kit.tiny_model import VARIANTS, frames
from movinet.runtime import open_model
from movinet.stream.horizon import Horizon, HorizonState

TINY = VARIANTS["squeeze-excite"]


@pytest.mark.parametrize(("backend", "kind"), ENGINES, ids="".join)
@pytest.mark.parametrize("horizon", [1, 5, None])
def test_a_long_stream(backend, kind, horizon, tmp_path):
    need(backend, kind)
    plain = open_model(write(TINY, tmp_path, ".tflite"))
    model = open_model(write(TINY, tmp_path, kind), backend=backend)
    wanted, state = (HorizonState(m, Horizon(m.info, horizon)) for m in (plain, model))
    for number, frame in enumerate(frames(30)):
        if number == 17:
            saved = state.copy().to_bytes()
            state = HorizonState.from_bytes(saved, model, Horizon(model.info, horizon))
        np.testing.assert_allclose(state.step(frame), wanted.step(frame), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(state.embedding(), wanted.embedding(), rtol=1e-4)
