from __future__ import annotations

import dataclasses
import json
from fractions import Fraction

import pytest
import torch

from movinet.errors import LabelsError, ModelError, OutputError
from movinet.models.weightsfile import read_weights_file
from movinet.network import FAMILY, MoViNet, NetworkConfig, load, save


def test_everything_comes_back(make, tmp_path):
    net = make("a0", "stream", gate="relu6", classes=2)
    net.info = dataclasses.replace(
        net.info,
        labels=("앉기", "standing up"),
        fps=Fraction(25, 3),
        recipe={"epochs": 3},
        origin="here",
        licence="MIT",
    )
    path = tmp_path / "net.safetensors"
    save(net, path)
    again = load(path)
    assert (again.config, again.info) == (net.config, net.info)
    assert not again.training
    video = torch.rand(1, 3, 2, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(video), net(video))
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_fused_network_comes_back_fused(make, tmp_path):
    save(make("t0").fuse(), tmp_path / "net.safetensors")
    assert load(tmp_path / "net.safetensors").config.fused


def test_the_header_is_read_without_pytorch(make, tmp_path):
    path = tmp_path / "net.safetensors"
    net = make("a3", "stream")
    save(net, path)
    said = read_weights_file(path)
    assert said.network == dataclasses.asdict(net.config)
    assert said.info == net.info
    assert said.tensors == len(net.state_dict())
    assert said.parameters == sum(t.numel() for t in net.state_dict().values())
    json.dumps(said.to_dict())


def test_a_damaged_file_is_refused_in_one_line(make, tmp_path):
    path = tmp_path / "net.safetensors"
    save(make("t0"), path)
    whole = path.read_bytes()
    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelError) as raised:
            load(path)
        assert "\n" not in str(raised.value)


def test_a_file_whose_tensors_are_another_networks(make, tmp_path):
    from movinet.network.tensorfile import read_tensors, write_tensors

    path = tmp_path / "net.safetensors"
    save(make("t0"), path)
    tensors, header = read_tensors(path)
    del tensors["stem.conv.weight"]
    tensors["more"] = torch.zeros(1)
    write_tensors(path, tensors, header)
    with pytest.raises(ModelError, match=r"stem.conv.weight is missing; more is unknown"):
        load(path)
    write_tensors(path, tensors, {})
    with pytest.raises(ModelError, match="'movinet models import' reads files by others"):
        load(path)


def test_what_was_there_stays_when_writing_fails(make, tmp_path):
    folder = tmp_path / "net.safetensors"
    folder.mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        save(make("t0"), folder)
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_labels_are_as_many_as_classes():
    variant = FAMILY["t0"]
    from movinet.models.weightsfile import WeightsInfo

    info = WeightsInfo.of_variant(variant.facts, variant.resolution)
    with pytest.raises(LabelsError, match="1 labels for a network of 2 classes"):
        MoViNet(NetworkConfig.of("t0", classes=2), dataclasses.replace(info, labels=("a",)))
