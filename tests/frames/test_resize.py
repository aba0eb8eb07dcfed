from __future__ import annotations

import threading
import time
from fractions import Fraction
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.errors import UsageError
from movinet.frames import Resizer

SIDES = st.integers(1, 40)
ASPECTS = st.fractions(Fraction(1, 3), 3, max_denominator=40)


@st.composite
def pictures(draw, sides=SIDES):
    height, width, seed = draw(sides), draw(sides), draw(st.integers(0, 2**32 - 1))
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return noise.astype(np.uint8)


def bilinear(image, height, width):
    """The rule by its formula, in double precision and without rounding."""

    def places(source, target):
        place = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
        low = np.floor(place).astype(int)
        return low, np.minimum(low + 1, source - 1), place - low

    top, bottom, down = places(image.shape[0], height)
    left, right, across = places(image.shape[1], width)
    across, down = across[None, :, None], down[:, None, None]
    values = image.astype(np.float64)
    upper = values[top][:, left] * (1 - across) + values[top][:, right] * across
    lower = values[bottom][:, left] * (1 - across) + values[bottom][:, right] * across
    return upper * (1 - down) + lower * down


def by_torch(image, height, width):
    torch = pytest.importorskip("torch")
    planes = torch.from_numpy(image.astype(np.float64)).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(
        planes, (height, width), mode="bilinear", align_corners=False, antialias=False
    )
    return resized[0].permute(1, 2, 0).numpy()


def assert_rounded(result, exact):
    """`result` is `exact` rounded to whole levels; on a tie, to either side."""
    assert result.dtype == np.uint8
    assert result.shape == exact.shape
    assert np.abs(result - exact).max() <= 0.5 + 1e-4
    # Ties apart, that is what rounding gives; on ties it is a level off at most.
    assert np.abs(result - np.round(exact)).max() <= 1


@given(pictures(), SIDES, SIDES)
def test_stretching_follows_the_formula(image, height, width):
    assert_rounded(Resizer(height, width)(image), bilinear(image, height, width))


@given(pictures(), SIDES, SIDES)
def test_stretching_equals_torch(image, height, width):
    assert_rounded(Resizer(height, width)(image), by_torch(image, height, width))


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (240, 320), (173, 171), (1, 9)])
def test_stretching_to_a_models_size_equals_torch(size):
    image = np.random.default_rng(7).integers(0, 256, (*size, 3)).astype(np.uint8)
    assert_rounded(Resizer(172, 172)(image), by_torch(image, 172, 172))


def test_differences_to_torchs_own_rounding_are_on_ties_only():
    torch = pytest.importorskip("torch")
    image = np.random.default_rng(3).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    exact = by_torch(image, 172, 172)
    differ = Resizer(172, 172)(image) != torch.from_numpy(exact).round().byte().numpy()
    assert differ.mean() < 0.01
    assert np.abs(exact[differ] % 1 - 0.5).max(initial=0) < 1e-4


def test_ties_are_rounded_up():
    image = np.array([[[0, 1, 254], [1, 2, 255]]], np.uint8)
    assert Resizer(1, 1)(image).tolist() == [[[1, 2, 255]]]


def test_one_pixel_becomes_a_plain_picture():
    image = np.array([[[9, 200, 255]]], np.uint8)
    assert (Resizer(5, 7)(image) == image).all()


@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 255))
def test_a_plain_picture_stays_plain(height, width, to_height, to_width, level):
    image = np.full((height, width, 3), level, np.uint8)
    assert (Resizer(to_height, to_width)(image) == level).all()


# The centre.

# Height, width and aspect of the picture; the size that it is scaled to before the cut to
# 172x172; the rows and columns that are cut off above and on the left.
CENTRES = [
    (480, 640, Fraction(1), (172, 229), (0, 28)),
    (640, 480, Fraction(1), (229, 172), (28, 0)),
    (720, 1280, Fraction(1), (172, 305), (0, 66)),
    (576, 720, Fraction(16, 15), (172, 229), (0, 28)),
    (576, 720, Fraction(64, 45), (172, 305), (0, 66)),
    (480, 720, Fraction(8, 9), (172, 229), (0, 28)),
    (480, 640, Fraction(3, 4), (172, 172), (0, 0)),
    (480, 640, Fraction(1, 2), (258, 172), (43, 0)),
    (172, 172, Fraction(2), (172, 344), (0, 86)),
    (100, 99, Fraction(1), (173, 172), (0, 0)),
    (1, 1, Fraction(1), (172, 172), (0, 0)),
]


@pytest.mark.parametrize(("height", "width", "aspect", "scaled", "cut"), CENTRES)
def test_the_centre_is_cut_out_of_what_would_be_shown(height, width, aspect, scaled, cut):
    image = np.random.default_rng(5).integers(0, 256, (height, width, 3)).astype(np.uint8)
    whole = bilinear(image, *scaled)
    expected = whole[cut[0] : cut[0] + 172, cut[1] : cut[1] + 172]
    assert_rounded(Resizer(172, 172, "center")(image, aspect), expected)


