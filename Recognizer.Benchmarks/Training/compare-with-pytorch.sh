#!/usr/bin/env bash
# Trains cnn2 on MNIST here and in PyTorch: same network, data, optimiser and batch size, two threads each, in alternating rounds so that both
# see the same machine. Installs PyTorch from Debian's packages where it is missing.
# Usage: compare-with-pytorch.sh [EPOCHS=5] [ROUNDS=1] [THREADS=2]; data: $RECOGNIZER_DATASETS/mnist, else datasets/mnist
set -euo pipefail
cd "$(dirname "$0")/../.."
epochs=${1:-5} rounds=${2:-1} threads=${3:-2}
data=${RECOGNIZER_DATASETS:-datasets}
[ -d "$data/mnist" ] || { echo "There is no $data/mnist: download it (datasets download mnist) or set RECOGNIZER_DATASETS." >&2; exit 1; }
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

if ! /usr/bin/python3 -c "import torch" 2>/dev/null; then
    (apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread || sudo -n apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread) >&2
fi
if [ "${BUILD:-1}" = 1 ]; then dotnet build Recognizer.Training -c Release -v q --nologo >&2; fi
program=(dotnet Recognizer.Training/bin/Release/net10.0/Recognizer.Training.dll)

for ((round = 1; round <= rounds; round++)); do
    OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads /usr/bin/python3 Recognizer.Benchmarks/Training/cnn2_pytorch.py "$data/mnist" "$epochs" "$threads" "$round" >"$results/pytorch-$round"
    "${program[@]}" train --dataset mnist --architecture cnn2 --epochs "$epochs" --threads "$threads" --seed "$round" --batch-size 128 \
        --optimizer adam --schedule constant --learning-rate 0.001 --weight-decay 0 --ema 0 --augment none \
        --data "$data" --offline --output "$results/run-$round" --json >"$results/recognizer-$round" 2>/dev/null
    cp "$results/run-$round/training.jsonl" "$results/epochs-$round"
done

/usr/bin/python3 - "$results" "$rounds" <<'PYTHON'
import json, statistics, sys
folder, rounds = sys.argv[1], int(sys.argv[2])
times = {"PyTorch": [], "Recognizer": []}
accuracies = {"PyTorch": [], "Recognizer": []}
print(f"{'round':>5} {'epoch':>5} {'PyTorch':>18} {'Recognizer':>18}   seconds (images/s)")
for r in range(1, rounds + 1):
    theirs = [json.loads(line) for line in open(f"{folder}/pytorch-{r}")]
    ours = [json.loads(line) for line in open(f"{folder}/epochs-{r}")]
    accuracies["PyTorch"].append(theirs.pop()["testAccuracy"])
    accuracies["Recognizer"].append(json.load(open(f"{folder}/recognizer-{r}"))["microAccuracy"])
    for a, b in zip(theirs, ours):
        times["PyTorch"].append(a["seconds"])
        times["Recognizer"].append(b["seconds"])
        print(f"{r:5} {a['epoch']:5} {a['seconds']:8.2f} ({a['imagesPerSecond']:7.0f}) {b['seconds']:8.2f} ({b['imagesPerSecond']:7.0f})")
medians = {name: statistics.median(values) for name, values in times.items()}
print(f"median epoch: PyTorch {medians['PyTorch']:.2f} s, Recognizer {medians['Recognizer']:.2f} s: {medians['PyTorch'] / medians['Recognizer']:.2f} times as fast")
for name, values in accuracies.items():
    print(f"test accuracy {name}: " + ", ".join(f"{100 * value:.2f} %" for value in values))
PYTHON
