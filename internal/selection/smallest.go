package selection

import "cmp"

// Smallest reorders v so that its n smallest come first, the n-th last among them, and returns that one; 0 < n <= len(v), and no NaN. Its time
// grows with len(v), not with n. It is Hoare's quickselect with the median of three.
func Smallest[T cmp.Ordered](v []T, n int) T {
	low, high := 0, len(v)-1
	for low < high {
		a, b, c := v[low], v[(low+high)/2], v[high]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := low, high
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		// v[low:j+1] <= pivot <= v[i:high+1], and what lies between is the pivot.
		switch {
		case n-1 <= j:
			high = j
		case n-1 >= i:
			low = i
		default:
			return v[n-1]
		}
	}
	return v[n-1]
}
