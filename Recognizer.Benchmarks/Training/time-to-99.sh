#!/usr/bin/env bash
# From process start to 99 % of MNIST's test images: trains by models/recipes/mnist-99.json with several seeds, here and in PyTorch in turns, and
# gives wall-clock times and accuracies. Installs PyTorch from Debian's packages where it is missing.
# Usage: time-to-99.sh [SEEDS=5] [SEEDS_IN_PYTORCH=2] [THREADS=2]; data: $RECOGNIZER_DATASETS/mnist, else datasets/mnist
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${1:-5} peers=${2:-2} threads=${3:-2}
data=${RECOGNIZER_DATASETS:-datasets} recipe=models/recipes/mnist-99.json
[ -d "$data/mnist" ] || { echo "There is no $data/mnist: download it (datasets download mnist) or set RECOGNIZER_DATASETS." >&2; exit 1; }
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
if ! /usr/bin/python3 -c "import torch" 2>/dev/null; then
    (apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread || sudo -n apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread) >&2
fi
if [ "${BUILD:-1}" = 1 ]; then dotnet build Recognizer.Training -c Release -v q --nologo >&2; fi

# timed NAME COMMAND…: seconds from start to end of the process, into NAME.seconds; its output into NAME.json
timed() {
    local name=$1 start=$EPOCHREALTIME
    shift
    "$@" >"$results/$name.json" 2>"$results/$name.log" || { cat "$results/$name.log" >&2; exit 1; }
    echo "$start $EPOCHREALTIME" | awk '{ printf "%.2f\n", $2 - $1 }' >"$results/$name.seconds"
}
for ((seed = 1; seed <= seeds; seed++)); do
    timed "Recognizer-$seed" dotnet Recognizer.Training/bin/Release/net10.0/Recognizer.Training.dll train --config "$recipe" --seed "$seed" --threads "$threads" \
        --data "$data" --offline --output "$results/run-$seed" --json
    if ((seed <= peers)); then
        OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads timed "PyTorch-$seed" /usr/bin/python3 Recognizer.Benchmarks/Training/mnist_99_pytorch.py "$data/mnist" "$recipe" "$threads" "$seed"
    fi
done

/usr/bin/python3 - "$results" <<'PYTHON'
import glob, json, statistics, sys
for name, key in (("Recognizer", "microAccuracy"), ("PyTorch", "testAccuracy")):
    seconds = [float(open(f).read()) for f in sorted(glob.glob(f"{sys.argv[1]}/{name}-*.seconds"))]
    accuracies = [100 * json.load(open(f))[key] for f in sorted(glob.glob(f"{sys.argv[1]}/{name}-*.json"))]
    if not seconds: continue
    print(f"{name}: median {statistics.median(seconds):.2f} s ({', '.join(f'{s:.2f}' for s in seconds)}); test accuracy {', '.join(f'{a:.2f} %' for a in accuracies)}")
PYTHON
