#!/usr/bin/env bash
# Prints the trials of a grid, one a line:
#   trials.sh gap=0.5,1 lr=0.001,0.003
#   gap=0.5 lr=0.001
#   gap=0.5 lr=0.003
#   ...
# Values are parted by commas, or by spaces where one of them holds a comma: 'augment=none flip,shift'.
set -euo pipefail

case ${1-} in
-h | --help)
	sed -n '2,/^[^#]/s/^# //p' "$0"
	exit
	;;
esac
trials=("") keys=" "
for list in "$@"; do
	key=${list%%=*} text=${list#*=}
	if [[ $list != ?*=?* || $key == *[!a-z_]* ]]; then
		echo "trials.sh: \"$list\" is no list; write KEY=VALUE,VALUE with a key of train's config, as in gap=0.5,1" >&2
		exit 2
	fi
	if [[ $keys == *" $key "* ]]; then
		echo "trials.sh: $key is there twice; write all of its values in one list" >&2
		exit 2
	fi
	keys+="$key "
	case $text in
	*' '*) read -ra values <<<"$text" ;;
	*) IFS=, read -ra values <<<"$text" ;;
	esac
	more=()
	for trial in "${trials[@]}"; do
		for value in "${values[@]}"; do
			if [ -z "$value" ]; then
				echo "trials.sh: \"$list\" has an empty value" >&2
				exit 2
			fi
			more+=("$trial${trial:+ }$key=$value")
		done
	done
	trials=("${more[@]}")
done
if [ $# -eq 0 ]; then
	echo "usage: trials.sh KEY=VALUE,VALUE ..." >&2
	exit 2
fi
printf '%s\n' "${trials[@]}"
