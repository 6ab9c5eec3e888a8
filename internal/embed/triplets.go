package embed

import (
	"context"

	"deeprank/data"
	"deeprank/model"
)

// maxHeld bounds the embeddings held at once while triplets are measured, in bytes.
const maxHeld = 512 << 20

// Accuracy is how well a tower ranks triplets.
type Accuracy struct {
	Triplets   int     // measured
	Skipped    int     // with a picture that cannot be read
	Right      int     // with D(q,p) < D(q,n)
	DPos, DNeg float64 // means of the squared distances
	Loss       float64 // mean of the hinge

	Positives, Negatives []float32 // D(q,p) and D(q,n) of each measured triplet
	Sample               []Embedded
}

// Embedded is a picture of the first triplets and its embedding.
type Embedded struct {
	Row    int32
	Vector []float32
}

// MaxSample bounds Accuracy.Sample.
const MaxSample = 400

// Share is the share of triplets with D(q,p) < D(q,n); the paper calls it similarity precision.
func (a Accuracy) Share() float64 {
	if a.Triplets == 0 {
		return 0
	}
	return float64(a.Right) / float64(a.Triplets)
}

// TripletsBytes is the memory that Triplets takes for embeddings of triplets of so many pictures.
func TripletsBytes(pictures, dim int) int64 {
	return int64(min(pictures, mostHeld(dim))) * int64(4*dim)
}

func mostHeld(dim int) int { return max(3, maxHeld/(4*dim)) }

// Triplets measures the tower on triplets. Each picture is embedded once for as many triplets as fit in memory
// together. bad is called for pictures that cannot be read, progress, if not nil, with the number of triplets done.
func Triplets(ctx context.Context, e *model.Embedder, p *data.Pictures, size int, ts []data.Triplet, gap float64, workers int, bad func(err error), progress func(done int)) (Accuracy, error) {
	var a Accuracy
	most := mostHeld(e.Dim())
	for start := 0; start < len(ts); {
		place := map[int32]int{}
		var rows []int32
		end := start
		for ; end < len(ts) && len(rows)+3 <= most; end++ {
			for _, row := range [...]int32{ts[end].Query, ts[end].Positive, ts[end].Negative} {
				if _, ok := place[row]; !ok {
					place[row] = len(rows)
					rows = append(rows, row)
				}
			}
		}
		held := make([][]float32, len(rows))
		err := Rows(ctx, e, p, size, rows, workers, func(i int, v []float32) error {
			held[i] = append([]float32(nil), v...)
			return nil
		}, func(_ int, err error) { bad(err) })
		if err != nil {
			return a, err
		}
		for i, v := range held {
			if v != nil && len(a.Sample) < MaxSample {
				a.Sample = append(a.Sample, Embedded{rows[i], v})
			}
		}
		for _, t := range ts[start:end] {
			a.add(held[place[t.Query]], held[place[t.Positive]], held[place[t.Negative]], gap)
		}
		if progress != nil {
			progress(end)
		}
		start = end
	}
	if a.Triplets > 0 {
		a.DPos /= float64(a.Triplets)
		a.DNeg /= float64(a.Triplets)
		a.Loss /= float64(a.Triplets)
	}
	return a, nil
}

func (a *Accuracy) add(q, p, n []float32, gap float64) {
	if q == nil || p == nil || n == nil {
		a.Skipped++
		return
	}
	dp, dn := SquaredDistance(q, p), SquaredDistance(q, n)
	a.Triplets++
	a.Positives, a.Negatives = append(a.Positives, float32(dp)), append(a.Negatives, float32(dn))
	a.DPos += dp
	a.DNeg += dn
	if dp < dn {
		a.Right++
	}
	if h := gap + dp - dn; h > 0 {
		a.Loss += h
	}
}

// SquaredDistance is the squared Euclidean distance of two embeddings.
func SquaredDistance(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum
}
