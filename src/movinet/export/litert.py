"""A graph as a `.tflite`."""
from __future__ import annotations
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from movinet.export.graph import *
from movinet.export.tflitebuilder import TFLiteBuilder, _FUSED
O = schema.BuiltinOperator
BO = schema.BuiltinOptions

def write_tflite(graph: Graph, key="serving_default") -> bytes:
    b = TFLiteBuilder("movinet")
    index = {}
    for name, v in graph.values.items():
        index[name] = b.tensor(name, v.shape, v.dtype, graph.constants.get(name), v.quantisation)
    def const(name, arr):
        return b.tensor(name, arr.shape, "int32", arr)
    for op in graph.operations:
        out = index[op.output]
        ins = [index[n] for n in op.inputs]
        if isinstance(op, (Convolution, Depthwise)):
            dw = isinstance(op, Depthwise)
            o = schema.DepthwiseConv2DOptionsT() if dw else schema.Conv2DOptionsT()
            o.padding = schema.Padding.SAME if op.same else schema.Padding.VALID
            o.strideH = o.strideW = op.stride
            o.dilationHFactor = o.dilationWFactor = 1
            o.fusedActivationFunction = _FUSED[op.fused]
            if dw: o.depthMultiplier = 1
            v = 1
            if graph.values[op.weight].dtype == "int8":
                v = 3
                if graph.values[op.input].dtype == "float32": v = 5 if not dw else 6
            b.operator(O.DEPTHWISE_CONV_2D if dw else O.CONV_2D, ins, out, BO.DepthwiseConv2DOptions if dw else BO.Conv2DOptions, o, v)
        elif isinstance(op, AveragePool):
            o = schema.Pool2DOptionsT(); o.padding=schema.Padding.SAME; o.strideH=o.strideW=2; o.filterHeight=o.filterWidth=3
            o.fusedActivationFunction=0
            b.operator(O.AVERAGE_POOL_2D, ins, out, BO.Pool2DOptions, o, 2 if graph.values[op.output].dtype=="int8" else 1)
        elif isinstance(op, Mean):
            o = schema.ReducerOptionsT(); o.keepDims = True
            ins.append(const(op.output+"/axes", np.array(op.axes, np.int32)))
            b.operator(O.MEAN, ins, out, BO.ReducerOptions, o, 2 if graph.values[op.output].dtype=="int8" else 1)
        elif isinstance(op, Binary):
            c, t, o = {"add": (O.ADD, BO.AddOptions, schema.AddOptionsT()), "multiply": (O.MUL, BO.MulOptions, schema.MulOptionsT()), "divide": (O.DIV, BO.DivOptions, schema.DivOptionsT())}[op.kind]
            o.fusedActivationFunction = _FUSED[op.fused]
            b.operator(c, ins, out, t, o, 2 if graph.values[op.output].dtype=="int8" else 1)
        elif isinstance(op, Unary):
            c, t, o = {"hard_swish": (O.HARD_SWISH, BO.HardSwishOptions, schema.HardSwishOptionsT()), "sigmoid": (O.LOGISTIC, 0, None),
              "sin": (O.SIN,0,None), "cos": (O.COS, BO.CosOptions, schema.CosOptionsT()), "relu": (O.RELU,0,None), "relu6": (O.RELU6,0,None)}[op.kind]
            b.operator(c, ins, out, t, o)
        elif isinstance(op, Concatenate):
            o = schema.ConcatenationOptionsT(); o.axis = op.axis
            o.fusedActivationFunction=0
            b.operator(O.CONCATENATION, ins, out, BO.ConcatenationOptions, o, 2 if graph.values[op.output].dtype=="int8" else 1)
        elif isinstance(op, Slice):
            shape = graph.shape(op.input)
            begin = [0]*len(shape); begin[op.axis]=op.start
            size = list(shape); size[op.axis]=op.length
            ins += [const(op.output+"/begin", np.array(begin,np.int32)), const(op.output+"/size", np.array(size,np.int32))]
            b.operator(O.SLICE, ins, out, BO.SliceOptions, schema.SliceOptionsT(), 2 if graph.values[op.output].dtype=="int8" else 1)
        elif isinstance(op, Reshape):
            o = schema.ReshapeOptionsT(); o.newShape = list(graph.shape(op.output))
            ins.append(const(op.output+"/shape", np.array(graph.shape(op.output),np.int32)))
            b.operator(O.RESHAPE, ins, out, BO.ReshapeOptions, o)
        elif isinstance(op, Convert):
            a, z = graph.values[op.input].dtype, graph.values[op.output].dtype
            c, t, o = (O.QUANTIZE, BO.QuantizeOptions, schema.QuantizeOptionsT()) if z == "int8" else (O.DEQUANTIZE, BO.DequantizeOptions, schema.DequantizeOptionsT())
            b.operator(c, ins, out, t, o, 2 if "int8" in (a, z) else 1)
    return b.finish(key, {n: index[n] for n in graph.inputs}, {n: index[v] for n, v in graph.outputs.items()})
