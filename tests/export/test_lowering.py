"""The list of operations computes what the network computes, for the whole family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.networks import lively, small
from movinet.errors import ModelError, UsageError
from movinet.export.calibration import as_image
from movinet.export.clips import made_up_clip
from movinet.export.evaluator import Evaluator
from movinet.export.graph import Mean, Reshape
from movinet.export.lowering import lower_clip, lower_step
from movinet.export.quantise import layers_of
from movinet.network import MoViNet, NetworkConfig

WAYS = ({}, {"windows": True}, {"windows": True, "plain": "all"})


def lowered(net, plain=(), **options):
    if plain == "all":
        plain = layers_of(lower_step(net, windows=True))
    return lower_step(net, plain=plain, **options)


@torch.no_grad()
def assert_same_stream(net, graph, frames):
    evaluator = Evaluator(graph)
    states, state = evaluator.empty_state(), None
    for frame in frames:
        clip = torch.from_numpy(frame)[None, None]
        features, _ = net.run(clip, state, features=True)
        logits, state = net.run(clip, state)
        values, states = evaluator.step(as_image(frame), states)
        torch.testing.assert_close(values["logits"], logits, rtol=1e-4, atol=2e-5)
        if "embedding" in graph.outputs:
            torch.testing.assert_close(values["embedding"], features, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("way", WAYS, ids=("frames", "windows", "integers"))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"form": "lite"},
        {"conv_type": "3d"},
        {"gate": "relu6"},
        {"gate": "sigmoid"},
        {"squeeze_excite": "2d"},
        {"squeeze_excite": "3d"},
        {"activation": "swish"},
        {"activation": "relu"},
        {"positional_encoding": True},
    ],
    ids=str,
)
def test_a_step_is_the_step_of_the_network(options, way):
    net = small(**options)
    frames = made_up_clip(net.info.size, 4)
    assert_same_stream(net, lowered(net, embedding=True, **way), frames)


@settings(max_examples=10)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(WAYS))
def test_at_any_picture_size(height, width, way):
    net = small(size=(height, width))
    frames = made_up_clip(net.info.size, 2)
    assert_same_stream(net, lowered(net, **way), frames)


@pytest.mark.parametrize("variant", ["a0", "a1", "a2", "a3", "a4", "a5"])
def test_the_family(variant):
    net = lively(MoViNet(NetworkConfig.of(variant, "stream", classes=5), drawn=False))
    net.info = small(size=(64, 64), classes=5).info
    assert_same_stream(net, lower_step(net), made_up_clip((64, 64), 2))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"conv_type": "2plus1d"},
        {"squeeze_excite": "2d"},
        {"squeeze_excite": "2plus3d"},
        {"squeeze_excite": "none"},
    ],
    ids=str,
)
@torch.no_grad()
def test_a_clip_is_the_clip_of_the_network(options):
    net = small("base", **options)
    frames = made_up_clip(net.info.size, 5)
    graph = lower_clip(net, 5, embedding=True)
    values = Evaluator(graph).run({"clip": torch.from_numpy(frames).float() / 255})
    clip = torch.from_numpy(frames)[None]
    torch.testing.assert_close(values["logits"], net(clip), rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(values["embedding"], net(clip, features=True), rtol=1e-4, atol=2e-5)


def test_names_say_what_is_what():
    graph = lower_step(small())
    assert graph.inputs[:2] == ["image", "state_frame_count"]
    assert next(iter(graph.outputs)) == "logits"
    buffers = [name for name in graph.inputs if "stream_buffer" in name]
    assert "state_block1_layer0_stream_buffer_0" in buffers
    # Only the newest frame comes out; the others move up.
    for name in buffers:
        stem, number = name.rsplit("_", 1)
        after = f"{stem}_{int(number) + 1}"
        assert (name in graph.outputs) == (after not in buffers)
        assert graph.moves.get(name) == (after if after in buffers else None)
    assert len([name for name in graph.inputs if name.endswith("frame_count")]) == 1


def test_in_windows_what_goes_in_comes_out_under_the_same_name():
    graph = lower_step(small(), windows=True)
    assert set(graph.inputs) - set(graph.outputs) == {"image"}
    assert not graph.moves
    for name in graph.states:
        assert graph.shape(name) == graph.shape(graph.outputs[name])


def test_no_value_has_more_than_four_axes_and_none_is_made_twice():
    for graph in (lower_step(small()), lower_step(small(conv_type="3d"), windows=True)):
        assert max(len(value.shape) for value in graph.values.values()) == 4
        outputs = [operation.output for operation in graph.operations]
        assert len(outputs) == len(set(outputs))
        known = {*graph.inputs, *graph.constants}
        for operation in graph.operations:
            assert known >= set(operation.inputs)
            known.add(operation.output)
            if isinstance(operation, Mean):
                assert graph.shape(operation.output)[-1] == graph.shape(operation.input)[-1]
            if isinstance(operation, Reshape):
                before, after = (
                    np.prod(graph.shape(name)) for name in (operation.input, operation.output)
                )
                assert before == after


def test_the_wrong_form_is_refused():
    with pytest.raises(UsageError, match="clip model"):
        lower_step(small("base"))
    with pytest.raises(UsageError, match="step"):
        lower_clip(small(), 5)


def test_weights_that_are_not_finite_are_named():
    net = small()
    net.blocks[1][0].expand.conv.weight.data[3] = float("nan")
    with pytest.raises(ModelError, match=r"blocks\.1\.0\.expand\.conv\.weight .* not finite"):
        lower_step(net)
