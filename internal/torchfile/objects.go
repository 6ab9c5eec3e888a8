package torchfile

import (
	"errors"
	"fmt"
	"strings"
)

// What the machine builds: nil, bool, int64, float64, string, octets, tuple, *sequence, *dict, name, *storage, *view.
type (
	octets   string // Python's bytes, or an integer of more than 64 bits
	tuple    []any
	sequence struct{ items []any }
	dict     struct{ pairs []pair }
	pair     struct{ key, value any }
	mark     struct{}
)

// name is one of the Python objects that a state dict names, as "module.name". It is data here.
type name string

const (
	orderedDict     name = "collections.OrderedDict"
	rebuildTensor   name = "torch._utils._rebuild_tensor" // of torch before 0.4
	rebuildTensorV2 name = "torch._utils._rebuild_tensor_v2"
	rebuildParam    name = "torch._utils._rebuild_parameter"
	parameter       name = "torch.nn.parameter.Parameter" // of torch before 0.4, with its tensor
)

// storageType is the type of the values of one of torch's classes of storages.
func storageType(n name) (dtype, bool) {
	switch n {
	case "torch.FloatStorage":
		return dtype{"F32", 4}, true
	case "torch.HalfStorage":
		return dtype{"F16", 2}, true
	case "torch.BFloat16Storage":
		return dtype{"BF16", 2}, true
	case "torch.DoubleStorage":
		return dtype{"F64", 8}, true
	case "torch.LongStorage":
		return dtype{"I64", 8}, true
	case "torch.IntStorage":
		return dtype{"I32", 4}, true
	case "torch.ShortStorage":
		return dtype{"I16", 2}, true
	case "torch.CharStorage":
		return dtype{"I8", 1}, true
	case "torch.ByteStorage":
		return dtype{"U8", 1}, true
	case "torch.BoolStorage":
		return dtype{"BOOL", 1}, true
	}
	return dtype{}, false
}

// known returns the name if a state dict may have it.
func known(module, object string) (name, error) {
	n := name(module + "." + object)
	switch n {
	case orderedDict, rebuildTensor, rebuildTensorV2, rebuildParam, parameter:
		return n, nil
	}
	if _, ok := storageType(n); ok {
		return n, nil
	}
	return "", fmt.Errorf("it names the Python object %s, which no state dict needs; nothing of it was run; %s", printable(string(n)), saveStateDict)
}

// printable is text of a file, short and without control characters.
func printable(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}

func kindOf(v any) string {
	switch v.(type) {
	case *view:
		return "a single tensor"
	case *sequence, tuple:
		return "a list"
	case nil:
		return "nothing"
	}
	return "something else"
}

// get is the value of a key; nil where there is none.
func (d *dict) get(key string) any {
	for i := len(d.pairs) - 1; i >= 0; i-- {
		if d.pairs[i].key == key {
			return d.pairs[i].value
		}
	}
	return nil
}

// keys says which keys that are texts it has, the first few of them.
func (d *dict) keys() string {
	const most = 5
	var names []string
	for _, p := range d.pairs {
		if key, ok := p.key.(string); ok && len(names) <= most {
			names = append(names, printable(key))
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		names[most] = "..."
	}
	return ", whose keys are " + strings.Join(names, ", ")
}

// items are those of a list or tuple.
func items(v any) ([]any, bool) {
	switch v := v.(type) {
	case tuple:
		return v, true
	case *sequence:
		return v.items, true
	}
	return nil, false
}

// call is what Python's call of a known name gives.
func (m *machine) call(f any, arguments tuple) (any, error) {
	n, _ := f.(name)
	switch n {
	case orderedDict:
		return m.callDict(arguments)
	case rebuildParam: // (tensor, requires_grad, hooks)
		if len(arguments) == 3 {
			if v, ok := arguments[0].(*view); ok {
				return v, nil
			}
		}
	case parameter: // (tensor) or (tensor, requires_grad)
		if len(arguments) == 1 || len(arguments) == 2 {
			if v, ok := arguments[0].(*view); ok {
				return v, nil
			}
		}
	case rebuildTensor, rebuildTensorV2: // (storage, offset, shape, strides, and more that is of no matter here)
		if len(arguments) < 4 {
			break
		}
		s, ok := arguments[0].(*storage)
		offset, okOffset := arguments[1].(int64)
		shape, okShape := m.integers(arguments[2])
		strides, okStrides := m.integers(arguments[3])
		if ok && okOffset && okShape && okStrides {
			return newView(s, offset, shape, strides)
		}
	}
	if n == "" { // never print values: a few bytes can stand for any number of them
		return nil, errors.New("its pickle calls what is no name")
	}
	return nil, fmt.Errorf("its pickle calls %s in a way that no state dict has", n)
}

// callDict makes a dict of a list of pairs, or an empty one.
func (m *machine) callDict(arguments tuple) (any, error) {
	wrong := errors.New("its pickle makes a dict of what is no list of pairs")
	d := &dict{}
	if len(arguments) == 0 {
		return d, nil
	}
	list, ok := items(arguments[0])
	if !ok || len(arguments) > 1 {
		return nil, wrong
	}
	if err := m.work(len(list)); err != nil {
		return nil, err
	}
	for _, v := range list {
		p, ok := items(v)
		if !ok || len(p) != 2 {
			return nil, wrong
		}
		d.pairs = append(d.pairs, pair{p[0], p[1]})
	}
	return d, nil
}

// integers are the sides of a shape, or strides.
func (m *machine) integers(v any) ([]int64, bool) {
	const most = 64
	list, ok := items(v)
	if !ok || len(list) > most {
		return nil, false
	}
	out := make([]int64, len(list))
	for i, v := range list {
		if out[i], ok = v.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}

// load is the storage that a persistent id names: ("storage", class, key, place, length, and in old files a view).
func (m *machine) load(id any) (any, error) {
	wrong := errors.New("its pickle refers to values in a way that no state dict has")
	t, ok := id.(tuple)
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" || len(t) == 6 && t[5] != nil {
		return nil, wrong
	}
	class, _ := t[1].(name)
	kind, ok := storageType(class)
	key, okKey := t[2].(string)
	length, okLength := t[4].(int64)
	const most = 1 << 50
	if !ok || !okKey || !okLength || length < 0 || length > most {
		return nil, wrong
	}
	s := m.storages[key]
	if s == nil {
		s = &storage{key, kind, length}
		m.storages[key] = s
	}
	if s.dtype != kind || s.length != length {
		return nil, fmt.Errorf("its pickle gives the values %s two lengths or types", printable(key))
	}
	return s, nil
}
