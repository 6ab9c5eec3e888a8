package tensorboard

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"deeprank/internal/wire"
)

// Value is what an event tells of a step: a Scalar, a Histogram or an Image.
type Value interface{ encode() wire.Message } // Summary.Value

// Scalar is a number.
type Scalar struct {
	Tag   string
	Value float64
}

func (s Scalar) encode() wire.Message {
	var m wire.Message
	m.String(1, s.Tag)
	m.Float(2, float32(s.Value))
	return m
}

// Histogram counts values in buckets of equal width between Low and High; values beyond them are in the outer buckets,
// NaN in none.
type Histogram struct {
	Tag       string
	Values    []float32
	Low, High float64
	Buckets   int
}

func (h Histogram) encode() wire.Message {
	least, most, sum, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0
	counts := make([]float64, h.Buckets)
	for _, x := range h.Values {
		v := float64(x)
		if math.IsNaN(v) {
			continue
		}
		i := (v - h.Low) / (h.High - h.Low) * float64(h.Buckets)
		counts[int(min(max(i, 0), float64(h.Buckets-1)))]++
		least, most = min(least, v), max(most, v)
		sum, squares, n = sum+v, squares+v*v, n+1
	}
	// A reader takes the least value for the first bucket's left side and the largest for the last one's right side, so
	// empty ones are left out at both ends.
	first, end := 0, h.Buckets
	for first < end && counts[first] == 0 {
		first++
	}
	for first < end && counts[end-1] == 0 {
		end--
	}
	var limits []float64
	for i := first; i < end; i++ {
		limits = append(limits, h.Low+(h.High-h.Low)*float64(i+1)/float64(h.Buckets))
	}
	if n == 0 {
		least, most = 0, 0
	} else {
		limits[len(limits)-1] = max(limits[len(limits)-1], most)
	}
	var histo, m wire.Message // HistogramProto
	histo.Double(1, least)
	histo.Double(2, most)
	histo.Double(3, float64(n))
	histo.Double(4, sum)
	histo.Double(5, squares)
	histo.Doubles(6, limits)
	histo.Doubles(7, counts[first:end])
	m.String(1, h.Tag)
	m.Bytes(5, histo)
	return m
}

// Image is a picture as PNG.
type Image struct {
	Tag           string
	Width, Height int
	PNG           []byte
}

func (i Image) encode() wire.Message {
	const rgb = 3
	var image, m wire.Message // Summary.Image
	image.Int(1, int64(i.Height))
	image.Int(2, int64(i.Width))
	image.Int(3, rgb)
	image.Bytes(4, i.PNG)
	m.String(1, i.Tag)
	m.Bytes(4, image)
	return m
}

// Fields of Event.
const (
	wallTimeField   = 1
	stepField       = 2
	versionField    = 3
	summaryField    = 5
	sessionLogField = 7
)

// event begins an event.
func event(at time.Time, step int) wire.Message {
	var m wire.Message
	m.Double(wallTimeField, float64(at.UnixMicro())/1e6)
	if step != 0 {
		m.Int(stepField, int64(step))
	}
	return m
}

func versionEvent(at time.Time) wire.Message {
	m := event(at, 0)
	m.String(versionField, "brain.Event:2")
	return m
}

// startEvent tells readers to drop what they have of this step and later ones.
func startEvent(at time.Time, step int) wire.Message {
	const start = 1
	m := event(at, step)
	var log wire.Message
	log.Int(1, start)
	m.Bytes(sessionLogField, log)
	return m
}

func summaryEvent(at time.Time, step int, values []Value) wire.Message {
	m := event(at, step)
	var summary wire.Message
	for _, v := range values {
		summary.Bytes(1, v.encode())
	}
	m.Bytes(summaryField, summary)
	return m
}

// parse returns an event's step and whether it tells of a step at all; ok is false for what is no event.
func parse(b []byte) (step int64, summary, ok bool) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, false, false
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return 0, false, false
		}
		switch {
		case number == stepField && kind == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(b)
			step = int64(v)
		case number == summaryField:
			summary = true
		}
		b = b[n:]
	}
	return step, summary, true
}
