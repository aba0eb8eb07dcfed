"""`movinet models import`, and `show` of what it wrote."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from click.testing import CliRunner

from kit.community import community_state_dict
from movinet.cli.program import movinet, run
from movinet.network import MoViNet, NetworkConfig, load


@pytest.fixture
def source(tmp_path):
    net = MoViNet(NetworkConfig.of("t0", "stream", classes=2))
    torch.save(community_state_dict(net), tmp_path / "theirs.pt")
    return tmp_path / "theirs.pt"


def call(*arguments: object) -> str:
    result = CliRunner().invoke(movinet, ["models", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def fail(capsys, *arguments: object) -> tuple[int, str]:
    status = run(["models", *map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("movinet: error: ")
    assert captured.err.count("\n") == 1
    return status, captured.err


def test_it_says_what_it_found_and_writes_a_network(source, tmp_path):
    (tmp_path / "labels.txt").write_text("sitting\n서기\n", "utf-8")
    out = tmp_path / "ours.safetensors"
    said = call("import", source, "--out", out, "--labels", tmp_path / "labels.txt")
    assert "PyTorch state dict of the community port" in said
    assert "t0, form stream: 2plus1d, squeeze-excite 2plus3d, hard_swish, gate keras" in said
    assert "2, with labels" in said
    net = load(out)
    assert net.info.labels == ("sitting", "서기")
    shown = call("show", out)
    assert "t0, form stream" in shown
    assert "서기" in shown
    record = json.loads(call("show", out, "--json"))
    assert (record["variant"], record["labels"]) == ("t0", ["sitting", "서기"])


def test_the_source_is_not_written_over(source, tmp_path, capsys):
    theirs = source.rename(tmp_path / "theirs.safetensors")
    before = theirs.read_bytes()
    status, said = fail(capsys, "import", theirs, "--out", theirs)
    assert status == 2
    assert "it is the source itself; name another file" in said
    assert theirs.read_bytes() == before


def test_json_lists_every_name(source, tmp_path):
    out = tmp_path / "ours.safetensors"
    record = json.loads(call("import", source, "--out", out, "--classes", 5, "--json"))
    assert record["network"]["classes"] == 5
    assert record["matched"]["stem.conv.weight"] == "conv1.conv_1.conv2d.weight"
    assert record["untrained"] == ["head.classifier.weight", "head.classifier.bias"]
    assert len(record["matched"]) == len(load(out).state_dict()) - 2


def test_options_reach_the_network(source, tmp_path):
    out = tmp_path / "ours.safetensors"
    call("import", source, "--out", out, "--gate", "relu6", "--activation", "swish")
    assert (load(out).config.gate, load(out).config.activation) == ("relu6", "swish")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["missing.pt", "--out", "{}/x.safetensors"], 1, "cannot read missing.pt: no such file"),
        (["{}/theirs.pt", "--out", "{}/x.pt"], 2, "a weights file ends in .safetensors"),
        (["{}/theirs.pt", "--out", "{}/no/x.safetensors"], 2, "there is no folder"),
        (["{}/theirs.pt"], 2, "Missing option '--out'"),
        (["{}/theirs.pt", "--out", "{}/x.safetensors", "--variant", "a0"], 2, "of variant t0"),
        (["{}/theirs.pt", "--out", "{}/x.safetensors", "--variant", "a9"], 2, "'a9' is not one"),
        (["{}/noise", "--out", "{}/x.safetensors"], 1, "neither a TensorFlow checkpoint"),
        (
            ["{}/theirs.pt", "--out", "{}/x.safetensors", "--labels", "{}/l"],
            1,
            "cannot read labels",
        ),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    source, tmp_path, capsys, arguments, status, message
):
    (tmp_path / "noise").write_bytes(b"noise")
    before = sorted(tmp_path.iterdir())
    found, line = fail(capsys, "import", *(part.format(tmp_path) for part in arguments))
    assert found == status
    assert message in line
    assert sorted(tmp_path.iterdir()) == before


def test_a_name_of_the_catalogue_is_fetched_with_what_is_known_of_it(tmp_path, monkeypatch, source):
    mirror, cache = tmp_path / "mirror", tmp_path / "cache"
    mirror.mkdir()
    # No published hash is known of this one, so that any state dict may stand in for it.
    from movinet.models import catalogue
    from movinet.models.catalogue import find

    entry = find("a0-stream-k600-pytorch")
    plain = dataclasses.replace(entry, git_blob=None, labels=None)
    monkeypatch.setattr(catalogue, "find", lambda name: plain)
    monkeypatch.setattr("movinet.cli.knownsources.entries", lambda: (plain,))
    (mirror / entry.filename).write_bytes(source.read_bytes())
    monkeypatch.setenv("MOVINET_MIRROR", str(mirror))
    monkeypatch.setenv("MOVINET_CACHE", str(cache))
    out = tmp_path / "ours.safetensors"
    call("import", "a0-stream-k600-pytorch", "--out", out)
    info = load(out).info
    assert (info.licence, info.origin) == (entry.licence, entry.origin)


def test_a_damaged_file_of_ours_is_shown_as_an_error(tmp_path, capsys, source):
    out = tmp_path / "ours.safetensors"
    call("import", source, "--out", out)
    out.write_bytes(out.read_bytes()[:300])
    status, line = fail(capsys, "show", out)
    assert status == 1
    assert "not a whole .safetensors file" in line
