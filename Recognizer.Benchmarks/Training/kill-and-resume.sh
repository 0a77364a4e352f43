#!/usr/bin/env bash
# Kills training with SIGKILL at random moments, resumes it each time, and compares the result with that of an unbroken run, bit by bit. After
# each kill no finished epoch may be missing.
# Usage: kill-and-resume.sh [KILLS=10] [DATASET=strokes] [train options …]
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-10} dataset=${2:-strokes}
shift $(($# < 2 ? $# : 2))
options=("$@")
[ ${#options[@]} -gt 0 ] || options=(--architecture cnn2 --width 0.25 --epochs 10 --augment light)
if [ "${BUILD:-1}" = 1 ]; then dotnet build Recognizer.Training -c Release -v q --nologo >&2; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() { exec dotnet Recognizer.Training/bin/Release/net10.0/Recognizer.Training.dll train --dataset "$dataset" "${options[@]}" --offline "$@" >"$work/log" 2>&1; }
lines() { if [ -f "$work/broken/training.jsonl" ]; then grep -c '}$' "$work/broken/training.jsonl" || true; else echo 0; fi; }

start=$(date +%s%N)
(train --output "$work/unbroken")
whole=$(($(date +%s%N) - start))
echo "unbroken run: $((whole / 1000000)) ms, $(wc -l <"$work/unbroken/training.jsonl") epochs" >&2

# Each life lasts as long as it takes to start, and about one part in kills of the run, so that all of them hit a training under way; a run that
# ends first starts over.
kill=1
while ((kill <= kills)); do
    before=$(lines)
    wait=$((1500 + whole / 1000000 * (200 + RANDOM % 1400) / 1000 / (kills + 1)))
    train --output "$work/broken" --resume &
    process=$!
    sleep "$(printf '%d.%03d' $((wait / 1000)) $((wait % 1000)))"
    if ! kill -KILL $process 2>/dev/null; then
        wait $process 2>/dev/null || true
        rm -rf "$work/broken"
        continue
    fi
    wait $process 2>/dev/null || true
    after=$(lines)
    echo "kill $kill after $wait ms: $before -> $after epochs" >&2
    if ((after < before)); then echo "FAILED: a finished epoch was lost"; exit 1; fi
    kill=$((kill + 1))
done
(train --output "$work/broken" --resume)

same() { cmp "$work/unbroken/$1" "$work/broken/$1" || { echo "FAILED: $1 differs"; exit 1; }; }
same model.onnx
same config.json
without_times() { sed -E 's/,"(seconds|imagesPerSecond)":[^,}]*//g' "$1"; }
[ "$(without_times "$work/unbroken/training.jsonl")" = "$(without_times "$work/broken/training.jsonl")" ] || { echo "FAILED: training.jsonl differs"; exit 1; }
echo "passed: $kills kills, the same bits ($(sha256sum <"$work/broken/model.onnx" | cut -c1-16))"
