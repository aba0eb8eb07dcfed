"""One function in every form: whole clip, frame by frame, any cut, batches, fused, compiled."""

from __future__ import annotations

import shutil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.networks import lively
from movinet.network import FAMILY, MoViNet, NetworkConfig, State

CAUSAL = [
    *((variant, form, {}) for variant in FAMILY for form in ("stream", "lite")),
    ("a0", "stream", {"conv_type": "3d"}),
    ("a3", "stream", {"conv_type": "3d", "activation": "swish", "gate": "sigmoid"}),
    ("a0", "stream", {"conv_type": "3d_2plus1d"}),
    ("a0", "stream", {"squeeze_excite": "2d"}),
    ("a0", "stream", {"squeeze_excite": "3d", "positional_encoding": True}),
    ("a0", "lite", {"conv_type": "3d"}),
]


def clip(batch: int, frames: int, height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 3, frames, height, width, generator=generator)


def close(found: torch.Tensor, wanted: torch.Tensor, tolerance: float = 1e-4) -> bool:
    return bool((found - wanted).abs().max() <= tolerance * wanted.std())


@pytest.mark.parametrize(("variant", "form", "options"), CAUSAL)
def test_frame_by_frame_is_the_whole_clip(make, variant, form, options):
    net = make(variant, form, **options)
    video = clip(1, 4, 37, 50)
    with torch.inference_mode():
        every, after = net.run(video, every_frame=True)
        state = net.initial_state(1, 37, 50)
        for number in range(4):
            logits, state = net.step(video[:, :, number], state)
            assert close(logits, every[:, number]), number
        assert close(net(video), every[:, -1])
    assert list(state) == list(after)
    for name in state:
        largest = after[name].abs().max()
        assert (state[name] - after[name]).abs().max() <= 1e-4 * largest, name


@settings(max_examples=15)
@given(data=st.data())
def test_any_cut_at_any_size_is_the_whole_clip(data):
    variant = data.draw(st.sampled_from(["a0", "t0", "a3"]))
    form = data.draw(st.sampled_from(["stream", "lite"]))
    conv_type = data.draw(st.sampled_from(["2plus1d", "3d"]))
    height, width = (data.draw(st.integers(5, 45)) for _ in range(2))
    pieces = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    config = NetworkConfig.of(variant, form, classes=11, conv_type=conv_type)
    net = lively(MoViNet(config, drawn=False))
    video = clip(2, sum(pieces), height, width, data.draw(st.integers(0, 99)))
    state, start = None, 0
    with torch.inference_mode():
        for piece in pieces:
            logits, state = net.run(video[:, :, start : start + piece], state)
            start += piece
        assert close(logits, net(video))
    assert state["state_frame_count"].tolist() == [sum(pieces)] * 2


@pytest.mark.parametrize("variant", ["a0", "a3"])
def test_streams_of_different_ages_share_a_batch(make, variant):
    net = make(variant)
    video = clip(2, 6, 32, 32)
    with torch.inference_mode():
        _, old = net.run(video[:1, :, :5])
        _, young = net.run(video[1:, :, :2])
        both = State.stack([old, young])
        assert both["state_frame_count"].tolist() == [5, 2]
        frames = torch.stack([video[0, :, 5], video[1, :, 2]])
        logits, after = net.step(frames, both)
        assert close(logits[:1], net.step(frames[:1], old)[0])
        assert close(logits[1:], net.step(frames[1:], young)[0])
        again = after.select([1])
        assert again["state_frame_count"].tolist() == [3]
        assert close(net.step(frames[1:], again)[0], net.run(frames[1:, :, None], again)[0])


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("stream", {}),
        ("lite", {}),
        ("base", {}),
        ("base", {"conv_type": "2plus1d", "squeeze_excite": "2plus3d"}),
        ("stream", {"conv_type": "3d"}),
    ],
)
def test_fused_is_the_same_function(make, form, options):
    net = make("a0", form, **options)
    fused = net.fuse()
    assert fused.config.fused
    assert not list(fused.buffers())
    video = clip(2, 3, 41, 33)
    with torch.inference_mode():
        assert close(fused(video), net(video))
        assert close(fused.fuse()(video), fused(video))


