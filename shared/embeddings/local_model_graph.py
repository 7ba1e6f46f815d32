"""The ONNX graph of all-MiniLM-L6-v2 with 8-bit weights, assembled from the published weights."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS = 6
HEADS = 12
WIDTH = 384
LAYER_NORM_EPSILON = 1e-12
# 7 of 8 bits. Without VNNI instructions a processor adds two products of an input (255 at
# most) and a weight in 16 bits: 255 * 64 * 2 fits, while 255 * 127 * 2 would be cut off unnoticed,
# and a document embedded here would not be found by a query embedded there.
LARGEST_WEIGHT = 64
LARGEST_WORD_WEIGHT = 127
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
IR_VERSION = 9

type Floats = NDArray[np.float32]
type Weights = dict[str, Floats]


def write_graph(weights: Path, target: Path, graph: "GraphBuilder | None" = None) -> None:
    """Read the safetensors file and write the graph, in 8 bits unless another builder is given.

    Input `input_ids`, int64 [1, tokens], at most 512 tokens; output `embedding`, float32 [1, 384], of
    unit length.
    """
    graph = graph or GraphBuilder()
    tensors = load_file(weights)
    states = _embed_tokens(graph, tensors)
    for layer in range(LAYERS):
        states = _transform(graph, tensors, f"encoder.layer.{layer}.", states)
    # The sum over the tokens points the same way as their mean.
    total = graph.add("ReduceSum", states, graph.integers(1), keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [total], ["embedding"], axis=-1, p=2))
    taken = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
    given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, WIDTH])
    proto = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", [taken], [given], graph.constants)
    onnx.save(helper.make_model(proto, opset_imports=OPSETS, ir_version=IR_VERSION), target)


class GraphBuilder:
    """Collects nodes and constants; every node's output is named after its place in the list."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.add_many(operator, *inputs, domain=domain, outputs=1, **attributes)[0]

    def add_many(
        self, operator: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        place = f"{operator}_{len(self.nodes)}"
        names = [f"{place}_{output}" for output in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=place, domain=domain, **attributes))
        return names

    def linear(self, states: str, weight: Floats, bias: Floats) -> str:
        """`states @ weight + bias` in 8-bit integers, with one scale for each of the weight's columns."""
        quantized, scales = _quantize(weight, axis=0, largest=LARGEST_WEIGHT)
        return self.add(
            "DynamicQuantizeMatMul",
            states,
            self.constant(quantized),
            self.constant(scales.ravel()),
            "",
            self.constant(bias),
            domain="com.microsoft",
        )

    def normalize(self, tensors: Weights, name: str, states: str) -> str:
        return self.add(
            "LayerNormalization",
            states,
            self.constant(tensors[f"{name}.weight"]),
            self.constant(tensors[f"{name}.bias"]),
            epsilon=LAYER_NORM_EPSILON,
        )


def _quantize(weight: Floats, *, axis: int, largest: int) -> tuple[NDArray[np.int8], Floats]:
    """Integers from -largest to largest and, for each line along `axis`, the scale that gives it back."""
    scales = (np.abs(weight).max(axis=axis, keepdims=True) / largest).astype(np.float32)
    return np.rint(weight / scales).astype(np.int8), scales


def _embed_tokens(graph: GraphBuilder, tensors: Weights) -> str:
    words, scales = _quantize(
        tensors["embeddings.word_embeddings.weight"], axis=1, largest=LARGEST_WORD_WEIGHT
    )
    word = graph.add(
        "Mul",
        graph.add(
            "Cast",
            graph.add("Gather", graph.constant(words), "input_ids"),
            to=TensorProto.FLOAT,
        ),
        graph.add("Gather", graph.constant(scales), "input_ids"),
    )
    # Every token has type 0, so its vector is added to the positions once and for all.
    positions = (
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    shape = graph.add("Shape", "input_ids")
    length = graph.add("Slice", shape, graph.integers(1), graph.integers(2))
    # A Range and a Gather would be rewritten by the runtime into a Slice that fails.
    first = graph.integers(0)
    position = graph.add("Slice", graph.constant(positions), first, length, first)
    return graph.normalize(tensors, "embeddings.LayerNorm", graph.add("Add", word, position))


def _transform(graph: GraphBuilder, tensors: Weights, layer: str, states: str) -> str:
    def linear(name: str, inputs: str) -> str:
        weight = tensors[f"{layer}{name}.weight"].T
        return graph.linear(inputs, weight, tensors[f"{layer}{name}.bias"])

    attended = linear("attention.output.dense", _attend(graph, tensors, layer, states))
    states = graph.normalize(
        tensors, f"{layer}attention.output.LayerNorm", graph.add("Add", attended, states)
    )
    inner = graph.add("Gelu", linear("intermediate.dense", states))
    outer = linear("output.dense", inner)
    return graph.normalize(tensors, f"{layer}output.LayerNorm", graph.add("Add", outer, states))


def _attend(graph: GraphBuilder, tensors: Weights, layer: str, states: str) -> str:
    """All heads' attention, side by side; the queries' weights carry the scale of the products."""
    scale = np.float32((WIDTH // HEADS) ** -0.5)
    parts = [
        (f"{layer}attention.self.{part}", factor)
        for part, factor in (("query", scale), ("key", np.float32(1)), ("value", np.float32(1)))
    ]
    weight = np.concatenate([tensors[f"{name}.weight"].T * factor for name, factor in parts], 1)
    offset = np.concatenate([tensors[f"{name}.bias"] * factor for name, factor in parts])
    projected = graph.linear(states, weight, offset)
    split = graph.integers(0, 0, HEADS, WIDTH // HEADS)
    query, key, value = (
        graph.add("Transpose", graph.add("Reshape", part, split), perm=order)
        for part, order in zip(
            graph.add_many("Split", projected, outputs=3, axis=2, num_outputs=3),
            ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]),
            strict=True,
        )
    )
    shares = graph.add("Softmax", graph.add("MatMul", query, key), axis=-1)
    mixed = graph.add("MatMul", shares, value)
    return graph.add(
        "Reshape",
        graph.add("Transpose", mixed, perm=[0, 2, 1, 3]),
        graph.integers(0, 0, WIDTH),
    )


class Float32Graph(GraphBuilder):
    """Leaves the weights of the layers as they were published."""

    def linear(self, states: str, weight: Floats, bias: Floats) -> str:
        return self.add("Add", self.add("MatMul", states, self.constant(weight)), self.constant(bias))
