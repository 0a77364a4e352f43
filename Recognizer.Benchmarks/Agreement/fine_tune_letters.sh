#!/usr/bin/env bash
# What a network that PyTorch trained on MNIST's digits is worth for letters: fine-tuned, against the same network from random weights and our own from
# random weights, at equal epochs, each at the learning rate that is best for it. Data sets are looked for in RECOGNIZER_DATASETS.
#   fine_tune_letters.sh [EPOCHS [SEED…]]
set -euo pipefail
cd "$(dirname "$0")/../.."
epochs=${1:-1}
shift || true
seeds=("${@:-1}")
[ $# -gt 0 ] || seeds=(1 2 3)
data=${RECOGNIZER_DATASETS:-datasets}
work=artifacts/fine-tuning
mkdir -p $work
dotnet build -c Release -v q --nologo Recognizer.Training >&2
recognizer() { dotnet Recognizer.Training/bin/Release/net10.0/Recognizer.Training.dll "$@"; }
export_models=Recognizer.Benchmarks/Agreement/export_foreign_models.py
mnist() { ls "$data/mnist/train-$1-idx"*ubyte* | head -1; }

[ -e $work/digits/torch-cnn2.onnx ] || /usr/bin/python3 $export_models $work/digits --only torch-cnn2 --images "$(mnist images)" --labels "$(mnist labels)" >&2
train() { # NAME [OPTIONS]: accuracy on the images held back, and on test
  recognizer train --dataset emnist-pool-36 --alphabet letters --epochs "$epochs" --threads "${THREADS:-$(nproc)}" --output $work/run --json "$@" >$work/result.json 2>>$work/log
  python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(r["validation"]["microAccuracy"], r["microAccuracy"])' $work/result.json
}
start() { # KIND SEED: the network to start from
  case $1 in
    tuned) echo $work/digits/torch-cnn2.onnx ;;
    random)
      [ -e "$work/random-$2/torch-cnn2.onnx" ] || /usr/bin/python3 $export_models "$work/random-$2" --only torch-cnn2 --seed "$2" >/dev/null
      echo "$work/random-$2/torch-cnn2.onnx" ;;
    own) echo cnn2 ;;
  esac
}

# Each start gets its own best rate, chosen on images held back from training with the first seed.
echo "| start | rate | seed | validation | test |"
echo "| --- | --- | --- | --- | --- |"
for kind in tuned random own; do
  best=0
  rate=
  for candidate in 0.002 0.004 0.008 0.016 0.032; do
    read -r validation test < <(train --seed "${seeds[0]}" --architecture "$(start $kind "${seeds[0]}")" --learning-rate $candidate)
    echo "| $kind | $candidate | ${seeds[0]} | $validation | $test |"
    if python3 -c "import sys; sys.exit(not $validation > $best)"; then best=$validation rate=$candidate; fi
  done
  for seed in "${seeds[@]:1}"; do
    read -r validation test < <(train --seed "$seed" --architecture "$(start $kind "$seed")" --learning-rate $rate)
    echo "| $kind | $rate (chosen) | $seed | $validation | $test |"
  done
done
