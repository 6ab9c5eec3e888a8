package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Record is what one step measured. A number that is NaN or infinite is null in the file, and NaN when it
// is read again.
type Record struct {
	Step       int       // from 1
	Epoch      int       // from 1
	Loss       float64   // mean hinge of the batch
	DPos, DNeg float64   // mean squared distances D(q,p) and D(q,n)
	Active     float64   // share of triplets whose hinge is above 0
	LR         float64   // learning rate of this step
	GradNorm   float64   // norm of all gradients together, before clipping
	ImagesPerS float64   // pictures a second, three a triplet
	Wait       float64   // share of the step that was spent waiting for data
	Time       time.Time // end of the step, kept to milliseconds
	// Of an evaluation; nil where not measured.
	ValAccuracy *float64 // share with D(q,p) < D(q,n) on the validation triplets
	ValLoss     *float64 // mean hinge of the validation triplets
	ValRecall1  *float64 // recall at 1 on the validation pictures, by product
	ValMAPAtR   *float64 // mAP@R there
}

// line is a Record as it stands in the file; pointers tell a missing key from a 0.
type line struct {
	Step        *int       `json:"step"`
	Epoch       *int       `json:"epoch"`
	Loss        number     `json:"loss"`
	DPos        number     `json:"d_pos"`
	DNeg        number     `json:"d_neg"`
	Active      number     `json:"active"`
	LR          number     `json:"lr"`
	GradNorm    number     `json:"grad_norm"`
	ImagesPerS  number     `json:"images_per_s"`
	Wait        number     `json:"wait"`
	Time        *time.Time `json:"time"`
	ValAccuracy *number    `json:"val_accuracy,omitempty"`
	ValLoss     *number    `json:"val_loss,omitempty"`
	ValRecall1  *number    `json:"val_recall_at_1,omitempty"`
	ValMAPAtR   *number    `json:"val_map_at_r,omitempty"`
}

// number is a float64 that JSON can always hold.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n *number) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// MarshalJSON writes the keys in the order of the fields.
func (r Record) MarshalJSON() ([]byte, error) {
	at := r.Time.UTC().Truncate(time.Millisecond)
	l := line{&r.Step, &r.Epoch, number(r.Loss), number(r.DPos), number(r.DNeg), number(r.Active), number(r.LR),
		number(r.GradNorm), number(r.ImagesPerS), number(r.Wait), &at, (*number)(r.ValAccuracy),
		(*number)(r.ValLoss), (*number)(r.ValRecall1), (*number)(r.ValMAPAtR)}
	return json.Marshal(l)
}

// UnmarshalJSON reads one line. Unknown keys are ignored; step is needed.
func (r *Record) UnmarshalJSON(b []byte) error {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return err
	}
	if l.Step == nil {
		return fmt.Errorf("has no step")
	}
	*r = Record{Step: *l.Step, Loss: float64(l.Loss), DPos: float64(l.DPos), DNeg: float64(l.DNeg), Active: float64(l.Active),
		LR: float64(l.LR), GradNorm: float64(l.GradNorm), ImagesPerS: float64(l.ImagesPerS), Wait: float64(l.Wait),
		ValAccuracy: (*float64)(l.ValAccuracy), ValLoss: (*float64)(l.ValLoss), ValRecall1: (*float64)(l.ValRecall1), ValMAPAtR: (*float64)(l.ValMAPAtR)}
	if l.Epoch != nil {
		r.Epoch = *l.Epoch
	}
	if l.Time != nil {
		r.Time = *l.Time
	}
	return nil
}
