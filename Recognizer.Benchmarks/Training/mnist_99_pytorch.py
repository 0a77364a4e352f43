"""Trains the network of models/recipes/mnist-99.json in PyTorch by the same recipe: AdamW, one-cycle learning rate, smoothed labels, moving average
of the weights. Prints the test accuracy as JSON.

Usage: mnist_99_pytorch.py FOLDER_WITH_IDX_FILES RECIPE.json [THREADS] [SEED]
"""
import json
import math
import sys

import torch
from torch import nn

from cnn2_pytorch import accuracy, tensors


def rate(recipe, step, steps):
    """A cosine rise from 1/25 over the first 30 % of the steps, then a cosine fall."""
    largest = recipe["learningRate"]
    first, last, peak = largest / 25, largest / 25 / 1e4, 0.3 * steps - 1
    start, end, share = (first, largest, step / peak) if step <= peak else (largest, last, (step - peak) / (steps - 1 - peak))
    return end + (start - end) * (1 + math.cos(math.pi * min(max(share, 0), 1))) / 2


def main():
    folder, recipe = sys.argv[1], json.load(open(sys.argv[2]))
    threads, seed = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((3, 2), (4, 1)))
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    images, labels = tensors(folder, "train")
    one, two, hidden = (int(channels * recipe["width"]) for channels in (32, 64, 128))
    model = nn.Sequential(
        nn.Conv2d(1, one, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(one, two, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(two * 49, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    parameters = list(model.parameters())
    average = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW([
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe["weightDecay"]},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0}], lr=recipe["learningRate"])
    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe["labelSmoothing"])
    batch = recipe["batchSize"]
    steps, step = recipe["epochs"] * math.ceil(len(labels) / batch), 0
    for _ in range(recipe["epochs"]):
        order = torch.randperm(len(labels))
        for chosen in order.split(batch):
            for group in optimizer.param_groups:
                group["lr"] = rate(recipe, step, steps)
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
            step += 1
            keep = min(recipe["ema"], (1 + step) / (10 + step))
            with torch.no_grad():
                for mean, p in zip(average, parameters):
                    mean.lerp_(p, 1 - keep)
    with torch.no_grad():
        for mean, p in zip(average, parameters):
            p.copy_(mean)
    print(json.dumps({"testAccuracy": accuracy(model, *tensors(folder, "t10k"))}))


main()
