#!/usr/bin/env bash
# Prints the path of libtcmalloc, which makes PyTorch and TensorFlow faster on the CPU: $TCMALLOC, the system's, or Debian's
# package unpacked into the folder given (no root needed). Fails where there is none.
set -euo pipefail
dir=$1
found() { if [ -n "${1:-}" ] && [ -e "$1" ]; then realpath "$1"; exit 0; fi; }

found "${TCMALLOC:-}"
for lib in libtcmalloc_minimal.so.4 libtcmalloc.so.4; do
	found "$(/sbin/ldconfig -p 2>/dev/null | awk -v lib="$lib" '$1 == lib { print $NF; exit }')"
done
unpacked() { find "$dir/tcmalloc" -name 'libtcmalloc_minimal.so.4' 2>/dev/null | head -n 1; }
found "$(unpacked)"
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	for package in libtcmalloc-minimal4 libtcmalloc-minimal4t64; do
		if (cd "$work" && apt-get download "$package") >/dev/null 2>&1; then
			dpkg-deb -x "$work"/*.deb "$dir/tcmalloc"
			found "$(unpacked)"
		fi
	done
fi
echo "no libtcmalloc: install Debian's libtcmalloc-minimal4, or set TCMALLOC to its path" >&2
exit 1
