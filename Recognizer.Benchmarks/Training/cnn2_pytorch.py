"""Trains cnn2 on MNIST in PyTorch, like `recognizer train --dataset mnist --architecture cnn2 --optimizer adam --schedule constant
--learning-rate 0.001 --weight-decay 0 --ema 0`. Prints a JSON line per epoch and one with the test accuracy.

Usage: cnn2_pytorch.py FOLDER_WITH_IDX_FILES [EPOCHS] [THREADS] [SEED]
"""
import gzip
import json
import os
import sys
import time

import numpy
import torch
from torch import nn


def read_idx(folder, name):
    path = os.path.join(folder, name)
    opener = open if os.path.exists(path) else gzip.open
    with opener(path if opener is open else path + ".gz", "rb") as file:
        data = file.read()
    sizes = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def tensors(folder, part):
    images = torch.from_numpy(read_idx(folder, part + "-images-idx3-ubyte").astype(numpy.float32) / 255).unsqueeze(1)
    return (images - 0.1307) / 0.3081, torch.from_numpy(read_idx(folder, part + "-labels-idx1-ubyte").astype(numpy.int64))


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(images[i:i + 500]).argmax(1) == labels[i:i + 500]).sum().item() for i in range(0, len(labels), 500))
    model.train()
    return right / len(labels)


def main():
    folder = sys.argv[1]
    epochs, threads, seed = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 5), (3, 2), (4, 1)))
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    images, labels = tensors(folder, "train")
    test_images, test_labels = tensors(folder, "t10k")
    order = torch.randperm(len(labels))
    held = len(labels) // 10
    validation, train = order[:held], order[held:]
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        shuffled = train[torch.randperm(len(train))]
        for i in range(0, len(shuffled), 128):
            batch = shuffled[i:i + 128]
            optimizer.zero_grad()
            loss_of(model(images[batch]), labels[batch]).backward()
            optimizer.step()
        seconds = time.perf_counter() - start
        print(json.dumps({"epoch": epoch, "seconds": seconds, "imagesPerSecond": len(train) / seconds,
                          "validationAccuracy": accuracy(model, images[validation], labels[validation])}), flush=True)
    print(json.dumps({"testAccuracy": accuracy(model, test_images, test_labels)}), flush=True)


if __name__ == "__main__":
    main()
