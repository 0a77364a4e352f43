"""Networks as other frameworks export them, for comparing and fine-tuning: two-convolution classifiers of 28×28 images.

PyTorch ones come out of torch.onnx.export: in evaluation mode, where batch normalisation is folded and dropout dropped, and (*-training) with both
preserved. Keras ones are built node by node in the layout that its usual converter writes: images as [N, 28, 28, 1], a Transpose around the
convolutions, MatMul + Add as dense layers, Softmax at the end, names with slashes.

Prints the file names, one per line. With --images and --labels (IDX files, .gz or not) the network "torch-cnn2" is trained on them first.
"""
import argparse
import gzip
import os
import struct
import warnings

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

warnings.filterwarnings("ignore")


def cnn2():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


def cnn2_dropout():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.Softmax(1))


def norm_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


class Example(nn.Module):
    """Two convolutions without padding, one pooling, two dense layers, log_softmax: the shape of the framework's introductory network."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        x = self.dropout1(functional.max_pool2d(x, 2))
        x = self.dropout2(functional.relu(self.fc1(torch.flatten(x, 1))))
        return functional.log_softmax(self.fc2(x), dim=1)


class LeNet(nn.Module):
    """Tanh and mean pooling; reshapes by the batch's size, which exports as Shape, Gather and Concat."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = functional.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = functional.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


def warm(module):
    """Gives batch normalisation statistics that differ from their start values."""
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(torch.rand(32, 1, 28, 28))
    return module


def export_torch(path, module, mode, batch=None, opset=13):
    modes = torch.onnx.TrainingMode
    module.train(mode == "training")
    torch.onnx.export(
        module, torch.rand(batch or 2, 1, 28, 28), path, opset_version=opset, input_names=["input"], output_names=["output"],
        dynamic_axes=None if batch else {"input": {0: "batch"}, "output": {0: "batch"}},
        training=modes.TRAINING if mode == "training" else modes.EVAL, do_constant_folding=mode != "training")


