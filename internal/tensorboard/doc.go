// Package tensorboard writes event files that TensorBoard shows: numbers, histograms and pictures by step.
//
//	run's folder
//	  events.out.tfevents.1700000000.deeprank.1   first start: version, START at step 1, events of steps 1 to 250
//	  events.out.tfevents.1700000900.deeprank.2   resumed: version, START at step 201, events from step 201 on
//
// Each start has a file of its own, since a TensorBoard that watches the folder reads on in a newer file but not in one
// that was cut. What the files before hold of steps that will come again is cut off, so that a step is there once for
// every reader; the START tells a TensorBoard that has read it already to drop it.
//
// A file is a row of records (TFRecord); an event is a message of tensorflow/core/util/event.proto:
//
//	length uint64 | masked CRC-32C of the length | event | masked CRC-32C of the event
//
// Start with writer.go; event.go has the messages, record.go the framing.
package tensorboard
