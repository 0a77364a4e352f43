#!/usr/bin/env bash
# What a network that PyTorch trained on MNIST's digits is worth for letters: fine-tuned, against the same network from random weights and our own from
# random weights, at equal epochs. Data sets are looked for in RECOGNIZER_DATASETS.
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
train() { # NAME [OPTIONS]: test accuracy
  recognizer train --dataset emnist-pool-36 --alphabet letters --epochs "$epochs" --output $work/run --json "$@" >$work/result.json 2>>$work/log
  grep -o '"microAccuracy": *[0-9.]*' $work/result.json | head -1 | grep -o '[0-9.]*$'
}

rate=0.008 # what networks from files are trained with where nothing else is said
echo "| seed | fine-tuned from digits | same network, random weights | cnn2, random weights | cnn2, random weights, rate $rate |"
echo "| --- | --- | --- | --- | --- |"
for seed in "${seeds[@]}"; do
  /usr/bin/python3 $export_models $work/random-$seed --only torch-cnn2 --seed "$seed" >/dev/null
  tuned=$(train --seed "$seed" --architecture $work/digits/torch-cnn2.onnx)
  same=$(train --seed "$seed" --architecture "$work/random-$seed/torch-cnn2.onnx")
  own=$(train --seed "$seed" --architecture cnn2)
  faster=$(train --seed "$seed" --architecture cnn2 --learning-rate $rate)
  echo "| $seed | $tuned | $same | $own | $faster |"
done
