// Package architecture holds the shape of the source tree by a test: who may import whom, and what each package must have.
//
//	cmd/*  ->  model, loss, data, checkpoints, configs  ->  internal/op  ->  internal/kernel
//
// An arrow may be skipped but never turned round. Besides:
//
//   - no package imports a command
//   - data, checkpoints and configs know nothing of the network: neither of model, loss and internal/op nor of gorgonia
//   - internal/op builds on internal/kernel alone
//   - internal/kernel and internal/reference import nothing of ours, and nothing that reads files or flags
//   - internal/reference is for tests: it defines what the kernels must give
//   - no package is called utils, common or the like: such a name says nothing of what is in it
//   - each package has a doc.go whose comment starts with "Package NAME", or for a command with its name
//
// Start with [Check]; the rules themselves are the table in rules.go. No program imports this package.
package architecture
