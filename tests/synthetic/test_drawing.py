"""Shapes: soft edges, right places, nothing outside the picture."""

from __future__ import annotations

import numpy as np
import pytest

from movinet.synthetic.drawing import Paint, darken, draw, fill

FRONT = (0.0, 0.0, 0.55)  # light from the viewer


def test_a_ball_has_the_area_of_a_circle():
    picture = np.zeros((3, 100, 100), np.float32)
    mask = np.ones((100, 100), np.float32)
    darken(mask, (50.0, 50.0, 20.0, 50.0, 50.0, 20.0), 1.0, 1.0)
    assert (1 - mask).sum() == pytest.approx(np.pi * 400, rel=0.06)
    draw(picture, [(50.0, 50.0, 20.0, 50.0, 50.0, 20.0)], Paint(np.ones(3)), FRONT)
    assert (picture[0] > 0.3).sum() == pytest.approx(np.pi * 400, rel=0.03)
    assert picture[0, 50, 50] == pytest.approx(1.0, abs=0.05)


def test_a_stick_joins_its_ends():
    picture = np.zeros((3, 60, 60), np.float32)
    draw(picture, [(10.0, 10.0, 3.0, 50.0, 40.0, 5.0)], Paint(np.ones(3)), FRONT)
    assert (picture[:, [10, 25, 40], [10, 30, 50]] > 0.5).all()
    assert (picture[:, [10, 40], [50, 10]] == 0).all()


@pytest.mark.parametrize("where", [(-50.0, 20.0), (200.0, 20.0), (20.0, -50.0), (20.0, 1e6)])
def test_what_is_outside_is_not_drawn(where):
    picture = np.zeros((3, 60, 60), np.float32)
    draw(picture, [(*where, 5.0, *where, 5.0)], Paint(np.ones(3)), FRONT)
    assert not picture.any()


def test_the_second_colour_begins_where_it_should():
    picture = np.zeros((3, 40, 100), np.float32)
    paint = Paint(np.array((1.0, 0, 0)), np.array((0, 0, 1.0)), "cut", 0.5)
    draw(picture, [(10.0, 20.0, 8.0, 90.0, 20.0, 8.0)], paint, FRONT)
    assert picture[0, 20, 30] > 0.8 > 0.2 > picture[2, 20, 30]
    assert picture[2, 20, 70] > 0.8 > 0.2 > picture[0, 20, 70]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_polygon_is_filled_whichever_way_round(turn):
    picture = np.zeros((3, 50, 50), np.float32)
    corners = np.array(((10.0, 10), (40, 10), (40, 30), (10, 30)))[::turn]
    fill(picture, corners, np.ones(3))
    assert picture[0].sum() == pytest.approx(600, rel=0.12)
    assert picture[0, 20, 20] == 1
    assert picture[0, 40, 20] == 0
