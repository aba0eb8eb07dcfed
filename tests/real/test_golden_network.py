"""The network against the official implementation, through the reader of its checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kit.real import GOLDEN, OFFICIAL
from kit.tensorbundle import write_bundle
from movinet.network import MoViNet
from movinet.weights import Said, read
from real.test_tensorflow_weights import CASES, case, golden_numbers


def video(said: dict) -> torch.Tensor:
    """The input of a case, `[1, 3, T, R, R]`."""
    side, frames = said["resolution"], said["frames"]
    random = np.random.default_rng(7)
    base = random.random((1, 1, side // 8 + 1, side // 8 + 1, 3), dtype=np.float32)
    big = np.kron(base, np.ones((1, 1, 8, 8, 1), np.float32))
    rolled = [np.roll(big, (3 * t, 2 * t), axis=(2, 3)) for t in range(frames)]
    clip = np.concatenate([picture[:, :, :side, :side] for picture in rolled], axis=1)
    return torch.from_numpy(clip).permute(0, 4, 1, 2, 3)


def imported(name: str, folder) -> MoViNet:
    """The network of a case, from its checkpoint or one made of the same numbers."""
    said = case(name)
    source = GOLDEN / f"{name}.ckpt"
    if not source.with_name(f"{name}.ckpt.index").exists():
        source = folder / "ckpt-1"
        numbers = {
            v["key"]: golden_numbers(v["key"], v["name"], tuple(v["shape"]))
            for v in said["variables"]
        }
        write_bundle(source, numbers)
    # Weights do not tell a causal network of 3-D convolutions, nor which hard sigmoid.
    hard = said["config"]["gating_activation"] == "hard_sigmoid"
    form = "stream" if said["config"]["causal"] else "base"
    return read(source, Said(form=form, gate="relu6" if hard else None)).net


@pytest.mark.parametrize("name", CASES)
def test_the_official_numbers(name, tmp_path):
    said = case(name)
    net = imported(name, tmp_path)
    config = said["config"]
    assert net.parameter_count == said["trainable_params"]
    assert net.config.activation == config["activation"]
    assert net.config.conv_type == config["conv_type"]
    clip, golden = video(said), np.load(GOLDEN / f"{name}.npz")
    wanted = golden["clip_logits"]
    with torch.inference_mode():
        for form in (net, net.fuse()):
            assert abs(form(clip).numpy() - wanted).max() <= 1e-4 * wanted.std()
    if not config["causal"]:
        return
    state = net.initial_state(1, said["resolution"], said["resolution"])
    for number, wanted in enumerate(golden["stream_logits"]):
        with torch.inference_mode():
            logits, state = net.step(clip[:, :, number], state)
        assert abs(logits.numpy()[0] - wanted).max() <= 1e-4 * wanted.std(), number
    compared = 0
    for key in golden.files:
        if key.startswith("final/"):
            ours = state[key.removeprefix("final/")].numpy().ravel()
            # Mean, deviation, largest, first and last, as in the file.
            found = [ours.mean(), ours.std(), abs(ours).max(), ours[0], ours[-1]]
            assert abs(np.subtract(found, golden[key])).max() <= 1e-3 * golden[key][2], key
            compared += 1
    assert compared == len(state) - 1  # all but the counter


@pytest.mark.parametrize(
    ("file", "tolerance"), [("float32", 1e-4), ("dynamic", 0.15), ("int8", 0.15)]
)
def test_the_same_weights_in_an_official_tflite_file(file, tolerance):
    """Float to rounding; 8-bit weights to what their steps leave.

    In deviations of the logits, 0.05 (dynamic) and 0.07 (int8) were measured.
    """
    said = case("a0_stream")
    found = read(OFFICIAL / f"official_a0_stream_{file}.tflite")
    assert found.net.config.gate == "relu6"
    assert found.left == ()
    wanted = np.load(GOLDEN / "a0_stream.npz")["clip_logits"]
    with torch.inference_mode():
        logits = found.net(video(said)).numpy()
    assert abs(logits - wanted).max() <= tolerance * wanted.std()
