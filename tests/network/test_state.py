from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from movinet.errors import ModelError, OutputError, UsageError
from movinet.network import State, load, save

CHILD = """
import sys, torch
from movinet.network import State, load
net, state = load(sys.argv[1]), State.load(sys.argv[2])
video = torch.rand(1, 3, 6, 40, 33, generator=torch.Generator().manual_seed(5))
with torch.inference_mode():
    for number in range(3, 6):
        logits, state = net.step(video[:, :, number], state)
state.save(sys.argv[3])
print(logits.numpy().tobytes().hex())
"""


@pytest.mark.parametrize(
    ("variant", "form", "conv_type"),
    [("a0", "stream", "2plus1d"), ("a0", "lite", "2plus1d"), ("t0", "stream", "3d")],
)
def test_another_process_goes_on_bit_for_bit(make, tmp_path, variant, form, conv_type):
    path = tmp_path / "net.safetensors"
    save(make(variant, form, conv_type=conv_type), path)
    net = load(path)
    video = torch.rand(1, 3, 6, 40, 33, generator=torch.Generator().manual_seed(5))
    state = net.initial_state(1, 40, 33)
    with torch.inference_mode():
        for number in range(6):
            if number == 3:
                state.save(tmp_path / "state.safetensors")
            logits, state = net.step(video[:, :, number], state)
    arguments = [tmp_path / name for name in ("net.safetensors", "state.safetensors", "end")]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        # Another number of threads adds up in another order.
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    assert child.stdout.strip() == logits.numpy().tobytes().hex()
    end = State.load(tmp_path / "end")
    assert set(end) == set(state)
    assert all(torch.equal(end[name], state[name]) for name in state)


def test_the_state_that_went_in_stays_as_it_was(make):
    net = make()
    video = torch.rand(1, 3, 2, 32, 32)
    with torch.inference_mode():
        _, state = net.step(video[:, :, 0], net.initial_state(1, 32, 32))
        before = {name: state[name].clone() for name in state}
        first, _ = net.step(video[:, :, 1], state)
        second, _ = net.step(video[:, :, 1], state)
    assert torch.equal(first, second)
    assert all(torch.equal(before[name], state[name]) for name in before)


def test_moved_and_measured(make):
    state = make().initial_state(2, 32, 32)
    assert state.batch == 2
    assert state.to("cpu")["state_frame_count"].tolist() == [0, 0]
    assert state.nbytes == sum(state[name].nbytes for name in state)


def test_stacking_what_does_not_fit(make):
    net = make()
    with pytest.raises(UsageError, match="one network and one picture size"):
        State.stack([net.initial_state(1, 32, 32), net.initial_state(1, 64, 64)])
    with pytest.raises(UsageError, match="no states"):
        State.stack([])


def test_files_that_are_no_state(make, tmp_path):
    save(make("t0"), tmp_path / "net.safetensors")
    with pytest.raises(ModelError, match="it is another kind of file"):
        State.load(tmp_path / "net.safetensors")
    (tmp_path / "noise").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match=r"not a whole \.safetensors file"):
        State.load(tmp_path / "noise")
    with pytest.raises(ModelError, match="No such file"):
        State.load(tmp_path / "missing")
    with pytest.raises(OutputError, match="cannot write"):
        make("t0").initial_state().save(tmp_path / "no folder" / "state")
