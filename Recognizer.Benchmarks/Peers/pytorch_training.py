"""Whole training steps (forward, backward, Adam) of a network in PyTorch on random images, without data loading.

Prints one line of JSON: {"network", "batch", "threads", "layout", "imagesPerSecond"}; with --layout best both memory layouts are tried and
the faster one is reported.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn


def conv_norm_relu(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(*conv_norm_relu(channels, channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(x + self.body(x))


def build(name, classes=10):
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes)]
    if name == "cnn2":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, classes))
    if name == "cnn2-dropout":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
            nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, classes))
    if name == "vgg":
        return nn.Sequential(
            *conv_norm_relu(1, 32), *conv_norm_relu(32, 32), nn.MaxPool2d(2),
            *conv_norm_relu(32, 64), *conv_norm_relu(64, 64), nn.MaxPool2d(2),
            *conv_norm_relu(64, 128), *conv_norm_relu(128, 128), *head)
    if name == "residual":
        return nn.Sequential(
            *conv_norm_relu(1, 32), nn.MaxPool2d(2), *conv_norm_relu(32, 64), ResidualBlock(64), nn.MaxPool2d(2),
            *conv_norm_relu(64, 128), ResidualBlock(128), *head)
    raise SystemExit(f"unknown network {name}")


class Trainer:
    def __init__(self, network, batch, channels_last):
        torch.manual_seed(1)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = build(network).to(memory_format=layout)
        self.images = torch.rand(batch, 1, 28, 28).to(memory_format=layout)
        self.labels = torch.randint(0, 10, (batch,))
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.loss = nn.CrossEntropyLoss()

    def measure(self, seconds):
        times = []
        begin = time.perf_counter()
        while len(times) < 3 or time.perf_counter() - begin < seconds:
            start = time.perf_counter()
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(self.model((self.images - 0.1307) / 0.3081), self.labels).backward()
            self.optimizer.step()
            times.append(time.perf_counter() - start)
        return len(self.labels) / statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="cnn2")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--layout", choices=["contiguous", "channels_last", "best"], default="best")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    layouts = ["contiguous", "channels_last"] if options.layout == "best" else [options.layout]
    trainers = {layout: Trainer(options.network, options.batch, layout == "channels_last") for layout in layouts}
    if len(layouts) > 1:
        for trainer in trainers.values():
            trainer.measure(0)
        speeds = {layout: trainer.measure(1) for layout, trainer in trainers.items()}
        layout = max(speeds, key=speeds.get)
    else:
        layout = layouts[0]
        trainers[layout].measure(1)
    speed = trainers[layout].measure(options.seconds)
    print(json.dumps({"network": options.network, "batch": options.batch, "threads": options.threads, "layout": layout, "imagesPerSecond": round(speed, 1)}))


if __name__ == "__main__":
    main()