class Keras:
    """A model as the converter writes it, node by node."""

    def __init__(self, name, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.weights = [], []
        self.prefix = name
        self.value = self.node("Transpose", ["conv2d_input"], "conv2d/Conv2D__6", perm=[0, 3, 1, 2])
        self.channels, self.size = 1, 28

    def node(self, kind, inputs, name, **attributes):
        name = f"{self.prefix}/{name}"
        self.nodes.append(helper.make_node(kind, inputs, [f"{name}:0"], name, **attributes))
        return f"{name}:0"

    def weight(self, name, values):
        name = f"{self.prefix}/{name}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def floats(self, name, deviation, *shape):
        return self.weight(name, (self.random.standard_normal(shape) * deviation).astype(numpy.float32))

    def conv(self, name, channels, kernel, same=False):
        fan = self.channels * kernel * kernel
        weights = [self.floats(f"{name}/Conv2D/ReadVariableOp:0", (2 / fan) ** 0.5, channels, self.channels, kernel, kernel),
                   self.floats(f"{name}/BiasAdd/ReadVariableOp:0", 0.1, channels)]
        attributes = dict(kernel_shape=[kernel, kernel], strides=[1, 1], dilations=[1, 1], group=1)
        attributes.update(dict(auto_pad="SAME_UPPER") if same else dict(auto_pad="VALID"))
        self.value = self.node("Conv", [self.value, *weights], f"{name}/BiasAdd", **attributes)
        self.channels = channels
        self.size -= 0 if same else kernel - 1
        return self

    def norm(self, name):
        positive = lambda label: self.weight(label, self.random.uniform(0.5, 1.5, self.channels).astype(numpy.float32))
        weights = [positive(f"{name}/ReadVariableOp:0"), self.floats(f"{name}/ReadVariableOp_1:0", 0.1, self.channels),
                   self.floats(f"{name}/FusedBatchNormV3/ReadVariableOp:0", 0.1, self.channels), positive(f"{name}/FusedBatchNormV3/ReadVariableOp_1:0")]
        self.value = self.node("BatchNormalization", [self.value, *weights], f"{name}/FusedBatchNormV3", epsilon=1e-3)
        return self

    def apply(self, kind, name, **attributes):
        self.value = self.node(kind, [self.value], name, **attributes)
        return self

    def pool(self, name, kind="MaxPool"):
        self.size //= 2
        return self.apply(kind, f"{name}/{kind}", kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID")

    def flatten(self):
        """Back to [N, H, W, C] first: that is the order in which the dense layer was trained."""
        self.apply("Transpose", "max_pooling2d/MaxPool__18", perm=[0, 2, 3, 1])
        self.channels *= self.size * self.size
        shape = self.weight("flatten/Const:0", numpy.array([-1, self.channels], numpy.int64))
        self.value = self.node("Reshape", [self.value, shape], "flatten/Reshape")
        return self

    def dense(self, name, outputs, activation=None):
        weights = self.floats(f"{name}/MatMul/ReadVariableOp:0", (1 / self.channels) ** 0.5, self.channels, outputs)
        bias = self.floats(f"{name}/BiasAdd/ReadVariableOp:0", 0.1, outputs)
        self.value = self.node("MatMul", [self.value, weights], f"{name}/MatMul")
        self.value = self.node("Add", [self.value, bias], f"{name}/BiasAdd")
        self.channels = outputs
        return self.apply(activation, f"{name}/{activation}") if activation else self

    def save(self, path):
        self.nodes.append(helper.make_node("Identity", [self.value], ["dense_1"], "Identity"))
        graph = helper.make_graph(
            self.nodes, "tf2onnx", [helper.make_tensor_value_info("conv2d_input", TensorProto.FLOAT, ["unk__31", 28, 28, 1])],
            [helper.make_tensor_value_info("dense_1", TensorProto.FLOAT, ["unk__32", 10])], self.weights)
        model = helper.make_model(graph, producer_name="tf2onnx", opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 7
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def keras_models():
    yield "keras-example", Keras("sequential", 1).conv("conv2d", 32, 3).apply("Relu", "conv2d/Relu").conv("conv2d_1", 64, 3).apply("Relu", "conv2d_1/Relu") \
        .pool("max_pooling2d").flatten().dense("dense", 128, "Relu").dense("dense_1", 10, "Softmax")
    yield "keras-cnn2", Keras("StatefulPartitionedCall/sequential", 2).conv("conv2d", 32, 3, same=True).apply("Relu", "conv2d/Relu").pool("max_pooling2d") \
        .conv("conv2d_1", 64, 3, same=True).apply("Relu", "conv2d_1/Relu").pool("max_pooling2d_1").flatten().dense("dense", 128, "Relu").dense("dense_1", 10, "Softmax")
    yield "keras-lenet", Keras("sequential", 3).conv("conv2d", 6, 5, same=True).apply("Tanh", "conv2d/Tanh").pool("average_pooling2d", "AveragePool") \
        .conv("conv2d_1", 16, 5).apply("Tanh", "conv2d_1/Tanh").pool("average_pooling2d_1", "AveragePool").flatten() \
        .dense("dense", 120, "Tanh").dense("dense_1", 84, "Tanh").dense("dense_2", 10, "Softmax")
    yield "keras-norm", Keras("sequential", 4).conv("conv2d", 32, 3).norm("batch_normalization").apply("Relu", "activation/Relu").pool("max_pooling2d") \
        .conv("conv2d_1", 64, 3).norm("batch_normalization_1").apply("Relu", "activation_1/Relu").pool("max_pooling2d_1").flatten() \
        .dense("dense", 128, "Relu").dense("dense_1", 10, "Softmax")


def read_idx(path):
    data = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
    rank = data[3]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(struct.unpack(f">{rank}I", data[4:4 + 4 * rank]))


def train(module, images, labels, epochs, seed):
    torch.manual_seed(seed)
    images = torch.from_numpy(read_idx(images).astype(numpy.float32) / 255).unsqueeze(1)
    labels = torch.from_numpy(read_idx(labels).astype(numpy.int64))
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    module.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(128):
            optimizer.zero_grad()
            functional.cross_entropy(module(images[rows]), labels[rows]).backward()
            optimizer.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output", help="folder to write to")
    parser.add_argument("--only", default="", help="write only models whose name contains this")
    parser.add_argument("--images", help="IDX file to train torch-cnn2 on")
    parser.add_argument("--labels", help="IDX file with its labels")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)

    def wanted(name):
        path = os.path.join(options.output, name + ".onnx")
        if options.only not in name:
            return None
        print(path, flush=True)
        return path

    torch.manual_seed(options.seed)
    networks = {"torch-cnn2": cnn2, "torch-cnn2-dropout": cnn2_dropout, "torch-norm": norm_cnn, "torch-example": Example, "torch-lenet": LeNet}
    for name, build in networks.items():
        module = warm(build())
        if options.images and name == "torch-cnn2" and options.only in name:
            train(module, options.images, options.labels, options.epochs, options.seed)
        if path := wanted(name):
            export_torch(path, module, "eval")
        if name in ("torch-cnn2-dropout", "torch-norm", "torch-example") and (path := wanted(name + "-training")):
            export_torch(path, module, "training", opset=14)
        if name in ("torch-cnn2", "torch-lenet") and (path := wanted(name + "-batch1")):
            export_torch(path, module, "eval", batch=1, opset=11)
    for name, model in keras_models():
        if path := wanted(name):
            model.save(path)


if __name__ == "__main__":
    main()
