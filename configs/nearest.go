package configs

// nearest returns the word of words that is most like the given one, or "" where none is near: more than
// a third of the letters (at least two) would have to change, or all of them.
func nearest(word string, words []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, w := range words {
		if d := distance(word, w); d < least && d < max(len(word), len(w)) {
			best, least = w, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with a neighbour to turn a into b
// (optimal string alignment distance).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// synonym returns the key for a name that the same thing has in other programs, or "".
func synonym(key string) string {
	switch key {
	case "margin":
		return "gap"
	case "learning_rate":
		return "lr"
	case "batch_size":
		return "batch"
	case "num_workers", "jobs":
		return "workers"
	case "num_threads", "cpus":
		return "threads"
	case "pretrained", "weights":
		return "init"
	case "image_size", "resolution":
		return "size"
	case "output", "output_dir", "run_dir":
		return "out"
	case "csv", "table":
		return "metadata"
	case "optim":
		return "optimizer"
	case "max_steps", "iterations":
		return "steps"
	case "val", "validation", "validation_triplets":
		return "val_triplets"
	}
	return ""
}

// suggest returns the key that was probably meant, or "".
func suggest(key string, keys []string) string {
	if s := synonym(key); s != "" {
		return s
	}
	return nearest(key, keys)
}
