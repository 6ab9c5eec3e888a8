package torchfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// machine runs a pickle. Memory and time are bounded by the length of the pickle: an instruction adds at most one value,
// which holds others without copying them, and what can copy counts its work.
type machine struct {
	in    *bufio.Reader
	count int64 // bytes read

	stack    []any
	memo     map[uint32]any
	storages map[string]*storage
	worked   int
}

func newMachine(r io.Reader) *machine {
	return &machine{in: bufio.NewReader(r), memo: map[uint32]any{}, storages: map[string]*storage{}}
}

// maxWork bounds the values that calls copy.
const maxWork = 1 << 20

func (m *machine) work(n int) error {
	if m.worked += n; m.worked > maxWork {
		return errors.New("its pickle makes more of its parts than a state dict has")
	}
	return nil
}

// run runs the pickle up to its end and returns what it built.
func (m *machine) run() (any, error) {
	for {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' { // STOP
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
}

func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		return m.protocol()
	case 0x95: // FRAME
		_, err := m.bytes(8)
		return err
	case '(': // MARK
		m.push(mark{})
	case '0': // POP
		_, err := m.pop()
		return err
	case 'N': // NONE
		m.push(nil)
	case 0x88: // NEWTRUE
		m.push(true)
	case 0x89: // NEWFALSE
		m.push(false)
	case ')': // EMPTY_TUPLE
		m.push(tuple{})
	case ']': // EMPTY_LIST
		m.push(&sequence{})
	case '}': // EMPTY_DICT
		m.push(&dict{})
	case 'J', 'K', 'M', 0x8a, 'G': // BININT, BININT1, BININT2, LONG1, BINFLOAT
		return m.number(op)
	case 'X', 0x8c, 'T', 'U', 'B', 'C': // BINUNICODE, SHORT_BINUNICODE, BINSTRING, SHORT_BINSTRING, BINBYTES, SHORT_BINBYTES
		return m.text(op)
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		n := int(op) - 0x84
		if len(m.stack) < n {
			return errStack
		}
		t := append(tuple{}, m.stack[len(m.stack)-n:]...)
		m.stack = m.stack[:len(m.stack)-n]
		for _, v := range t {
			if v == (mark{}) {
				return errStack
			}
		}
		m.push(t)
	case 't': // TUPLE
		v, err := m.popMark()
		if err != nil {
			return err
		}
		m.push(append(tuple{}, v...))
	case 'q', 'r', 0x94, 'h', 'j': // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
		return m.remember(op)
	case 'a', 'e', 's', 'u': // APPEND, APPENDS, SETITEM, SETITEMS
		return m.fill(op)
	case 'c', 0x93: // GLOBAL, STACK_GLOBAL
		return m.global(op)
	case 'Q': // BINPERSID
		id, err := m.pop()
		if err != nil {
			return err
		}
		s, err := m.load(id)
		m.push(s)
		return err
	case 'R', 'b', 0x81: // REDUCE, BUILD, NEWOBJ
		return m.apply(op)
	default:
		return fmt.Errorf("its pickle has the instruction 0x%02x, which no state dict needs (or it is no pickle); nothing of it was run; %s", op, saveStateDict)
	}
	return nil
}

var (
	errStack = errors.New("its pickle is damaged: an instruction lacks its values")
	errEnd   = errors.New("its pickle ends too early (an interrupted copy or download?)")
)

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 || m.top() == (mark{}) {
		return nil, errStack
	}
	v := m.top()
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top() any { return m.stack[len(m.stack)-1] }

// popMark takes what lies above the last mark, and the mark. The result is valid until the next push.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if m.stack[i] == (mark{}) {
			v := m.stack[i+1:]
			m.stack = m.stack[:i]
			return v, nil
		}
	}
	return nil, errStack
}

func (m *machine) byte() (byte, error) {
	b, err := m.in.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, errEnd
	}
	m.count++
	return b, err
}

// bytes reads n bytes; memory grows with what is there, not with n.
func (m *machine) bytes(n uint32) ([]byte, error) {
	if n > maxPickle {
		return nil, errEnd
	}
	b, err := io.ReadAll(io.LimitReader(m.in, int64(n)))
	m.count += int64(len(b))
	if err == nil && len(b) < int(n) {
		err = errEnd
	}
	return b, err
}

func (m *machine) protocol() error {
	const newest = 5
	version, err := m.byte()
	if err == nil && version > newest {
		err = fmt.Errorf("its pickle has protocol %d; up to %d is known", version, newest)
	}
	return err
}

