package configs

// What makes a checkpoint the best: the values of Config.BestBy.
const (
	ByAccuracy = "accuracy" // share of the validation triplets with D(q,p) < D(q,n)
	ByLoss     = "loss"     // mean hinge of the validation triplets; lower is better
	ByRecall   = "recall@1" // of the pictures of ValMetadata, by product
)

// Criterion is what makes a checkpoint the best; "" where nothing is measured.
func (c *Config) Criterion() string {
	switch {
	case c.BestBy != "":
		return c.BestBy
	case c.ValTriplets != "":
		return ByAccuracy
	case c.ValMetadata != "":
		return ByRecall
	}
	return ""
}
