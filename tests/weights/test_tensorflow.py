"""Official checkpoints in every form of their names; the numbers must all come to their place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kit.official import END, Official, Variable, expected
from kit.tensorbundle import Raw, object_graph, write_bundle
from movinet.errors import ModelError
from movinet.network.variants import FAMILY
from movinet.weights.tensorflow import is_tensorflow, read_tensorflow
from movinet.weights.tensorflow_names import Place, place_of_name, place_of_path
from movinet.weights.tensorflow_plan import in_order

KINDS = [
    Official(),
    Official(squeeze=1),
    Official(squeeze=0),
    Official(position=True),
    Official(conv_type="3d", squeeze=1, classes=600),
    Official(conv_type="3d_2plus1d"),
    Official(conv_type="3d_2plus1d", position=True, old=True),
    Official(conv_type="3d", squeeze=1, old=True),
    Official(old=True),
    Official(old=True, position=True),
]


def named(official: Official) -> str:
    return "-".join(str(part) for part in official)


every_kind = pytest.mark.parametrize("official", KINDS, ids=named)


def write(folder: Path, variables: dict[str, Variable], graph: bytes | None = None) -> Path:
    tensors = {key: variable.numbers() for key, variable in variables.items()}
    return write_bundle(folder / "ckpt-1", tensors, graph=graph, block_bytes=4000)


def check(source: Path, official: Official, left: tuple[str, ...] = ()):
    assert is_tensorflow(source)
    found = read_tensorflow(source)
    variables = official.variables()
    assert found.tensors.keys() == found.names.keys() == {v.ours for v in variables}
    for variable in variables:
        tensor = found.tensors[variable.ours]
        assert tensor.dtype == np.float32
        assert tensor.flags.c_contiguous
        assert tensor.flags.writeable
        assert np.array_equal(tensor, expected(variable)), variable.ours
        assert tensor.shape == expected(variable).shape
    assert found.left == left
    assert found.hints.conv_type == official.conv_type
    return found


def listed(official: Official, trainable: bool = True) -> dict[str, Variable]:
    """By the keys of a SavedModel: the trainable ones in a list of their own, if so wished."""
    every = [variable for layer in official.layers() for variable in layer]
    own = [variable for variable in every if variable.trainable] if trainable else []
    keys = {f"trainable_variables/{i}{END}": variable for i, variable in enumerate(own)}
    for j, variable in enumerate(every):
        if variable not in own:
            keys[f"variables/{j}{END}"] = variable
    return keys


def graph_of(keys: dict[str, Variable], paths: bool, names: bool) -> bytes:
    return object_graph(
        {
            key: (
                f"layer_with_weights-{v.key}" if paths else key.removesuffix(END),
                v.name if names else "",
            )
            for key, v in keys.items()
        }
    )


# -- the four ways to tell them --------------------------------------------------


@every_kind
def test_by_the_path_of_objects(tmp_path, official):
    found = check(write(tmp_path, {v.key: v for v in official.variables()}), official)
    assert found.kind == "TensorFlow checkpoint"
    stem = "layer_with_weights-0/layer_with_weights-0/_stem/_batch_norm/gamma"
    assert found.names["stem.norm.weight"] == f"model/{stem}{END}"


@every_kind
@pytest.mark.parametrize(
    ("told", "trainable"),
    [("paths", True), ("names", True), ("names", False), ("nothing", True), ("no graph", False)],
)
def test_in_the_lists_of_a_saved_model(tmp_path, official, told, trainable):
    keys = listed(official, trainable)
    graph = graph_of(keys, told == "paths", told == "names")
    tensors = {key: variable.numbers() for key, variable in keys.items()}
    prefix = tmp_path / "saved" / "variables" / "variables"
    write_bundle(prefix, tensors, graph=None if told == "no graph" else graph)
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    found = check(tmp_path / "saved", official)
    assert found.kind == "TensorFlow SavedModel"


@every_kind
@pytest.mark.parametrize("end", ["", ":0"])
def test_by_names_of_variables(tmp_path, official, end):
    keys: dict[str, Variable] = {}
    for layer in official.layers():
        for v in layer:
            number = sum(key.startswith("scale") for key in keys)
            name = f"scale_{number}" if v.name == "scale" and number else v.name
            keys[name + end] = v
    check(write(tmp_path, keys), official)


@pytest.mark.parametrize("variant", FAMILY)
def test_every_variant_by_order_and_shapes(variant):
    official = Official(variant, "2plus1d", position=True, old=variant in ("a1", "a3"))
    every = [variable for layer in official.layers() for variable in layer]
    own = [variable for variable in every if variable.trainable]
    rest = [variable for variable in every if not variable.trainable]
    names = in_order([v.shape for v in own], [v.shape for v in rest])
    assert names == [v.ours for v in own + rest]
    assert in_order([v.shape for v in every], []) == [v.ours for v in every]
    assert in_order([v.shape for v in every[1:]], []) is None
    assert in_order([(7, *v.shape) for v in every], []) is None


# -- what else is in a checkpoint --------------------------------------------------


def test_a_checkpoint_of_training(tmp_path):
    """As the official trainer and converter save it: two roots, optimizers, counters."""
    official = Official(position=True)
    keys = {}
    for v in official.variables():
        key = v.key.replace("model/layer_with_weights-0/", "backbone/")
        keys[key] = v
    tensors = {key: v.numbers() for key, v in keys.items()}
    extra = {
        key.removesuffix(END) + f"/.OPTIMIZER_SLOT/optimizer/momentum{END}": tensors[key] * 2
        for key in list(keys)[::7]
    }
    numbers = iter(range(99))
    extra |= {f"optimizer/_variables/{next(numbers)}{END}": tensor * 3 for tensor in extra.values()}
    extra |= {f"{name}{END}": np.array(5, np.int64) for name in ("global_step", "save_counter")}
    names = {key: ("", v.name) for key, v in keys.items()}
    slots = [key for key in extra if key.startswith("optimizer/")]
    names |= {key: ("", f"velocity/{v.name}") for key, v in zip(slots, keys.values(), strict=False)}
    graph = object_graph(names)
    prefix = write_bundle(tmp_path / "ckpt-1", tensors | extra, graph=graph, shards=3)
    check(prefix, official, left=tuple(sorted(extra)))


def test_a_backbone_alone(tmp_path):
    official = Official()
    keys = {
        v.key.replace("model/layer_with_weights-0/", ""): v
        for v in official.variables()
        if not v.ours.startswith(("head.dense", "head.classifier"))
    }
    found = read_tensorflow(write(tmp_path, keys))
    assert found.tensors.keys() == {v.ours for v in keys.values()}
    lists = {f"variables/{i}{END}": v for i, v in enumerate(keys.values())}
    assert read_tensorflow(write(tmp_path / "b", lists)).tensors.keys() == found.tensors.keys()


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_numbers_of_other_precisions(tmp_path, dtype):
    tensors = {}
    for v in Official().variables():
        numbers = v.numbers()
        if dtype == "bfloat16":
            data = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()
            tensors[v.key] = Raw(14, v.shape, data)
        else:
            tensors[v.key] = numbers.astype(dtype)
    tensor = read_tensorflow(write_bundle(tmp_path / "x", tensors)).tensors["head.dense.bias"]
    exact = next(v for v in Official().variables() if v.ours == "head.dense.bias").numbers()
    assert tensor.dtype == np.float32
    assert np.allclose(tensor, exact, rtol=0.01 if dtype == "bfloat16" else 0.001)


# -- names -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("layer_with_weights-0/_stem/_conv/kernel", (None, "stem.conv.weight")),
        ("a/b/layer_with_weights-3/_feature/_conv_temporal/_conv/depthwise_kernel",
         ((3,), "temporal.conv.weight")),
        ("layer_with_weights-3/_skip/_projection/_batch_norm/beta", ((3,), "skip.norm.bias")),
        ("layer_with_weights-3/_attention/_pos_encoding/_rezero/scale",
         ((3,), "squeeze.position_scale")),
        ("layer_with_weights-3/_mobile_bottleneck/_rezero/scale", ((3,), "scale")),
        ("layer_with_weights-1/_head/_conv/_conv/bias", (None, "head.dense.bias")),
    ],
)  # fmt: skip
def test_paths(path, place):
    assert place_of_path(path) == Place(*place)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "save_counter",
        "layer_with_weights-0/kernel",
        "layer_with_weights-0/_stem/_conv/bias",
        "layer_with_weights-0/_stem/_conv/_conv/_conv/kernel",
        "layer_with_weights-0/_stem/_conv/kernel/.OPTIMIZER_SLOT/optimizer/momentum",
        "layer_with_weights-0/_stem/_conv_temporal/kernel",
        "layer_with_weights-0/_other/_conv/kernel",
        "layer_with_weights-x/_stem/_conv/kernel",
    ],
)
def test_paths_of_something_else(path):
    assert place_of_path(path) is None


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("stem/stem/conv2d/conv2d/kernel:0", (None, "stem.conv.weight")),
        ("b1/l2/bneck/feature/bn_temporal/gamma", ((1, 2), "temporal.norm.weight")),
        ("block1_layer2/bneck/feature/conv2d_temporal/bn_temporal/moving_mean",
         ((1, 2), "temporal.norm.running_mean")),
        ("b1/l2/bneck/se/se_reduce/conv2d/conv2d_7/bias", ((1, 2), "squeeze.reduce.bias")),
        ("b1/l2/skip/skip_project/bn/beta", ((1, 2), "skip.norm.bias")),
        ("b10/l12/scale", ((10, 12), "scale")),
        ("classifier_head_1/classifier/conv3d/kernel", (None, "head.classifier.weight")),
        ("head/project/bn/moving_variance", (None, "head.project.norm.running_var")),
    ],
)  # fmt: skip
def test_names(name, place):
    assert place_of_name(name) == Place(*place)


@pytest.mark.parametrize(
    "name",
    [
        "scale",
        "velocity/stem/stem/bn/gamma",
        "b1/l2/bneck/expansion/conv2d/bias",
        "b1/l2/bneck/scale",
        "b1/l2/bneck/expansion/bn/gamma/Momentum",
        "classifier_head/head/conv2d/gamma",
        "b1/l2/gamma",
    ],
)
def test_names_of_something_else(name):
    assert place_of_name(name) is None


# -- what goes wrong ---------------------------------------------------------------


def error_of(source: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_tensorflow(source)
    message = str(caught.value)
    assert message.isprintable()
    assert str(source) in message
    return message


def test_another_network(tmp_path):
    tensors = {
        f"model/layer_with_weights-{n}/kernel{END}": np.zeros((3, 3), np.float32) for n in range(9)
    }
    tensors |= {f"variables/{n}{END}": np.zeros(3, np.float32) for n in range(30)}
    assert "no MoViNet in it" in error_of(write_bundle(tmp_path / "x", tensors))
    assert "no MoViNet in it" in error_of(write_bundle(tmp_path / "empty", {}))


def changed(tmp_path, **changes: tuple[str, object]) -> str:
    """The error where one tensor, found by the end of our name, is another (or none)."""
    tensors = {}
    for v in Official(conv_type="3d", squeeze=1).variables():
        tensors[v.key] = v.numbers()
        for end, new in changes.items():
            if v.ours.endswith(end.replace("_in_", ".")):
                del tensors[v.key]
                if new is not None:
                    tensors[v.key] = new
    return error_of(write_bundle(tmp_path / "x", tensors))


def test_other_shapes(tmp_path):
    said = changed(tmp_path, stem_in_conv_in_weight=np.zeros((1, 3, 3, 3, 9), np.float32))
    assert "_stem/_conv/kernel" in said
    assert "is [1, 3, 3, 3, 9], but variant a0 has [1, 3, 3, 3, 8] there" in said
    said = changed(tmp_path, classifier_in_weight=np.zeros((2048, 7), np.float32))
    assert "is [2048, 7], but variant a0 has [1, 1, 1, any, any] there" in said


def test_other_numbers(tmp_path):
    said = changed(tmp_path, stem_in_norm_in_bias=np.zeros(8, np.int32))
    assert "holds something else than floating-point numbers" in said


def test_no_depthwise_convolutions(tmp_path):
    assert "depthwise" in changed(tmp_path, depthwise_in_conv_in_weight=None)


def variables_of(official: Official, keep) -> dict[str, Variable]:
    return {v.key: v for v in official.variables() if keep(v.ours)}


def test_layers_that_are_missing(tmp_path):
    some = variables_of(Official(), lambda name: not name.startswith("blocks.4.3"))
    # Fourteen layers are as many as t0 has.
    assert "but variant t0 has" in error_of(write(tmp_path, some))
    some = variables_of(Official(), lambda name: not name.startswith("blocks.4"))
    assert "has 11 bottleneck layers, as no MoViNet has (a0 has 15, " in error_of(
        write(tmp_path, some)
    )
    some = variables_of(Official(), lambda name: not name.startswith("blocks."))
    assert "has 0 bottleneck layers" in error_of(write(tmp_path, some))


def test_layers_with_other_numbers(tmp_path):
    keys = {
        v.key.replace("layer_with_weights-9/", "layer_with_weights-99/"): v
        for v in Official().variables()
    }
    assert "its layers are not those" in error_of(write(tmp_path, keys))


def test_a_tensor_that_the_variant_lacks(tmp_path):
    keys = {v.key: v for v in Official().variables()}
    skip = next(v for v in keys.values() if v.ours == "blocks.1.0.skip.norm.bias")
    keys[skip.key.replace("weights-2/", "weights-3/")] = skip
    assert "which variant a0 of type 2plus1d lacks" in error_of(write(tmp_path, keys))


def test_two_networks(tmp_path):
    keys = {v.key: v for v in Official().variables()}
    keys |= {f"average/{key}": v for key, v in keys.items()}
    assert "more than one network" in error_of(write(tmp_path, keys))


def test_it_is_told_by_names_alone(tmp_path):
    (tmp_path / "ckpt.index").write_bytes(b"")
    assert is_tensorflow(tmp_path / "ckpt")
    assert "cut short" in error_of(tmp_path / "ckpt")
    assert not is_tensorflow(tmp_path / "other")
    assert not is_tensorflow(tmp_path / "nowhere" / "other")
