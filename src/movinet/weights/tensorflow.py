"""Reading the official TensorFlow checkpoints and SavedModels of MoViNet, without TensorFlow."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from movinet.errors import ModelError
from movinet.network.variants import FAMILY, Variant
from movinet.weights.bundlefiles import looks_like_checkpoint
from movinet.weights.found import Array, Found, Hints
from movinet.weights.tensorbundle import FLOATS, OBJECT_GRAPH, Bundle, Entry, Variable, open_bundle
from movinet.weights.tensorflow_names import Place, place_of_name, place_of_path
from movinet.weights.tensorflow_plan import fits, in_order, plan, shapes_of

_END = "/.ATTRIBUTES/VARIABLE_VALUE"
_LISTED = re.compile(r"((?:.*/)?)(trainable_variables|non_trainable_variables|variables)/(\d{1,6})")
# The scalar of the positional encoding: its own name says nothing of its layer.
_BARE_SCALE = re.compile(r"scale(?:_(\d{1,6}))?(?::0)?")


def is_tensorflow(source: Path) -> bool:
    """Whether `source` looks like a TensorFlow checkpoint, a SavedModel or an archive of one."""
    return looks_like_checkpoint(source)


def read_tensorflow(source: Path) -> Found:
    """The network in a TensorFlow 2 checkpoint or SavedModel of the official code.

    `source` is a checkpoint's prefix or one of its files, a folder of one checkpoint, a SavedModel,
    or a .tar, .tar.gz or .tgz of any of these. What the checkpoint lacks, such as the classifier,
    is not in what is found.

    Raises:
        ModelError: it cannot be read, is damaged, or holds no MoViNet.
    """
    with open_bundle(source) as bundle:
        entries = {k: entry for k, entry in bundle.entries.items() if k != OBJECT_GRAPH}
        keys = _keys(entries, bundle.variables())
        conv_type = _check({name: (key, entries[key]) for name, key in keys.items()})
        used = frozenset(keys.values())
        return Found(
            kind=f"TensorFlow {'SavedModel' if bundle.in_saved_model else 'checkpoint'}",
            tensors={name: _our_layout(name, _floats(bundle, key)) for name, key in keys.items()},
            names=keys,
            left=tuple(key for key in entries if key not in used),
            hints=Hints(conv_type=conv_type),
        )


def _keys(entries: Mapping[str, Entry], variables: Mapping[str, Variable]) -> dict[str, str]:
    """Our name of each tensor of the network, to its key in the file."""
    own = {key: key.removesuffix(_END) for key in entries}
    paths = {key: variable.path for key, variable in variables.items() if key in entries}
    names = {key: variable.name for key, variable in variables.items() if key in entries}
    ways: tuple[tuple[Mapping[str, str], Callable[[str], Place | None]], ...] = (
        (own, place_of_path),
        (paths, place_of_path),
        (names, place_of_name),
        (own, place_of_name),
    )
    best: dict[str, Place] = {}
    for said, place_of in ways:
        placed = {key: place for key in said if (place := place_of(said[key])) is not None}
        placed |= _bare_scales(said, placed)
        # The first way that explains most: the later ones guess more.
        if len(placed) > len(best):
            best = placed
    keys = _named(best) if best else _by_order(entries)
    if not keys:
        raise ModelError("there is no MoViNet in it: none of its tensors is named as one's")
    return keys


def _bare_scales(said: Mapping[str, str], placed: Mapping[str, Place]) -> dict[str, Place]:
    """Tensors called only "scale": each belongs to the layer of the tensor before it in the list.

    Where they are in no list, they are numbered as the layers are.
    """
    scales = {
        key: int(match[1] or 0) for key in said if (match := _BARE_SCALE.fullmatch(said[key]))
    }
    found: dict[str, Place] = {}
    for listed in _lists(said).values():
        layer = None
        for key in listed:
            if key in placed:
                layer = placed[key].layer
            elif key in scales and layer is not None:
                found[key] = Place(layer, "squeeze.position_scale")
    layers = sorted({place.layer for place in placed.values() if place.layer is not None})
    if not found and len(layers) == len(scales):
        numbered = sorted(scales, key=lambda key: scales[key])
        pairs = zip(numbered, layers, strict=True)
        found = {key: Place(layer, "squeeze.position_scale") for key, layer in pairs}
    return found


def _lists(keys: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """The keys that are places in a list, in order, by what comes before it and its name."""
    lists: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for key in keys:
        if match := _LISTED.fullmatch(key.removesuffix(_END)):
            lists[match[1], match[2]].append((int(match[3]), key))
    return {name: [key for _, key in sorted(listed)] for name, listed in lists.items()}


def _named(placed: Mapping[str, Place]) -> dict[str, str]:
    """The layers of the file told apart, and found among those of the variant."""
    layers = sorted({place.layer for place in placed.values() if place.layer is not None})
    variant = _variant_of(len(layers))
    blocks: dict[tuple[int, ...], str] = {}
    for layer, known in zip(layers, variant.layers, strict=True):
        number = layers[0][0] + len(blocks)
        if layer != ((known.block, known.index) if len(layer) == 2 else (number,)):
            raise ModelError(f"its layers are not those of a MoViNet: {known.name} is missing")
        blocks[layer] = f"blocks.{known.block}.{known.index}."
    keys: dict[str, str] = {}
    for key, place in placed.items():
        name = (blocks[place.layer] if place.layer is not None else "") + place.name
        if name in keys:
            raise ModelError(f"it holds more than one network: {keys[name]} and {key} are the same")
        keys[name] = key
    return keys


def _variant_of(layers: int) -> Variant:
    for variant in FAMILY.values():
        if len(variant.layers) == layers:
            return variant
    counts = ", ".join(f"{v.name} has {len(v.layers)}" for v in FAMILY.values())
    raise ModelError(f"it has {layers} bottleneck layers, as no MoViNet has ({counts})")


def _by_order(entries: Mapping[str, Entry]) -> dict[str, str]:
    """The network in a list of nameless tensors, by their order and shapes; empty if there is none.

    Such lists are in SavedModels: of the trainable tensors, and of all, in which only those have
    names that are not in the first.
    """
    lists = _lists(entries)
    for prefix in dict.fromkeys(prefix for prefix, _ in lists):
        trainable = lists.get((prefix, "trainable_variables"), [])
        rest = lists.get((prefix, "non_trainable_variables"), [])
        rest += lists.get((prefix, "variables"), [])
        if not trainable:
            trainable, rest = rest, []
        names = in_order([entries[k].shape for k in trainable], [entries[k].shape for k in rest])
        if names is not None:
            return dict(zip(names, trainable + rest, strict=True))
    return {}


def _check(tensors: Mapping[str, tuple[str, Entry]]) -> str:
    """Hold each name's key and entry against its variant; gives the type of convolution."""
    layers = {tuple(name.split(".")[1:3]) for name in tensors if name.startswith("blocks.")}
    variant = _variant_of(len(layers))
    ranks = {len(e.shape) for name, (_, e) in tensors.items() if "depthwise.conv" in name}
    if ranks == {4}:
        conv_type = "2plus1d"
    elif ranks == {5}:
        factorised = any(".temporal.conv" in name for name in tensors)
        conv_type = "3d_2plus1d" if factorised else "3d"
    else:
        raise ModelError("its depthwise convolutions are not those of a MoViNet")
    shapes = shapes_of(plan(variant, conv_type))
    for name, (key, entry) in tensors.items():
        shape = list(entry.shape)
        if name not in shapes:
            raise ModelError(
                f"it holds {key}, which variant {variant.name} of type {conv_type} lacks"
            )
        if not fits(shape, shapes[name]):
            expected = ", ".join("any" if n is None else str(n) for n in shapes[name])
            raise ModelError(
                f"its {key} is {shape}, but variant {variant.name} has [{expected}] there"
            )
        if entry.dtype not in FLOATS:
            raise ModelError(f"its {key} holds something else than floating-point numbers")
    return conv_type


def _floats(bundle: Bundle, key: str) -> Array:
    with np.errstate(all="ignore"):
        return bundle.array(key).astype(np.float32)


def _our_layout(name: str, array: Array) -> Array:
    """A tensor of one of TensorFlow's shapes (see `plan`) in PyTorch's layout."""
    if array.ndim < 2:
        return array
    if name.endswith(".conv.weight"):
        if ".depthwise." in name or ".temporal." in name:
            if array.ndim == 4:
                array = array.transpose(2, 3, 0, 1)
            else:
                array = array.transpose(4, 3, 0, 1, 2)
                if ".temporal." in name:
                    array = array[..., 0]
                elif array.shape[2] == 1:
                    array = array[:, :, 0]
        else:
            array = array.reshape(array.shape[-4:]).transpose(3, 2, 0, 1)
    else:
        array = array.reshape(array.shape[-2:]).T
    return np.ascontiguousarray(array)
