// Package metrics keeps a run's metrics.jsonl: one JSON object a step, each on its own line.
//
//	{"step":1,"epoch":1,"loss":0.98,"d_pos":0.31,"d_neg":0.33,"active":1,"lr":0.001,"grad_norm":4.2,
//	 "images_per_s":31.5,"wait":0.02,"time":"2014-04-17T09:00:00.25Z"}        (in one line)
//
// Steps count from 1 and follow one another without a gap, also after a resume: a run that goes on from
// the checkpoint of step n keeps the lines of steps 1 to n and drops what came after it, which was lost
// with the program that was killed, and a last line that was only half written.
//
// Each line is one write, so that it survives the program; Sync, before each checkpoint, lets it survive
// the machine.
//
// Start reading at Record, then Open.
package metrics
