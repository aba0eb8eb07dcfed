"""The official names of a MoViNet's tensors, in both of their grammars, turned into ours.

In a checkpoint a tensor's key is a path through the program's objects, with the layers numbered; a
variable's own name has the block and the layer in it, and has changed its form once.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NORM = {
    "gamma": "norm.weight",
    "beta": "norm.bias",
    "moving_mean": "norm.running_mean",
    "moving_variance": "norm.running_var",
}
_KERNEL = {"kernel": "conv.weight", "depthwise_kernel": "conv.weight"}
_DENSE = {"kernel": "weight", "bias": "bias"}
_SCALE = {"scale": ""}

_PATH = re.compile(r"(?:.*/)?layer_with_weights-(\d{1,6})/((?:_\w+/)+)(\w+)")
# 2-D convolutions are an object within an object.
_INNER = "_conv/_conv/"
# By the objects of the part: our name of it, and of what is in it.
_OBJECTS: dict[str, tuple[str, dict[str, str]]] = {
    "_mobile_bottleneck/_rezero/": ("scale", _SCALE),
    "_attention/_pos_encoding/_rezero/": ("squeeze.position_scale", _SCALE),
    "_attention/_se_reduce/_conv/": ("squeeze.reduce", _DENSE),
    "_attention/_se_expand/_conv/": ("squeeze.expand", _DENSE),
    "_head/_conv/": ("head.dense", _DENSE),
    "_classifier/_conv/": ("head.classifier", _DENSE),
    # Only a factorised kernel has a second convolution.
    "_feature/_conv_temporal/": ("temporal", _KERNEL),
    "_feature/_batch_norm_temporal/": ("temporal", _NORM),
}
for _part, _ours in {
    "_stem": "stem",
    "_expansion": "expand",
    "_feature": "depthwise",
    "_projection": "project",
    "_skip/_projection": "skip",
    "_project": "head.project",
}.items():
    _OBJECTS[f"{_part}/_conv/"] = _ours, _KERNEL
    _OBJECTS[f"{_part}/_batch_norm/"] = _ours, _NORM

_NAME = re.compile(
    r"(?:(?P<top>stem/stem|head/project|classifier_head\w*/head|classifier_head\w*/classifier)"
    r"|(?:b(?P<b>\d{1,3})/l|block(?P<block>\d{1,3})_layer)(?P<index>\d{1,3})"
    r"(?P<part>(?:/bneck)?/(?:expansion|feature|projection|se/se_reduce|se/se_expand"
    r"|skip/skip_project))?)"
    r"/(?P<way>(?:\w+/)*)(?P<leaf>\w+)"
)
_PARTS = {
    "stem": "stem",
    "project": "head.project",
    "head": "head.dense",
    "classifier": "head.classifier",
    "expansion": "expand",
    "feature": "depthwise",
    "projection": "project",
    "se_reduce": "squeeze.reduce",
    "se_expand": "squeeze.expand",
    "skip_project": "skip",
}


class Place(NamedTuple):
    """Where a tensor belongs: in a bottleneck layer, or None outside them; and our name in there.

    `layer` sorts as the layers do: it is (block, index) where the name says so, else (number,).
    """

    layer: tuple[int, ...] | None
    name: str


def place_of_path(path: str) -> Place | None:
    """The place that a path of objects names (a checkpoint key without its end), if any."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    way = match[2]
    for inner in (_INNER, _INNER.replace("/", "_temporal/", 1)):
        if way.endswith(inner):
            way = way.removesuffix("_conv/")
    if way not in _OBJECTS:
        return None
    part, leaves = _OBJECTS[way]
    return _place((int(match[1]),), part, leaves, match[3])


def place_of_name(name: str) -> Place | None:
    """The place that a variable's own name names, such as `b1/l0/bneck/feature/bn/gamma`."""
    match = _NAME.fullmatch(name.removesuffix(":0"))
    if match is None:
        return None
    layer = None
    if match["index"]:
        layer = int(match["b"] or match["block"]), int(match["index"])
        if not match["part"]:
            return None if match["way"] else _place(layer, "scale", _SCALE, match["leaf"])
    part = _PARTS[(match["part"] or match["top"]).rpartition("/")[2]]
    if part == "depthwise" and "_temporal/" in match["way"]:
        part = "temporal"
    dense = part.startswith("squeeze.") or part in ("head.dense", "head.classifier")
    return _place(layer, part, _DENSE if dense else _NORM | _KERNEL, match["leaf"])


def _place(
    layer: tuple[int, ...] | None, part: str, leaves: dict[str, str], leaf: str
) -> Place | None:
    if leaf not in leaves:
        return None
    name = f"{part}.{leaves[leaf]}" if leaves[leaf] else part
    return Place(None if part.partition(".")[0] in ("stem", "head") else layer, name)
