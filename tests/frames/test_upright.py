"""The shape of the picture: upright whatever its file says, and of any size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from frames.reading import read
from frames.videos import concatenated, number_of, numbers_of, paint, write_video
from movinet.frames import Resizer, container
from movinet.frames.container import ContainerSource
from movinet.frames.orientation import orientation_of, upright_image

pytestmark = pytest.mark.usefixtures("quiet")

UPRIGHT = (64, 48)
MATRICES = {
    "as it is": ((1, 0, 0, 1), lambda image: image),
    "clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, 1)),
    "upside down": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "anticlockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, -1)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "flipped": ((1, 0, 0, -1), lambda image: image[::-1]),
    "over the diagonal": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "over the other": ((0, -1, -1, 0), lambda image: image[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("fps", [None, 5])
def test_pictures_are_turned_as_the_display_matrix_says(tmp_path, name, fps):
    matrix, lay = MATRICES[name]
    coded = [lay(paint(number, UPRIGHT)) for number in range(12)]
    height, width = coded[0].shape[:2]
    path = write_video(tmp_path / "turned.mp4", coded, size=(width, height), matrix=matrix)
    with ContainerSource("turned", str(path), fps=fps and Fraction(fps)) as source:
        frames = list(source)
    assert numbers_of(frames) == list(range(0, 12, 6 if fps else 1))
    assert all(frame.image.shape == (48, 64, 3) for frame in frames)
    assert all(frame.image.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_are_turned_by_the_rotation_that_phones_write(tmp_path, degrees):
    coded = np.rot90(paint(77, UPRIGHT), -degrees // 90)
    path = write_video(
        tmp_path / "phone.mp4",
        [coded] * 3,
        size=(coded.shape[1], coded.shape[0]),
        rotation=degrees,
    )
    assert [number for number, _ in read(path)] == [77] * 3


def test_a_rotation_of_which_only_the_angle_is_known():
    class Picture:
        """As PyAV gives it where there is side data of a kind that it does not know."""

        def __init__(self, rotation):
            self.rotation = rotation

        @property
        def side_data(self):
            raise ValueError("31 is not a valid Type")

        def to_ndarray(self, **_):
            return np.rot90(paint(5), -self.rotation // 90)

    for rotation in (0, 90, 180, -180, 270, -90):
        picture = Picture(rotation)
        assert number_of(upright_image(picture, orientation_of(picture))) == 5


@pytest.mark.parametrize(
    ("aspect", "rotation", "expected"),
    [
        (None, 0, Fraction(1)),
        (Fraction(1), 0, Fraction(1)),
        (Fraction(16, 15), 0, Fraction(16, 15)),
        (Fraction(16, 15), 180, Fraction(16, 15)),
        (Fraction(16, 15), 90, Fraction(15, 16)),
        (Fraction(16, 15), 270, Fraction(15, 16)),
    ],
)
def test_the_sample_aspect_ratio_is_that_of_the_upright_picture(
    tmp_path, aspect, rotation, expected
):
    coded = np.rot90(paint(1), -rotation // 90)
    size = coded.shape[1], coded.shape[0]
    path = write_video(tmp_path / "a.mp4", [coded] * 2, size=size, aspect=aspect, rotation=rotation)
    with ContainerSource("a", str(path)) as source:
        assert [frame.sample_aspect_ratio for frame in source] == [expected] * 2


def test_a_size_may_change_on_the_way(tmp_path):
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        frames = list(source)
    assert numbers_of(frames) == list(range(40))
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 20 + [(96, 128, 3)] * 20
    resizer = Resizer(48, 64)
    assert [number_of(resizer(frame.image)) for frame in frames] == list(range(40))


def test_pictures_of_a_new_size_are_asked_for_their_orientation_again(tmp_path, monkeypatch):
    asked = []
    ask = container.orientation_of
    monkeypatch.setattr(container, "orientation_of", lambda p: asked.append(p.width) or ask(p))
    with ContainerSource("both", str(concatenated(tmp_path))) as source:
        assert len(list(source)) == 40
    assert asked == [64, 128]


def test_a_video_of_one_pixel(tmp_path):
    pixel = np.full((1, 1, 3), 77, np.uint8)
    path = write_video(tmp_path / "pixel.avi", [pixel] * 3, codec="mjpeg", size=(1, 1))
    with ContainerSource("pixel", str(path)) as source:
        frames = [frame.image for frame in source]
    assert [frame.shape for frame in frames] == [(1, 1, 3)] * 3
    assert all(abs(int(frame.mean()) - 77) < 4 for frame in frames)
