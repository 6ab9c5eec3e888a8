// Package torchfile reads the state dict in a file of torch.save (.pth, .pt) and can run nothing of it.
//
// Python's pickle is a program for a small stack machine that may call any function by name; loading a file of a
// stranger runs what it names. The machine here knows the instructions and the handful of names that a state dict
// consists of, which it takes for data; everything else is refused by its name.
//
//	zip (torch 1.6 and later)            before, and torchvision's older downloads
//	  NAME/data.pkl    the pickle          magic number, protocol, system: pickles of numbers and a dict
//	  NAME/data/0      a storage           the pickle
//	  NAME/data/1      ...                 pickled list of keys, then each storage: length (int64), values
//	  NAME/byteorder   little
//
//	pickle ── machine ──> dict of tensors: storage, offset, shape, strides ── File.Floats ──> []float32
//
// Values are read when they are asked for, one tensor at a time, and a tensor is never larger than its storage in the
// file: memory is bounded by what the caller wants, whatever the file says.
//
// Start with file.go; pickle.go is the machine, objects.go what it may build, zip.go and legacy.go the two formats.
package torchfile
