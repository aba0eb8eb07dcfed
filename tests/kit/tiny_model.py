"""A streaming network small enough to be computed by hand, and some files that are none.

The network pools each frame to a feature, keeps the sum of the features and their number, and the
two features before this one:

    image --mean over rows and columns--> feature [channels]
    head sum   <- head sum + feature          head count <- head count + 1
    buffer     <- the last two features       (it gives out the older one first)
    logits     =  head sum / head count @ means  +  the feature two frames ago @ past

A frame of 8x4 pixels and weights that are small sums of powers of two keep every sum exact, so
that states can be compared to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kit.graph import Graph

HEIGHT, WIDTH = 8, 4
SUM = "state_head_pool_buffer"
COUNT = "state_head_pool_frame_count"
BUFFER = "state_block1_layer0_stream_buffer"
LAYER_SUM = "state_block1_layer0_pool_buffer"
LAYER_COUNT = "state_block1_layer0_pool_frame_count"
# States before and behind BUFFER in the order of the alphabet.
DELAYED_BEFORE = "state_block0_layer0_stream_buffer"
DELAYED_BEHIND = "state_block2_layer0_stream_buffer"

State = dict[str, np.ndarray]


@dataclass(frozen=True)
class TinyModel:
    """A streaming .tflite, and what it computes in NumPy.

    Attributes:
        classes: how many logits.
        channels: how wide the feature is; the first three are the means of red, green and blue.
        signature: the key of its signature; None: the file has none.
        image_dims, state_dims: 5 as in official files, or 4.
        count_dtype: "int32" as in official files, or "float32".
        order: a seed that scrambles the inputs; None leaves them in the order of the alphabet.
        squeeze_excite: whether the pool of block 1 is alive ("stream") and shifts the logits, or
            hands its states on untouched ("lite").
        passed_on: let the state that passes through untouched shift the logits.
        delayed: add a state of this name whose output tensor is the *input* tensor of the stream
            buffer, so that it lags one frame behind it.
        embedding: add an output "embedding", which is twice the mean.
        weights: "float32", "float16", "dynamic" or "int8": what its constants look like. Only the
            first two compute what `step` says.
        wrong: "shape" or "dtype" makes the stream buffer come out other than it goes in.
    """

    classes: int = 4
    channels: int = 3
    signature: str | None = "serving_default"
    image_dims: int = 5
    state_dims: int = 5
    count_dtype: str = "int32"
    order: int | None = None
    squeeze_excite: bool = False
    passed_on: bool = False
    delayed: str | None = None
    embedding: bool = False
    weights: str = "float32"
    wrong: str | None = None

    # -- the file ---------------------------------------------------------

    @cached_property
    def data(self) -> bytes:
        """The file's bytes."""
        graph = Graph()
        channels, row = self.channels, self._row
        shape = (1, HEIGHT, WIDTH, 3)
        inputs = {"image": graph.tensor(shape if self.image_dims == 4 else (1, *shape))}
        for name, value in self.initial().items():
            inputs[name] = graph.tensor(value.shape, value.dtype.name)
        if self.order is not None:
            names = list(inputs)
            np.random.default_rng(self.order).shuffle(names)
            inputs = {name: inputs[name] for name in names}

        def add(left: int, right: int, shape: tuple[int, ...], dtype: str = "float32") -> int:
            return graph.operator("ADD", [left, right], shape, dtype, options=schema.AddOptionsT())

        def reshape(value: int, *shape: int) -> int:
            return graph.operator("RESHAPE", [value, graph.integers(*shape)], shape)

        def mean(total: int, count: int) -> int:
            if self.count_dtype != "float32":
                count = graph.operator("CAST", [count], (1,), options=schema.CastOptionsT())
            quotient = graph.operator("DIV", [total, count], row, options=schema.DivOptionsT())
            return reshape(quotient, 1, channels)

        def matrix(values: np.ndarray, vector: int) -> int:
            options = schema.FullyConnectedOptionsT()
            rows = len(values)
            if self.weights == "dynamic":
                weight = graph.constant((values * 16).astype(np.int8), scale=1 / 16)
                options.asymmetricQuantizeInputs = True
            elif self.weights == "float16":
                half = graph.constant(values.astype(np.float16))
                weight = graph.operator(
                    "DEQUANTIZE", [half], values.shape, options=schema.DequantizeOptionsT()
                )
            else:
                weight = graph.constant(values)
            return graph.operator("FULLY_CONNECTED", [vector, weight], (1, rows), options=options)

        def counted(name: str) -> int:
            one = graph.constant(np.ones(1, self.count_dtype))
            return add(inputs[name], one, (1,), self.count_dtype)

        picture = inputs["image"]
        if self.image_dims == 5:
            picture = reshape(picture, *shape)
        feature = graph.operator(
            "MEAN", [picture, graph.integers(1, 2)], (1, 3), options=schema.ReducerOptionsT()
        )
        if channels != 3:
            wide = graph.constant(self._widen)
            feature = graph.operator(
                "FULLY_CONNECTED",
                [feature, wide],
                (1, channels),
                options=schema.FullyConnectedOptionsT(),
            )
        if self.weights == "int8":  # a value between layers that is int8
            narrow = graph.operator(
                "QUANTIZE",
                [feature],
                (1, channels),
                "int8",
                scale=1 / 64,
                options=schema.QuantizeOptionsT(),
            )
            feature = graph.operator(
                "DEQUANTIZE", [narrow], (1, channels), options=schema.DequantizeOptionsT()
            )
        feature = reshape(feature, *row)

        outputs = {
            SUM: add(inputs[SUM], feature, row),
            COUNT: counted(COUNT),
            LAYER_SUM: inputs[LAYER_SUM],
            LAYER_COUNT: inputs[LAYER_COUNT],
        }
        longer = graph.operator(
            "CONCATENATION",
            [inputs[BUFFER], feature],
            self._buffer_shape(3),
            options=schema.ConcatenationOptionsT(axis=1),
        )
        outputs[BUFFER] = self._part(graph, longer, 1, 3)
        average = mean(outputs[SUM], outputs[COUNT])
        past = reshape(self._part(graph, inputs[BUFFER], 0, 1), 1, channels)
        logits = add(matrix(self._means, average), matrix(self._past, past), (1, self.classes))
        if self.squeeze_excite:
            double = graph.constant(np.full(row, 2, np.float32))
            doubled = graph.operator("MUL", [feature, double], row, options=schema.MulOptionsT())
            outputs[LAYER_SUM] = add(inputs[LAYER_SUM], doubled, row)
            outputs[LAYER_COUNT] = counted(LAYER_COUNT)
            pooled = mean(outputs[LAYER_SUM], outputs[LAYER_COUNT])
            logits = add(logits, matrix(self._past, pooled), (1, self.classes))
        if self.passed_on:
            untouched = reshape(inputs[LAYER_SUM], 1, channels)
            logits = add(logits, matrix(self._means, untouched), (1, self.classes))
        if self.delayed:
            outputs[self.delayed] = inputs[BUFFER]
            before = reshape(self._part(graph, inputs[self.delayed], 0, 1), 1, channels)
            logits = add(logits, matrix(self._means, before), (1, self.classes))
        if self.wrong == "shape":
            outputs[BUFFER] = longer
        if self.wrong == "dtype":
            outputs[BUFFER] = graph.operator(
                "CAST",
                [outputs[BUFFER]],
                self._buffer_shape(2),
                "int32",
                options=schema.CastOptionsT(),
            )
        outputs["logits"] = logits
        if self.embedding:
            outputs["embedding"] = add(average, average, (1, channels))
        return graph.finish(inputs, outputs, self.signature)

    def write(self, path: Path) -> Path:
        """Write the file."""
        path.write_bytes(self.data)
        return path

    def _part(self, graph: Graph, buffer: int, first: int, last: int) -> int:
        """Frames `first` to before `last` of a buffer."""
        length = len(self._buffer_shape(1))
        begin, end, stride = [0] * length, [0] * length, [1] * length
        begin[1], end[1] = first, last
        everything = sum(1 << axis for axis in range(length) if axis != 1)
        return graph.operator(
            "STRIDED_SLICE",
            [buffer, graph.integers(*begin), graph.integers(*end), graph.integers(*stride)],
            self._buffer_shape(last - first),
            options=schema.StridedSliceOptionsT(beginMask=everything, endMask=everything),
        )

    @property
    def _row(self) -> tuple[int, ...]:
        return (1,) * (self.state_dims - 1) + (self.channels,)

    def _buffer_shape(self, frames: int) -> tuple[int, ...]:
        return (1, frames, *self._row[2:])

    # -- what it computes -------------------------------------------------

    @property
    def _widen(self) -> np.ndarray:
        """The feature's further channels are the means of the colours, a quarter more each."""
        steps = 1 + np.arange(self.channels)[:, None] // 3 % 8 / 4
        return (steps * np.eye(3)[np.arange(self.channels) % 3]).astype(np.float32)

    @property
    def _means(self) -> np.ndarray:
        return _weights(self.classes, self.channels, seed=1)

    @property
    def _past(self) -> np.ndarray:
        return _weights(self.classes, self.channels, seed=2)

    def initial(self) -> State:
        """The state of a stream that has seen nothing."""
        row, count = np.zeros(self._row, np.float32), np.zeros(1, self.count_dtype)
        state = {SUM: row, COUNT: count, LAYER_SUM: row, LAYER_COUNT: count}
        state[BUFFER] = np.zeros(self._buffer_shape(2), np.float32)
        if self.delayed:
            state[self.delayed] = state[BUFFER]
        return dict(sorted(state.items()))

    def feature(self, image: np.ndarray) -> np.ndarray:
        """`[channels]` of an image `[8, 4, 3]`."""
        return self._widen @ image.mean(axis=(0, 1), dtype=np.float32)

    def step(self, image: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Logits and new state; leaves `state` as it is."""
        row = self.feature(image).reshape(self._row)
        new = dict(state)
        new[SUM] = state[SUM] + row
        new[COUNT] = state[COUNT] + np.ones(1, self.count_dtype)
        new[BUFFER] = np.concatenate([state[BUFFER][:, 1:], row.reshape(self._buffer_shape(1))], 1)
        logits = self._means @ _mean(new[SUM], new[COUNT])
        logits = logits + self._past @ state[BUFFER][:, 0].reshape(-1)
        if self.squeeze_excite:
            new[LAYER_SUM] = state[LAYER_SUM] + 2 * row
            new[LAYER_COUNT] = state[LAYER_COUNT] + np.ones(1, self.count_dtype)
            logits = logits + self._past @ _mean(new[LAYER_SUM], new[LAYER_COUNT])
        if self.passed_on:
            logits = logits + self._means @ state[LAYER_SUM].reshape(-1)
        if self.delayed:
            new[self.delayed] = state[BUFFER]
            logits = logits + self._means @ state[self.delayed][:, 0].reshape(-1)
        return logits, new

    def run(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """The logits of a stream from its beginning."""
        state, answers = self.initial(), []
        for image in images:
            logits, state = self.step(image, state)
            answers.append(logits)
        return answers


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return (total / count.astype(np.float32)).reshape(-1)


def _weights(rows: int, columns: int, seed: int) -> np.ndarray:
    """Sixteenths between -4 and 4."""
    sixteenths = np.random.default_rng(seed).integers(-64, 65, (rows, columns))
    return (sixteenths / 16).astype(np.float32)


TINY = TinyModel()
VARIANTS = {
    "official": TINY,
    "4-D": replace(TINY, image_dims=4, state_dims=4),
    "4-D states": replace(TINY, state_dims=4),
    "4-D image": replace(TINY, image_dims=4),
    "other signature": replace(TINY, signature="call"),
    "scrambled": replace(TINY, order=3),
    "float counts": replace(TINY, count_dtype="float32"),
    "squeeze-excite": replace(TINY, squeeze_excite=True),
    "delayed before": replace(TINY, delayed=DELAYED_BEFORE),
    "delayed behind": replace(TINY, delayed=DELAYED_BEHIND, order=5),
    "embedding": replace(TINY, embedding=True),
    "wide": replace(TINY, channels=480),
    "one class": replace(TINY, classes=1),
    "float16": replace(TINY, weights="float16"),
}


def images(count: int, seed: int = 0) -> list[np.ndarray]:
    """Random frames `[8, 4, 3]` float32 in 0..1 whose means and sums are exact."""
    random = np.random.default_rng(seed)
    return list((random.integers(0, 65, (count, HEIGHT, WIDTH, 3)) / 64).astype(np.float32))


def frames(count: int, seed: int = 0) -> list[np.ndarray]:
    """Random frames `[8, 4, 3]` uint8."""
    random = np.random.default_rng(seed)
    return list(random.integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8))


# -- files that are no streaming video classifier -----------------------------


def image_classifier(*, signature: str | None = "serving_default") -> bytes:
    """One image in, logits out, no states."""
    return _stateless((1, HEIGHT, WIDTH, 3), (1, 2), signature)


def clip_classifier() -> bytes:
    """Five frames in, logits out, no states: the base form."""
    return _stateless((1, 5, HEIGHT, WIDTH, 3), (1, 2, 3), "serving_default")


def _stateless(shape: tuple[int, ...], axes: tuple[int, ...], signature: str | None) -> bytes:
    graph = Graph()
    image = graph.tensor(shape)
    logits = graph.operator(
        "MEAN", [image, graph.integers(*axes)], (1, 3), options=schema.ReducerOptionsT()
    )
    return graph.finish({"image": image}, {"logits": logits}, signature)
