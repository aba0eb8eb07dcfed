"""8 bits: ranges, scales, and which layers stay in float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from kit.networks import small
from movinet.export import export
from movinet.export.calibration import as_image, best_range, calibrate, channel_means
from movinet.export.evaluator import Evaluator
from movinet.export.graph import Convolution
from movinet.export.lowering import lower_step
from movinet.export.precision import corrected_biases, integer_weights, round_weights
from movinet.export.quantise import affine, integer_values, layer_of, layers_of, parameters
from movinet.export.sensitivity import TOLERANCE, Simulation, choose_layers
from movinet.runtime import open_model

finite = st.floats(-1e4, 1e4, allow_nan=False, width=32)


@given(finite, finite)
@example(0.0, 1.1448608453533755e-42)  # its scale has a single digit
def test_zero_is_exact_and_the_range_is_covered(one, other):
    low, high = min(one, other), max(one, other)
    how = affine(low, high)
    assert -128 <= how.zero <= 127
    scale = how.scale[0]
    assert scale > 0
    # One step of slack for rounding the zero.
    assert (-128 - how.zero) * scale <= min(low, 0) + scale
    assert (127 - how.zero) * scale >= max(high, 0) - scale


@given(st.integers(0, 1), st.integers(0, 2**32 - 1))
def test_weights_are_rounded_by_half_a_step_at_most(axis, seed):
    weights = np.random.default_rng(seed).normal(0, 3, (4, 5)).astype(np.float32)
    numbers, how = round_weights(weights, axis)
    scales = np.array(how.scale, np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    assert numbers.dtype == np.int8
    assert np.abs(numbers).max() == 127
    assert (np.abs(numbers * scales - weights) <= 0.5001 * scales).all()


def test_weights_of_zero_do_no_harm():
    numbers, how = round_weights(np.zeros((2, 1, 1, 3), np.float32), 0)
    assert not numbers.any()
    assert all(np.isfinite(how.scale))
    assert min(how.scale) > 0


def test_a_few_large_numbers_do_not_take_all_steps():
    counts = torch.zeros(2048, dtype=torch.float64)
    counts[:100] = 1e7
    counts[-1] = 1
    low, high = best_range(counts, -1.0, 400.0)
    assert low == -1.0
    assert 18 < high < 200


@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=64), finite, st.floats(0.1, 1e4))
def test_no_range_is_worse_than_the_whole(counts, low, width):
    numbers = torch.tensor([*counts, 1], dtype=torch.float64)
    high = low + width

    def error(a: float, b: float) -> float:
        centres = low + (torch.arange(len(numbers), dtype=torch.float64) + 0.5) * (
            width / len(numbers)
        )
        beyond = (centres - b).clamp(min=0) + (a - centres).clamp(min=0)
        return float(((beyond**3 + (beyond == 0) * ((b - a) / 510) ** 3 / 4) * numbers).sum())

    if low <= 0 <= high:  # as every range is before it is looked at
        found = best_range(numbers, low, high)
        assert low <= found[0] <= found[1] <= high
        assert error(*found) <= error(low, high) * (1 + 1e-9)


def test_an_even_spread_is_not_cut():
    counts = torch.ones(2048, dtype=torch.float64)
    low, high = best_range(counts, -1.0, 5.0)
    assert low == pytest.approx(-1, abs=0.05)
    assert high == pytest.approx(5, abs=0.3)


def test_values_know_their_layer():
    assert layer_of("block1_layer0/temporal/seen") == "block1_layer0"
    assert layer_of("state_block12_layer3_stream_buffer") == "block12_layer3"
    assert layer_of("head/project") == "head"
    assert layer_of("stem") is None
    assert layer_of("image") is None


def test_what_is_only_moved_about_shares_a_scale(clips):
    graph = lower_step(small(), windows=True)
    known = parameters(graph, calibrate(graph, clips))
    for name in ("state_block1_layer0_stream_buffer", "block1_layer0/temporal/window"):
        assert known[name] == known["block1_layer0/depthwise"]
    assert known["block1_layer0/temporal/kept"] == known["block1_layer0/temporal/row"]


def test_sums_and_counts_are_never_integers(clips):
    graph = lower_step(small(), windows=True)
    integers = integer_values(graph, layers_of(graph))
    assert integers
    assert not [n for n in integers if "pool" in n or "count" in n or n.endswith("/sum")]
    assert all("stream_buffer" in n for n in integers if n.startswith("state_"))


def test_dynamic_keeps_the_scale_of_each_channel():
    graph = lower_step(small())
    smaller = integer_weights(graph)
    name = "block1_layer0/expand/weight"
    how = smaller.values[f"{name}/int8"].quantisation
    numbers = smaller.constants[f"{name}/int8"]
    assert how is not None
    assert how.axis == 0
    back = numbers * np.array(how.scale, np.float32).reshape(-1, 1, 1, 1)
    assert np.abs(back - graph.constants[name]).max() <= max(how.scale)


@torch.no_grad()
def test_biases_take_back_what_rounding_adds_in_the_mean(clips):
    """Each convolution alone: with rounded weights its mean over all frames is what it was."""
    graph = lower_step(small("lite"), windows=True)
    means = channel_means(graph, clips)
    rounded = Simulation(graph, calibrate(graph, clips), corrected_biases(graph, means))._rounded
    exact = Evaluator(graph)
    steps = []
    for clip in clips:
        state = exact.empty_state()
        for frame in clip:
            values, state = exact.step(as_image(frame), state)
            steps.append(values)
    plain = {name: torch.from_numpy(array) for name, array in graph.constants.items()}
    tried = 0
    for operation in graph.operations:
        # One of one pixel, so that no edge is padded, and before it is made something else.
        if not isinstance(operation, Convolution) or plain[operation.weight].shape[1:3] != (1, 1):
            continue
        bare = replace(operation, fused="none")

        def mean(weight, bias, *, bare=bare):
            own = {bare.weight: weight, bare.bias: bias}
            return torch.stack(
                [exact.compute(bare, {**values, **own}).mean((0, 1, 2)) for values in steps]
            ).mean(0)

        weight, bias = bare.weight, bare.bias
        true = mean(plain[weight], plain[bias])
        shift = (mean(rounded[weight], plain[bias]) - true).abs().max()
        left = (mean(rounded[weight], rounded[bias]) - true).abs().max()
        assert left < 0.02 * shift + 1e-5
        tried += 1
    assert tried > 5


@torch.no_grad()
def test_the_simulation_is_what_litert_does(clips, tmp_path):
    """The report is worth something only if its 8 bits are those of the file."""
    from movinet.export.litert import write_tflite
    from movinet.export.quantise import quantise
    from movinet.runtime.litert import interpreter_of

    net = small("lite")
    graph = lower_step(net, windows=True)
    ranges = calibrate(graph, clips)
    layers = layers_of(graph)
    simulation = Simulation(graph, ranges)
    simulation.quantise(layers)
    file = quantise(graph, ranges, layers)
    runner = interpreter_of(write_tflite(file)).get_signature_runner()
    states = {
        name: np.full(
            graph.shape(name),
            q.zero if (q := file.values[name].quantisation) else 0,
            file.values[name].dtype,
        )
        for name in graph.states
    }
    simulated, exact = simulation.empty_state(), Evaluator(graph).empty_state()
    for frame in clips[0]:
        image = as_image(frame)
        values, simulated = simulation.step(image, simulated)
        true, exact = Evaluator(graph).step(image, exact)
        outputs = runner(image=image.numpy(), **states)
        states = {name: outputs[name] for name in states}
    there = outputs["logits"] - true["logits"].numpy()
    here = (values["logits"] - true["logits"]).numpy()
    assert np.abs(there).max() > 0
    # The rest is the rounding of means, which is not simulated, and of matrices on vectors.
    assert np.sqrt(((there - here) ** 2).mean()) < 0.02 * float(true["logits"].std())


@pytest.mark.parametrize("precision", ["int8", "dynamic"])
def test_one_huge_weight_does_not_silence_a_classifier(precision, clips, tmp_path):
    """As a fit on a unit that hardly ever speaks had made it: the others all rounded to nothing."""
    net = small("lite")
    with torch.no_grad():
        weight = net.head.classifier.weight.view(net.head.classifier.weight.shape[0], -1)
        # A unit that says nothing: its huge weight changes nothing of what the network says.
        net.head.dense.weight.view(weight.shape[1], -1)[0] = 0
        net.head.dense.bias[0] = 0
        weight[:, 0] = 600 * weight.abs().max()
    file = tmp_path / "model.tflite"
    export(net, file, precision=precision, clips=clips)
    model, exact = open_model(file), Evaluator(lower_step(net))
    said, expected = [], []
    for clip in clips:
        state, there = model.initial_state(), exact.empty_state()
        for frame in clip:
            logits, state = model.step(frame, state)
            values, there = exact.step(as_image(frame), there)
        said.append(logits)
        expected.append(values["logits"][0].numpy())
    difference = np.array(said) - np.array(expected)
    assert np.sqrt((difference**2).mean()) < 0.2 * np.std(expected, 0).mean()


def test_layers_that_cost_too_much_stay_in_float(clips):
    net = small()
    layers = layers_of(lower_step(net, windows=True))
    graph = lower_step(net, windows=True, plain=layers)
    ranges = calibrate(graph, clips[:3])
    trial = [clip[:3] for clip in clips[:2]]
    sound = choose_layers(graph, ranges, trial)
    # A range that is far too wide: no steps are left for the numbers that there are.
    low, high = ranges["block2_layer0"]
    ranges["block2_layer0"] = (1e5 * low, 1e5 * high)
    choice = choose_layers(graph, ranges, trial)
    costs = {cost.layer: cost for cost in choice.costs}
    assert max(costs, key=lambda layer: costs[layer].error) == "block2_layer0"
    assert costs["block2_layer0"].kept_float
    assert "block2_layer0" not in choice.layers
    assert choice.error <= TOLERANCE
    assert len(choice.layers) <= len(sound.layers)