@given(pictures(), SIDES, SIDES, ASPECTS)
def test_the_centre_of_any_picture(image, height, width, aspect):
    rows, columns = image.shape[:2]
    # As it is shown, and as small as it covers the target.
    scale = max(Fraction(height, rows), width / (columns * aspect))
    scaled = int(rows * scale), int(columns * aspect * scale)
    assert scaled[0] == height or scaled[1] == width
    above, before = (scaled[0] - height) // 2, (scaled[1] - width) // 2
    expected = bilinear(image, *scaled)[above : above + height, before : before + width]
    assert_rounded(Resizer(height, width, "center")(image, aspect), expected)


@given(pictures(), SIDES, SIDES, ASPECTS)
def test_stretching_does_not_care_about_the_aspect(image, height, width, aspect):
    resizer = Resizer(height, width)
    assert (resizer(image, aspect) == resizer(image)).all()


# What goes in and what comes out.


@pytest.mark.parametrize("rule", ["stretch", "center"])
def test_a_picture_of_the_right_size_comes_back_as_it_is(rule):
    image = np.zeros((30, 40, 3), np.uint8)
    assert Resizer(30, 40, rule)(image) is image


def test_pixels_that_are_not_square_are_made_so_even_at_the_right_size():
    image = np.random.default_rng(1).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    result = Resizer(30, 40, "center")(image, Fraction(2))
    assert_rounded(result, bilinear(image, 30, 80)[:, 20:60])


@pytest.mark.parametrize(
    "view",
    [
        lambda image: image[::-1],
        lambda image: image[:, ::-1],
        lambda image: image[:, :, ::-1],
        lambda image: image.transpose(1, 0, 2),
        lambda image: image[3:40:2, 5:50],
        lambda image: np.asfortranarray(image),
        lambda image: np.dstack([image, image])[:, :, 1:4],
    ],
)
@pytest.mark.parametrize("rule", ["stretch", "center"])
def test_a_view_is_resized_like_its_copy(view, rule):
    image = view(np.random.default_rng(2).integers(0, 256, (60, 80, 3)).astype(np.uint8))
    resizer = Resizer(17, 23, rule)
    assert not image.flags.c_contiguous
    assert (resizer(image) == resizer(image.copy(order="C"))).all()


def test_what_comes_out_is_ones_own_and_what_went_in_is_left_alone():
    image = np.random.default_rng(2).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    before = image.copy()
    image.flags.writeable = False
    resizer = Resizer(17, 23)
    first, second = resizer(image), resizer(image)
    first[:] = 0
    assert second.any()
    assert (image == before).all()


@given(st.lists(pictures(), min_size=2, max_size=6), ASPECTS)
def test_one_resizer_serves_pictures_of_many_sizes(images, aspect):
    resizer = Resizer(9, 11, "center")
    for image in [*images, *images]:
        for shape in (aspect, Fraction(1)):
            expected = Resizer(9, 11, "center")(image, shape)
            assert (resizer(image, shape) == expected).all()


def test_threads_may_share_a_resizer():
    small = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    large = np.random.default_rng(2).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    resizer = Resizer(9, 11, "center")

    class Meddling(Fraction):
        """Lets another thread resize another picture when it is compared to the last one."""

        def __eq__(self, other):
            if other == 1:
                return False
            thread = threading.Thread(target=resizer, args=(large,))
            thread.start()
            thread.join()
            return Fraction(self) == other

        __hash__ = Fraction.__hash__

    aspect = Fraction(4, 3)
    expected = resizer(small, aspect)
    assert (resizer(small, Meddling(4, 3)) == expected).all()


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError, match="unknown resize rule 'squash': use stretch or center"):
        Resizer(5, 5, "squash")


def test_resizing_takes_at_most_twice_torchs_time():
    torch = pytest.importorskip("torch")
    image = np.random.default_rng(7).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    # Channels last, as the picture lies in memory; float, as torch is exact only there.
    planes = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]
    assert planes.is_contiguous(memory_format=torch.channels_last)
    resizer = Resizer(172, 172)

    def ours():
        resizer(image)

    def theirs():
        torch.nn.functional.interpolate(
            planes, (172, 172), mode="bilinear", align_corners=False, antialias=False
        )

    def seconds(work):
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ratios = []
        for _ in range(3):
            times = [(seconds(ours), seconds(theirs)) for _ in range(150)]
            ratios.append(median(a for a, _ in times) / median(b for _, b in times))
            if ratios[-1] <= 2:
                return
    finally:
        torch.set_num_threads(threads)
    pytest.fail(f"torch's time was taken {min(ratios):.2f} times")
