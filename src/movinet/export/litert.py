"""A graph as a `.tflite`, in built-in operations alone."""

from __future__ import annotations

from movinet.errors import ModelError
from movinet.export.graph import (
    AveragePool,
    Binary,
    BinaryKind,
    Concatenate,
    Convert,
    Convolution,
    Depthwise,
    Graph,
    Mean,
    Operation,
    Reshape,
    Slice,
    Unary,
    UnaryKind,
)
from movinet.export.tflitebuilder import Kernel, TFLiteBuilder

_BINARY: dict[BinaryKind, str] = {"add": "ADD", "multiply": "MUL", "divide": "DIV"}
_UNARY: dict[UnaryKind, str] = {
    "hard_swish": "HARD_SWISH",
    "sigmoid": "LOGISTIC",
    "sin": "SIN",
    "cos": "COS",
    "relu": "RELU",
    "relu6": "RELU6",
}
# What may be in a file: the kernels of a plain LiteRT, on every platform.
ALLOWED = frozenset(
    {
        *("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MEAN"),
        *("CONCATENATION", "SLICE", "RESHAPE", "QUANTIZE", "DEQUANTIZE"),
        *_BINARY.values(),
        *_UNARY.values(),
    }
)


def write_tflite(graph: Graph) -> bytes:
    """The `.tflite` of a graph, without a contract; same graph, same bytes."""
    return _Writer(graph).data


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.builder = TFLiteBuilder("MoViNet")
        self.tensors = {
            name: self.builder.tensor(
                name, value.shape, value.dtype, graph.constants.get(name), value.quantisation
            )
            for name, value in graph.values.items()
        }
        for operation in graph.operations:
            self.write(operation)
        self.data = self.builder.finish(
            {name: self.tensors[name] for name in graph.inputs},
            {name: self.tensors[value] for name, value in graph.outputs.items()},
        )

    def write(self, operation: Operation) -> None:
        """Add one operation."""
        builder, graph = self.builder, self.graph
        out = self.tensors[operation.output]
        ins = [self.tensors[name] for name in operation.inputs]
        int8 = graph.values[operation.output].dtype == "int8"
        two = 2 if int8 else 1  # the version in which most operations learnt int8
        match operation:
            case Convolution() | Depthwise():
                self.convolve(operation, ins, out)
            case AveragePool():
                options = {"padding": 0, "strideW": 2, "strideH": 2}
                options |= {"filterWidth": 3, "filterHeight": 3}
                builder.operator(
                    Kernel("AVERAGE_POOL_2D", two),
                    ins,
                    out,
                    fusedActivationFunction="none",
                    **options,
                )
            case Mean():
                axes = builder.numbers(f"{operation.output}/axes", operation.axes)
                builder.operator(Kernel("MEAN", two), [*ins, axes], out, keepDims=True)
            case Binary():
                kernel = Kernel(_BINARY[operation.kind], two)
                builder.operator(kernel, ins, out, fusedActivationFunction=operation.fused)
            case Unary():
                builder.operator(Kernel(_UNARY[operation.kind]), ins, out)
            case Concatenate():
                builder.operator(
                    Kernel("CONCATENATION", two),
                    ins,
                    out,
                    axis=operation.axis,
                    fusedActivationFunction="none",
                )
            case Slice():
                size = list(graph.shape(operation.input))
                begin = [0] * len(size)
                begin[operation.axis], size[operation.axis] = operation.start, operation.length
                where = [
                    builder.numbers(f"{operation.output}/begin", begin),
                    builder.numbers(f"{operation.output}/size", size),
                ]
                builder.operator(Kernel("SLICE", two), [*ins, *where], out)
            case Reshape():
                shape = graph.shape(operation.output)
                numbers = builder.numbers(f"{operation.output}/shape", shape)
                builder.operator(Kernel("RESHAPE"), [*ins, numbers], out)
            case Convert():
                builder.operator(self.conversion(operation), ins, out)

    def convolve(self, operation: Convolution | Depthwise, ins: list[int], out: int) -> None:
        """Add a convolution."""
        values = self.graph.values
        depthwise = isinstance(operation, Depthwise)
        version = 1
        if values[operation.weight].dtype == "int8":
            # Integers throughout, or float with weights that are integers.
            version = 3 if values[operation.input].dtype == "int8" else 5
        name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        options = {"depthMultiplier": 1} if depthwise else {}
        self.builder.operator(
            Kernel(name, version),
            ins,
            out,
            padding=0 if operation.same else 1,
            strideW=operation.stride,
            strideH=operation.stride,
            dilationWFactor=1,
            dilationHFactor=1,
            fusedActivationFunction=operation.fused,
            **options,
        )

    def conversion(self, operation: Convert) -> Kernel:
        """Which kernel changes the type."""
        source, target = (self.graph.values[n] for n in (operation.input, operation.output))
        if target.dtype == "int8":
            return Kernel("QUANTIZE", 2 if source.dtype == "int8" else 1)
        if source.dtype == "float16":
            return Kernel("DEQUANTIZE", 3)
        quantisation = source.quantisation
        return Kernel("DEQUANTIZE", 2 if quantisation is None or quantisation.axis is None else 5)


def check_tflite(data: bytes) -> None:
    """Load a file that we wrote in LiteRT, run it once, and look at what it is made of.

    Raises:
        ModelError: when LiteRT refuses it, or an operation is not one of `ALLOWED`.
    """
    from ai_edge_litert import schema_py_generated as schema

    from movinet.runtime.interpreter import interpreter_of

    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    model = schema.Model.GetRootAsModel(data, 0)
    codes = [model.OperatorCodes(place) for place in range(model.OperatorCodesLength())]
    foreign = {names.get(code.BuiltinCode(), "custom") for code in codes} - ALLOWED
    if foreign:
        raise ModelError(f"the file has operations that it must not have: {sorted(foreign)}")
    try:
        interpreter_of(data).invoke()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"LiteRT refuses the file that was written: {reason}") from error
