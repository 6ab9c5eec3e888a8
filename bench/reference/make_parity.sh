#!/usr/bin/env bash
# Writes the cases that the Go program is compared with: five training steps of deeprank.py from known parameters.
#
#   make_parity.sh all        24 cases into bench/parity (ignored by git): heads fc gap, widths 0.125 0.2, sizes 32 96, three seeds of each
#   make_parity.sh committed  the small ones that are committed, into model/testdata/parity
#
# PYTHON names the interpreter (.venv/bin/python by default; `make venv` makes it). A case that is there and newer than deeprank.py is kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
script=bench/reference/deeprank.py
# One thread: sums in one order, so that the same machine gives the same files again.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

# make_case FOLDER HEAD WIDTH SIZE SEED FC_DIM EMBED_DIM
make_case() {
	local out=$1/$2-w$3-s$4-seed$5
	if [ "$out/expected.json" -nt "$script" ]; then # (expected.json is the last file that is written)
		return
	fi
	rm -rf "$out"
	"$python" "$script" export "$out" --head "$2" --width "$3" --size "$4" --seed "$5" --fc-dim "$6" --embed-dim "$7"
	echo "$out"
}

case ${1:-} in
all)
	# Seeds that spread.py found steady, but for fc 0.2 96: none of 1 to 49 is; in these PyTorch's float32 stays within 1e-5 of its
	# float64. Of 64 cases with seeds taken as they come (1 to 23), 6 had a loss more than 1e-4 from PyTorch's, with direct convolutions
	# 5, and PyTorch's own float32 was in 4 of them that far from float64.
	while read -r head width size seeds; do
		for seed in $seeds; do
			make_case bench/parity $head $width $size $seed 64 32
		done
	done <<-'CASES'
		fc  0.125 32 2 3 4
		fc  0.125 96 10 12 48
		fc  0.2   32 2 6 7
		fc  0.2   96 1 3 17
		gap 0.125 32 2 3 4
		gap 0.125 96 20 32 38
		gap 0.2   32 2 6 7
		gap 0.2   96 19 23 27
	CASES
	;;
committed)
	to=model/testdata/parity
	make_case $to fc 0.125 96 8 16 16
	make_case $to gap 0.125 96 9 16 16
	make_case $to gap 0.2 32 2 32 16
	"$python" bench/reference/thin_final.py $to/*/final.safetensors
	chmod 644 $to/*/*.safetensors
	;;
*)
	echo "usage: $0 all|committed" >&2
	exit 2
	;;
esac