func (m *machine) number(op byte) error {
	length := map[byte]uint32{'J': 4, 'K': 1, 'M': 2, 'G': 8}[op]
	if op == 0x8a {
		n, err := m.byte()
		if err != nil {
			return err
		}
		length = uint32(n)
	}
	b, err := m.bytes(length)
	if err != nil {
		return err
	}
	switch {
	case op == 'G':
		m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case op == 'J':
		m.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case op != 0x8a:
		m.push(int64(b[0]) + int64(append(b, 0)[1])<<8)
	case len(b) > 8:
		m.push(octets(b))
	default: // LONG1: two's complement
		v := int64(0)
		for i, x := range b {
			v |= int64(x) << (8 * i)
		}
		if n := len(b); n > 0 && n < 8 && b[n-1] >= 0x80 {
			v -= 1 << (8 * n)
		}
		m.push(v)
	}
	return nil
}

func (m *machine) text(op byte) error {
	var n uint32
	if op == 0x8c || op == 'U' || op == 'C' {
		b, err := m.byte()
		if err != nil {
			return err
		}
		n = uint32(b)
	} else {
		b, err := m.bytes(4)
		if err != nil {
			return err
		}
		n = binary.LittleEndian.Uint32(b)
	}
	b, err := m.bytes(n)
	if err != nil {
		return err
	}
	if op == 'B' || op == 'C' {
		m.push(octets(b))
	} else {
		m.push(string(b))
	}
	return nil
}

// remember keeps the top of the stack under a number, or brings back what was kept.
func (m *machine) remember(op byte) error {
	i := uint32(len(m.memo)) // MEMOIZE
	if op != 0x94 {
		n := uint32(1)
		if op == 'r' || op == 'j' {
			n = 4
		}
		b, err := m.bytes(n)
		if err != nil {
			return err
		}
		i = binary.LittleEndian.Uint32(append(b, 0, 0, 0))
	}
	if op == 'h' || op == 'j' {
		v, ok := m.memo[i]
		if !ok {
			return errStack
		}
		m.push(v)
		return nil
	}
	if len(m.stack) == 0 || m.top() == (mark{}) {
		return errStack
	}
	m.memo[i] = m.top()
	return nil
}

// fill adds values to the list or pairs to the dict below them.
func (m *machine) fill(op byte) error {
	var values []any
	var err error
	switch op {
	case 'e', 'u':
		values, err = m.popMark()
	default:
		n := map[byte]int{'a': 1, 's': 2}[op]
		if len(m.stack) < n {
			return errStack
		}
		values = m.stack[len(m.stack)-n:]
		m.stack = m.stack[:len(m.stack)-n]
	}
	if err != nil || len(m.stack) == 0 {
		return errStack
	}
	for _, v := range values {
		if v == (mark{}) {
			return errStack
		}
	}
	switch to := m.top().(type) {
	case *sequence:
		if op == 'a' || op == 'e' {
			to.items = append(to.items, values...)
			return nil
		}
	case *dict:
		if (op == 's' || op == 'u') && len(values)%2 == 0 {
			for i := 0; i < len(values); i += 2 {
				to.pairs = append(to.pairs, pair{values[i], values[i+1]})
			}
			return nil
		}
	}
	return errStack
}

// global pushes a name: two lines of text, or the two texts on the stack.
func (m *machine) global(op byte) error {
	var module, object string
	if op == 'c' {
		for _, s := range []*string{&module, &object} {
			line, err := m.line()
			if err != nil {
				return err
			}
			*s = line
		}
	} else {
		b, err := m.pop()
		if err != nil {
			return err
		}
		a, err := m.pop()
		if err != nil {
			return err
		}
		var okA, okB bool
		module, okA = a.(string)
		object, okB = b.(string)
		if !okA || !okB {
			return errStack
		}
	}
	n, err := known(module, object)
	m.push(n)
	return err
}

// line reads text up to a line's end.
func (m *machine) line() (string, error) {
	const most = 1000
	var s strings.Builder
	for s.Len() < most {
		b, err := m.byte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			return s.String(), nil
		}
		s.WriteByte(b)
	}
	return "", errors.New("its pickle has a name that is too long")
}

// apply calls a name (REDUCE), makes an object of a class, which only old files' parameters need (NEWOBJ), or takes away
// attributes, such as a state dict's versions (BUILD).
func (m *machine) apply(op byte) error {
	argument, err := m.pop()
	if err != nil {
		return err
	}
	if op == 'b' {
		if len(m.stack) > 0 {
			switch m.top().(type) {
			case *dict, *view:
				return nil
			}
		}
		return fmt.Errorf("its pickle sets attributes of what is neither a dict nor a tensor, which no state dict needs; %s", saveStateDict)
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	arguments, ok := argument.(tuple)
	if !ok {
		return errStack
	}
	if op == 0x81 && f != parameter {
		return fmt.Errorf("its pickle makes an object of a class, which no state dict needs; %s", saveStateDict)
	}
	v, err := m.call(f, arguments)
	m.push(v)
	return err
}
