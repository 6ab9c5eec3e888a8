// Package configs holds everything that a training run can be told: one typed struct, its defaults,
// the YAML files and flags that change them, the checks, and what may differ between a checkpoint and
// the run that goes on from it.
//
// A setting has one name in three spellings, all from one row of the table in options.go:
//
//	Config.WeightDecay   weight_decay: 0.0005   --weight-decay 0.0005
//	(Go)                 (YAML)                 (flag)
//
// The layers, each on top of the one before:
//
//	Default()  <-  --config FILE or preset  <-  flags  ->  Validate()  ->  run folder's config.yaml
//
// Paths in a config file are relative to the folder that the program was started in, like those of
// flags. The presets are the YAML files of this folder, embedded in the binary; each one's header says
// what it is for, its command, and what it gave.
//
// Start reading at config.go (the fields), then options.go (the table), check.go (the ranges) and
// resume.go (what a resumed run may change).
package configs
