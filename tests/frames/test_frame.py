from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from movinet.errors import UsageError
from movinet.frames import Frame, Source, check_image


def test_a_picture_is_given_back_as_it_is():
    image = np.zeros((4, 5, 3), np.uint8)
    assert check_image(image) is image
    view = image[::2, ::-1]
    assert check_image(view) is view


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (np.zeros((4, 5), np.uint8), r"must be \[H, W, 3\], not \[4, 5\]"),
        (np.zeros((4, 5, 4), np.uint8), r"must be \[H, W, 3\], not \[4, 5, 4\]"),
        (np.zeros((3, 4, 5), np.uint8), r"must be \[H, W, 3\], not \[3, 4, 5\]"),
        (np.zeros((1, 4, 5, 3), np.uint8), r"must be \[H, W, 3\], not \[1, 4, 5, 3\]"),
        (np.zeros((0, 5, 3), np.uint8), r"must be \[H, W, 3\], not \[0, 5, 3\]"),
        (np.zeros((4, 5, 3), np.float32), r"must be uint8 \(RGB, 0..255\), not float32"),
        (np.zeros((4, 5, 3), np.int8), r"must be uint8 \(RGB, 0..255\), not int8"),
        ([[[1, 2, 3]]], r"must be a numpy array \[H, W, 3\], not list"),
        (b"picture", r"must be a numpy array \[H, W, 3\], not bytes"),
        (None, r"must be a numpy array \[H, W, 3\], not NoneType"),
    ],
)
def test_anything_else_is_refused_by_what_it_is(image, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        check_image(image)
    assert "\n" not in str(caught.value)


def test_a_frame_does_not_change():
    frame = Frame(np.zeros((4, 5, 3), np.uint8), Fraction(1), 0)
    assert frame.sample_aspect_ratio == 1
    with pytest.raises(AttributeError):
        frame.time = Fraction(2)


def test_a_source_is_closed_behind_a_with_statement():
    closed = []

    class Own(Source):
        def __iter__(self):
            return iter(())

        def close(self):
            closed.append(self)

    source = Own()
    with source as same:
        assert same is source
        assert not closed
    assert closed == [source]

    def fail():
        with source:
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert closed == [source, source]