def test_a_base_network_looks_both_ways_and_has_no_state(make):
    net = make("a0", "base")
    video = clip(1, 5, 32, 32)
    changed = video.clone()
    changed[:, :, 4] = 0
    with torch.inference_mode():
        assert not close(net(changed), net(video))
        # Its mean over everything is of all frames, so a later frame changes an earlier answer.
        first, _ = net.run(video, every_frame=True)
        second, _ = net.run(changed, every_frame=True)
        assert not close(second[:, 0], first[:, 0])


@pytest.mark.parametrize("form", ["stream", "lite"])
def test_a_causal_network_never_looks_ahead(make, form):
    net = make("a0", form)
    video = clip(1, 5, 32, 32)
    changed = video.clone()
    changed[:, :, 3:] = 0
    with torch.inference_mode():
        first, _ = net.run(video, every_frame=True)
        second, _ = net.run(changed, every_frame=True)
    assert torch.equal(first[:, :3], second[:, :3])
    assert not close(second[:, 3], first[:, 3])


def test_bytes_are_the_same_as_fractions(make):
    net = make()
    pictures = torch.randint(0, 256, (2, 3, 32, 40, 3), dtype=torch.uint8)
    video = pictures.permute(0, 4, 1, 2, 3).float() / 255
    with torch.inference_mode():
        assert torch.equal(net(pictures), net(video))
        state = net.initial_state(2, 32, 40)
        assert torch.equal(net.step(pictures[:, 0], state)[0], net.step(video[:, :, 0], state)[0])


def test_the_embedding_is_what_the_classifier_sees(make):
    net = make()
    video = clip(2, 3, 32, 32)
    with torch.inference_mode():
        features = net(video, features=True)
        assert features.shape == (2, 480)
        assert torch.equal(net.head(features), net(video))
        _, state = net.run(video)
        assert close(state["state_head_pool_buffer"] / 3, features)


# PyTorch's own code calls what it has deprecated.
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    "backend",
    [
        "aot_eager",
        pytest.param(
            "inductor",
            marks=pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler"),
        ),
    ],
)
def test_it_compiles_into_one_graph(make, backend):
    # The smallest, for the time that compiling takes.
    net = make("t0", "stream" if backend == "aot_eager" else "lite").fuse()
    video = clip(1, 2, 32, 32)
    compiled = torch.compile(net.step, fullgraph=True, backend=backend)
    with torch.no_grad():
        state = theirs = net.initial_state(1, 32, 32)
        for number in range(2):
            logits, state = net.step(video[:, :, number], state)
            found, theirs = compiled(video[:, :, number], theirs)
            assert close(found, logits)
    torch._dynamo.reset()


def test_bfloat16_autocast_keeps_the_state_in_float32(make):
    net = make()
    video = clip(1, 4, 64, 64)
    with torch.inference_mode():
        wanted = net(video)
        with torch.autocast("cpu", torch.bfloat16):
            whole = net(video)
            state = net.initial_state(1, 64, 64)
            for number in range(4):
                logits, state = net.step(video[:, :, number], state)
    assert {state[name].dtype for name in state} == {torch.float32, torch.int32}
    assert logits.dtype == torch.float32
    # bfloat16 has 8 bits; over 15 layers 0.03 deviations were measured.
    assert close(logits, wanted, 0.15)
    assert close(logits, whole, 0.15)


def test_a_network_of_halves_and_one_of_doubles_run(make):
    video = clip(1, 2, 32, 32)
    with torch.inference_mode():
        wanted = make()(video)
        assert close(make().double()(video.double()).float(), wanted)
        assert close(make().bfloat16()(video), wanted, 0.3)
