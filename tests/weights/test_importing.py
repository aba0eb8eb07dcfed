"""Weights from every kind of source become the network they came from."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch

from kit.community import community_state_dict
from kit.networks import lively
from kit.official import Official
from kit.tensorbundle import write_bundle
from movinet.errors import LabelsError, ModelError, UsageError
from movinet.network import MoViNet, NetworkConfig, save
from movinet.weights import Said, read


def network(variant: str = "a0", form: str = "stream", **options) -> MoViNet:
    return lively(MoViNet(NetworkConfig.of(variant, form, classes=7, **options), drawn=False))


def same(found: MoViNet, wanted: MoViNet) -> bool:
    ours, theirs = found.state_dict(), wanted.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[n], theirs[n]) for n in ours)


@pytest.fixture
def checkpoint(tmp_path):
    """Writes a TensorFlow checkpoint of some official network; gives its prefix."""

    def write(*arguments, drop: str = "nothing", **options):
        variables = Official(*arguments, **options).variables()
        numbers = {v.key: v.numbers() for v in variables if drop not in v.key}
        # Statistics of variances are not negative.
        numbers = {k: abs(n) if "moving_variance" in k else n for k, n in numbers.items()}
        write_bundle(tmp_path / "ckpt-1", numbers)
        return tmp_path / "ckpt-1"

    return write


# ---- the community port ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "form"), [("a0", "stream"), ("a2", "stream"), ("a0", "base"), ("a3", "base")]
)
def test_a_state_dict_of_the_community_port(tmp_path, variant, form):
    net = network(variant, form)
    torch.save(community_state_dict(net), tmp_path / "modelA_statedict_v3")
    found = read(tmp_path / "modelA_statedict_v3")
    assert found.net.config == net.config
    assert found.net.config.gate == ("sigmoid" if form == "base" else "keras")
    assert same(found.net, net)
    assert found.left == found.untrained == ()
    assert found.matched["stem.conv.weight"].startswith("conv1.conv_1.conv")


@pytest.mark.parametrize("old", [False, True])
def test_what_training_programs_put_around_it(tmp_path, old):
    net = network()
    inner = {f"module.{name}": t for name, t in community_state_dict(net).items()}
    inner["ema.decay"] = torch.zeros(3)
    torch.save(
        {"epoch": 3, "state_dict": inner},
        tmp_path / "best.pt",
        _use_new_zipfile_serialization=not old,
    )
    found = read(tmp_path / "best.pt")
    assert same(found.net, net)
    assert found.left == ("ema.decay",)


class Evil:
    def __reduce__(self):
        return (print, ("this must never run",))


def test_nothing_in_a_pickle_is_run(tmp_path, capsys):
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"state_dict": Evil()}, protocol=2))
    with pytest.raises(ModelError, match="not a state dict that can be read safely"):
        read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"x": Evil()}, path)
    with pytest.raises(ModelError, match="not a state dict that can be read safely"):
        read(path)
    assert "never run" not in capsys.readouterr().out


def test_a_state_dict_of_another_network_or_damaged(tmp_path):
    path = tmp_path / "resnet.pt"
    torch.save({"conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match="there is no MoViNet of the community port in it"):
        read(path)
    torch.save([1, 2], path)
    with pytest.raises(ModelError, match="it holds no state dict"):
        read(path)
    torch.save(community_state_dict(network("t0")), path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError) as raised:
        read(path)
    assert "\n" not in str(raised.value)


def test_names_that_do_not_fit_are_named(tmp_path):
    theirs = community_state_dict(network())
    del theirs["blocks.b1_l0.deep.conv_1.norm.running_mean"]
    theirs["blocks.b2_l1.expand.conv_1.conv2d.weight"] = torch.zeros(5, 5, 1, 1)
    torch.save(theirs, tmp_path / "x.pt")
    with pytest.raises(ModelError) as raised:
        read(tmp_path / "x.pt")
    assert "blocks.1.0.depthwise.norm.running_mean is missing" in str(raised.value)
    assert "blocks.2.1.expand.conv.weight is [5, 5, 1, 1], expected" in str(raised.value)


def test_values_that_are_not_numbers_are_refused(tmp_path):
    theirs = community_state_dict(network())
    theirs["conv7.conv_1.norm.bias"][3] = float("nan")
    torch.save(theirs, tmp_path / "x.pt")
    with pytest.raises(ModelError, match=r"head.project.norm.bias has values that are not finite"):
        read(tmp_path / "x.pt")


# ---- checkpoints: what weights tell and what they do not --------------------------------------


def test_what_is_deduced_of_a_stream(checkpoint):
    config = read(checkpoint("a3", position=True)).net.config
    assert config == NetworkConfig.of("a3", "stream", classes=7)


def test_what_is_deduced_of_a_base(checkpoint):
    source = checkpoint("a0", "3d", squeeze=1)
    assert read(source).net.config == NetworkConfig.of("a0", "base", classes=7)
    # Which hard sigmoid is no question where there is none.
    assert read(source, Said(gate="relu6")).net.config.gate == "sigmoid"


def test_a_causal_network_of_3d_convolutions_has_to_be_said(checkpoint):
    config = read(checkpoint("a0", "3d", squeeze=1), Said(form="stream")).net.config
    assert (config.causal, config.activation, config.gate) == (True, "swish", "sigmoid")


def test_what_is_deduced_of_a_lite(checkpoint):
    config = read(checkpoint("a1", squeeze=0)).net.config
    assert config == NetworkConfig.of("a1", "lite", classes=7)


def test_what_is_said_goes_before_what_is_deduced(checkpoint):
    said = Said(
        squeeze_excite="2d",
        activation="hard_swish",
        gate="relu6",
        classifier_activation="hard_swish",
    )
    config = read(checkpoint("a0", squeeze=1), said).net.config
    assert (config.squeeze_excite, config.activation) == ("2d", "hard_swish")
    assert (config.gate, config.classifier_activation) == ("relu6", "hard_swish")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Said(variant="a2"), "the weights are of variant a0, not a2"),
        (Said(squeeze_excite="3d"), "squeeze-excite cannot be 3d: the weights are 2plus3d"),
        (Said(gate="soft"), "gate cannot be 'soft'"),
    ],
)
def test_what_is_said_must_not_contradict_the_weights(checkpoint, said, message):
    with pytest.raises(UsageError, match=message):
        read(checkpoint("a0"), said)


def test_a_lite_network_has_no_squeeze_excite(checkpoint):
    with pytest.raises(ModelError, match="a lite network has no squeeze-excite"):
        read(checkpoint("a0"), Said(form="lite"))


# ---- classes and labels ------------------------------------------------------------------------


def test_another_number_of_classes_keeps_the_rest_and_says_so(checkpoint):
    source = checkpoint("a0")
    whole, other = read(source), read(source, classes=3, labels=("a", "b", "c"))
    new = {"head.classifier.weight", "head.classifier.bias"}
    assert set(other.untrained) == new
    assert set(whole.matched) - set(other.matched) == new
    assert other.net.config.classes == 3
    assert other.net.info.labels == ("a", "b", "c")
    video = torch.rand(1, 3, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(other.net(video, features=True), whole.net(video, features=True))


def test_the_same_number_of_classes_changes_nothing(checkpoint):
    source = checkpoint("a0")
    found = read(source, classes=7)
    assert found.untrained == ()
    assert same(found.net, read(source).net)


def test_labels_that_do_not_fit(checkpoint):
    with pytest.raises(LabelsError, match="2 labels for a network of 7 classes"):
        read(checkpoint("a0"), labels=("a", "b"))


def test_a_backbone_alone_needs_classes(checkpoint):
    source = checkpoint("a0", drop="model/layer_with_weights-1/")
    with pytest.raises(ModelError, match="--classes puts an untrained head in place"):
        read(source)
    found = read(source, classes=5)
    assert found.net.config.classes == 5
    assert {name.rpartition(".")[0] for name in found.untrained} == {
        "head.dense",
        "head.classifier",
    }


# ---- our own files, and files that are none ---------------------------------------------------


def test_our_own_files(tmp_path):
    net = network("t0", "stream", gate="relu6")
    path = tmp_path / "net.safetensors"
    save(net, path)
    found = read(path)
    assert found.net.config == net.config
    assert same(found.net, net)
    assert read(path, Said(gate="keras")).net.config.gate == "keras"
    with pytest.raises(UsageError, match="it says that it is variant t0"):
        read(path, Said(variant="a0"))
    assert read(path, classes=2).untrained


def test_where_it_came_from_is_kept(checkpoint):
    found = read(checkpoint("a0"), origin="somewhere", licence="Apache-2.0")
    assert (found.net.info.origin, found.net.info.licence) == ("somewhere", "Apache-2.0")
    assert read(checkpoint("a0")).net.info.origin == "ckpt-1 (TensorFlow checkpoint)"


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 64, bytes(range(256))])
def test_files_of_no_known_kind(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="neither a TensorFlow checkpoint"):
        read(path)


def test_a_missing_file_and_an_empty_folder(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        read(tmp_path / "missing")
    with pytest.raises(ModelError) as raised:
        read(tmp_path)
    assert "\n" not in str(raised.value)


def test_numbers_are_those_of_the_file(checkpoint):
    source = checkpoint("a0")
    found = read(source)
    variable = next(v for v in Official("a0").variables() if v.ours == "stem.conv.weight")
    weights = found.net.state_dict()["stem.conv.weight"].numpy()
    assert np.array_equal(weights, variable.numbers().transpose(3, 2, 0, 1))
