"""The official TFLite model metadata: the part of it that describes a video classifier.

The block is a flatbuffer of its own ("M001") inside the model; the files it names (labels) are
zipped behind the model. Field numbers follow the public `metadata_schema.fbs`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from movinet.models.flatbuffer import Table

METADATA_BUFFER = "TFLITE_METADATA"
_FILE_IDENTIFIER = b"M001"
_AXIS_LABELS = 2  # AssociatedFileType.TENSOR_AXIS_LABELS
_NORMALIZATION = 1  # ProcessUnitOptions.NormalizationOptions
_IMAGE = 2  # ContentProperties.ImageProperties
_RGB = 1  # ColorSpaceType.RGB


class Metadata(NamedTuple):
    """What we read from and write to the official block.

    Attributes:
        name, author, licence: free text, empty when absent.
        label_file: the name of the zipped label file, empty when there is none.
        mean, std: pixel values v in 0..255 go in as (v - mean) / std; None when not said.
        kind: what is said to be the contract's source.
    """

    name: str = ""
    author: str = ""
    licence: str = ""
    label_file: str = ""
    mean: float | None = None
    std: float | None = None
    kind: str = "tflite metadata"

    @property
    def value_range(self) -> tuple[float, float] | None:
        """What pixel values 0 and 255 become; None when the block does not say, or nonsense."""
        if self.mean is None or not self.std:
            return None
        low, high = (0 - self.mean) / self.std, (255 - self.mean) / self.std
        return (low, high) if math.isfinite(low + high) and low != high else None


def parse_metadata(data: bytes) -> Metadata:
    """Read the block.

    Raises:
        ModelError: when it is damaged.
    """
    root = Table.root(data)
    label_file = ""
    mean = std = None
    for subgraph in root.tables(3):
        for tensor in subgraph.tables(2):
            for unit in tensor.tables(4):
                options = unit.table(1)
                if unit.scalar(0, "<B") == _NORMALIZATION and options is not None:
                    means, stds = options.floats(0), options.floats(1)
                    # One value for all channels is the only form our resize can honour exactly.
                    if len(set(means)) == 1 and len(set(stds)) == 1:
                        mean, std = means[0], stds[0]
        for tensor in subgraph.tables(3):
            for file in tensor.tables(6):
                if file.scalar(2, "<b") == _AXIS_LABELS and not label_file:
                    label_file = file.text(0)
    return Metadata(root.text(0), root.text(4), root.text(5), label_file, mean, std)


def build_metadata(
    metadata: Metadata, image: str, inputs: list[str], logits: str, outputs: list[str]
) -> bytes:
    """Write the block.

    `inputs` and `outputs` are the signature names in the order of the subgraph's tensors; `image`
    and `logits` say which of them are the picture and the answer.
    """
    import flatbuffers

    builder = flatbuffers.Builder(1024)

    def table(fields: list[tuple[int, str, int | float]], size: int) -> int:
        builder.StartObject(size)
        for number, kind, value in fields:
            if kind == "offset":
                builder.PrependUOffsetTRelativeSlot(number, value, 0)
            elif kind == "int8":
                builder.PrependInt8Slot(number, value, 0)
            else:
                builder.PrependUint8Slot(number, value, 0)
        return int(builder.EndObject())

    def vector(offsets: list[int]) -> int:
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    def floats(*values: float) -> int:
        builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            builder.PrependFloat32(value)
        return int(builder.EndVector())

    def tensor(name: str) -> int:
        fields: list[tuple[int, str, int | float]] = [(0, "offset", builder.CreateString(name))]
        if name == image:
            properties = table([(0, "int8", _RGB)], 2)
            fields.append(
                (3, "offset", table([(0, "uint8", _IMAGE), (1, "offset", properties)], 3))
            )
            if metadata.mean is not None and metadata.std:
                options = table(
                    [(0, "offset", floats(metadata.mean)), (1, "offset", floats(metadata.std))], 2
                )
                unit = table([(0, "uint8", _NORMALIZATION), (1, "offset", options)], 2)
                fields.append((4, "offset", vector([unit])))
        if name == logits and metadata.label_file:
            file = table(
                [
                    (0, "offset", builder.CreateString(metadata.label_file)),
                    (2, "int8", _AXIS_LABELS),
                ],
                5,
            )
            fields.append((6, "offset", vector([file])))
        return table(fields, 7)

    input_tensors = vector([tensor(name) for name in inputs])
    output_tensors = vector([tensor(name) for name in outputs])
    subgraph = table([(2, "offset", input_tensors), (3, "offset", output_tensors)], 10)
    root: list[tuple[int, str, int | float]] = [
        (0, "offset", builder.CreateString(metadata.name)),
        (3, "offset", vector([subgraph])),
    ]
    if metadata.author:
        root.append((4, "offset", builder.CreateString(metadata.author)))
    if metadata.licence:
        root.append((5, "offset", builder.CreateString(metadata.licence)))
    # The lowest version of the official parser that knows all fields used here.
    root.append((7, "offset", builder.CreateString("1.0.0")))
    builder.Finish(table(root, 8), file_identifier=_FILE_IDENTIFIER)
    return bytes(builder.Output())
