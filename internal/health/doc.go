// Package health watches the numbers of a training run and says in plain words what goes wrong and what
// to try. It changes nothing: what a Monitor says has no influence on the training.
//
// The signs it knows, each on numbers smoothed over the last steps:
//
//	collapse     D(q,p) and D(q,n) both near 0: all pictures on one point, and the loss stuck at the gap
//	idle         no triplets with a loss for long: nothing is left to learn from them
//	rising       the smoothed loss well above its best, by more than its noise explains
//	starving     steps that wait for pictures
//	exploding    gradients a hundred times as large as they were
//	vanishing    gradients near 0 while triplets still have a loss
//
// A sign must hold for some time before it is told, and is told again only after it has gone away, and
// not soon:
//
//	holds     ____######____________##########________#####______
//	told          .   ^                 ^ (if >= apart steps after the last time)
//	          need ->|  |<-
//
// Start reading at Monitor.Step in monitor.go; the thresholds are at the top of signs.go.
package health
