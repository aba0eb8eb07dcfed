"""What is done to clips is done to all frames alike, and comes from the generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from hypothesis import given, settings
from hypothesis import strategies as st

from movinet.datasets.augmentation import Augmentation, Cut, apply, view, window
from movinet.errors import UsageError
from movinet.frames import Resizer
from movinet.network.inputs import frames_of

NOTHING = Augmentation(
    (1, 1), (1, 1), 0, speed=(1, 1), brightness=0, contrast=0, saturation=0, hue=0
)


def noise(*shape):
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("augmentation", [Augmentation(), NOTHING])
@pytest.mark.parametrize("frames", [1, 4, 16])
def test_shape_range_and_memory(augmentation, frames):
    answer = augmentation(noise(9, 30, 30, 3), frames, 24, generator())
    assert answer.shape == (3, frames, 24, 24)
    assert answer.dtype == torch.float32
    assert 0 <= answer.min() <= answer.max() <= 1
    # The network takes it without a copy.
    batch = answer[None]
    taken, _ = frames_of(batch, torch.float32)
    assert taken.data_ptr() == batch.data_ptr()


def test_into_given_memory():
    out = torch.full((4, 24, 24, 3), 7.0)
    answer = Augmentation()(noise(9, 30, 30, 3), 4, 24, generator(), out=out)
    assert answer.data_ptr() == out.data_ptr()
    assert torch.equal(answer, Augmentation()(noise(9, 30, 30, 3), 4, 24, generator()))


def test_the_generator_decides():
    clip = noise(20, 30, 30, 3)
    answers = [Augmentation()(clip, 4, 24, generator(seed)) for seed in (1, 1, 2)]
    assert torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[0], answers[2])
    one = generator(1)
    first, second = Augmentation()(clip, 4, 24, one), Augmentation()(clip, 4, 24, one)
    assert torch.equal(first, answers[0])
    assert not torch.equal(first, second)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_all_frames_are_changed_alike(seed):
    """A clip whose pictures are all the same is one whose pictures are all the same."""
    clip = np.repeat(noise(1, 30, 30, 3), 7, axis=0)
    answer = Augmentation()(clip, 5, 24, generator(seed))
    assert torch.equal(answer, answer[:, :1].expand_as(answer))


def test_nothing_is_the_evaluation_view():
    clip = noise(5, 30, 30, 3)
    assert torch.equal(NOTHING(clip, 5, 24, generator()), view(clip, 24))


def test_the_view_of_a_clip_of_the_right_size_is_what_a_stream_is_given():
    clip = noise(5, 24, 24, 3)
    expected = torch.from_numpy(clip).permute(3, 0, 1, 2) / 255
    assert torch.equal(view(clip, 24), expected)
    assert torch.equal(view(clip, 24, 3, start=1), expected[:, 1:4])
    assert torch.equal(view(clip, 24, step=2), expected[:, ::2])
    assert torch.equal(view(clip, 24, 12), torch.cat([expected, expected, expected[:, :2]], 1))


def test_the_resize_rule():
    """Within a grey level of that of streams, and right on average."""
    clip, resizer = noise(4, 41, 41, 3), Resizer(30, 30)
    expected = np.stack([resizer(image) for image in clip]).astype(float)
    found = (view(clip, 30).permute(1, 2, 3, 0) * 255).numpy()
    assert np.abs(found - expected).max() <= 1.001
    assert abs((found - expected).mean()) < 0.05


def test_flip():
    clip = noise(3, 24, 24, 3)
    answer = apply(Cut(np.arange(3), (0, 0, 24, 24), flip=True), clip, 24)
    assert torch.equal(answer, view(clip, 24).flip(3))
    always = Augmentation(flip=1, never_flipped=frozenset({"turning left"}))
    assert always.draw((3, 24, 24), 3, generator(), label="turning right").flip
    assert not always.draw((3, 24, 24), 3, generator(), label="turning left").flip
    half = [Augmentation().draw((3, 24, 24), 3, generator(n)).flip for n in range(200)]
    assert 70 < sum(half) < 130


def test_crop():
    clip = noise(3, 30, 30, 3)
    answer = apply(Cut(np.arange(3), (2, 5, 20, 24)), clip, 24)
    part = torch.from_numpy(clip[:, 2:22, 5:29]).permute(0, 3, 1, 2).float()
    expected = (
        functional.interpolate(part, size=(24, 24), mode="bilinear").permute(1, 0, 2, 3) / 255
    )
    assert torch.allclose(answer, expected, atol=1.01 / 255)


@given(
    st.integers(0, 10_000),
    st.sampled_from([((0.5, 1.0), (3 / 4, 4 / 3)), ((0.9, 0.9), (2.0, 3.0)), ((0.1, 0.2), (1, 1))]),
)
def test_boxes_lie_in_the_picture(seed, limits):
    area, ratio = limits
    cut = Augmentation(area=area, ratio=ratio).draw((5, 196, 196), 4, generator(seed))
    top, left, height, width = cut.box
    assert top >= 0
    assert left >= 0
    assert 1 <= height <= 196 - top
    assert 1 <= width <= 196 - left
    assert area[0] - 0.02 <= height * width / 196**2 <= area[1] + 0.02


def test_boxes_are_of_all_sizes_and_places():
    boxes = [Augmentation().draw((5, 196, 196), 4, generator(n)).box for n in range(300)]
    areas = [height * width / 196**2 for _, _, height, width in boxes]
    assert min(areas) < 0.52
    assert max(areas) > 0.98
    assert 0.7 < sum(areas) / 300 < 0.8
    assert min(top for top, *_ in boxes) == 0
    assert any(top + height == 196 for top, _, height, _ in boxes)


def colours(**changes):
    return Augmentation((1, 1), (1, 1), 0, speed=(1, 1), **{**NOTHING_COLOURS, **changes})


NOTHING_COLOURS = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}


def test_brightness_is_a_factor():
    clip = noise(3, 24, 24, 3) // 2
    changed = colours(brightness=0.5)(clip, 3, 24, generator(3)) / view(clip, 24).clamp(min=1e-9)
    known = changed[view(clip, 24) > 0.1]
    assert known.std() < 1e-5
    assert 0.5 <= known.mean() <= 1.5


def test_contrast_keeps_the_mean():
    clip = noise(16, 24, 24, 3) // 4 + 96
    before, after = view(clip, 24), colours(contrast=0.5)(clip, 16, 24, generator(3))
    assert after.mean() == pytest.approx(before.mean().item(), abs=0.01)
    assert after.std() / before.std() == pytest.approx(1, abs=0.5)
    assert abs(after.std() / before.std() - 1) > 0.01


@pytest.mark.parametrize("changes", [{"saturation": 1}, {"hue": 0.5}])
def test_greys_stay_grey(changes):
    clip = np.repeat(noise(3, 24, 24, 1), 3, axis=3)
    answer = colours(**changes)(clip, 3, 24, generator(3))
    assert torch.allclose(answer, view(clip, 24), atol=1e-5)
    coloured = noise(3, 24, 24, 3)
    moved = colours(**changes)(coloured, 3, 24, generator(3))
    assert not torch.allclose(moved, view(coloured, 24), atol=0.05)


def test_hue_of_a_third_exchanges_channels():
    from movinet.datasets.augmentation import _colours

    assert torch.allclose(_colours(1, 1 / 3), torch.eye(3).roll(1, 0), atol=1e-6)
    assert torch.allclose(_colours(1, 0), torch.eye(3), atol=1e-6)


@settings(max_examples=300)
@given(
    st.integers(1, 60),
    st.integers(1, 20),
    st.sampled_from([1.0, 1.5, 2.0]),
    st.floats(0.8, 1.25),
    st.floats(0, 0.999999),
)
def test_windows(length, frames, step, speed, place):
    found = window(length, frames, step, speed=speed, least=0.8, place=place)
    assert len(found) == frames
    assert found.min() >= 0
    assert found.max() < length
    if (frames - 1) * step * 0.8 <= length - 1:  # fits, if need be slowly: no seam
        jumps = np.diff(found)
        assert ((jumps >= 0) & (jumps <= np.ceil(step * speed + 1e-6))).all()
    else:  # from the start, as often as is needed
        assert found[0] == 0


def test_windows_begin_anywhere():
    starts = {
        int(window(10, 4, speed=1, least=1, place=place)[0]) for place in np.linspace(0, 0.999, 200)
    }
    assert starts == set(range(7))
    assert window(10, 4, speed=1, least=1, place=0.999999).tolist() == [6, 7, 8, 9]
    assert window(3, 8, speed=1, least=1, place=0.5).tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert window(16, 16, speed=1.25, least=0.8, place=0.5).tolist() == list(range(16))


@pytest.mark.parametrize(
    "wrong",
    [
        {"area": (0, 1)},
        {"area": (0.5, 1.1)},
        {"ratio": (2, 1)},
        {"speed": (0.5, float("inf"))},
        {"flip": 1.1},
        {"hue": -0.1},
        {"contrast": float("nan")},
    ],
)
def test_ranges_that_make_no_sense(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Augmentation(**wrong)


@pytest.mark.parametrize(
    "clip", [noise(3, 8, 8), noise(3, 8, 8, 4), noise(3, 8, 8, 3) / 255, noise(0, 8, 8, 3)]
)
def test_clips_that_are_none(clip):
    with pytest.raises(UsageError, match="a clip is uint8"):
        Augmentation()(clip, 2, 8, generator())
