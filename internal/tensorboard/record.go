package tensorboard

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// framing is what a record has besides its data, in bytes.
const framing = 16

// maxRecord bounds a record that is read.
const maxRecord = 64 << 20

// masked is the CRC-32C of b, turned and moved so that a checksum of checksums is none (TensorFlow's crc32c.h).
func masked(b []byte) uint32 {
	c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendRecord frames data.
func appendRecord(to, data []byte) []byte {
	at := len(to)
	to = binary.LittleEndian.AppendUint64(to, uint64(len(data)))
	to = binary.LittleEndian.AppendUint32(to, masked(to[at:]))
	to = append(to, data...)
	return binary.LittleEndian.AppendUint32(to, masked(data))
}

// errRecord says that what follows is no whole record.
var errRecord = errors.New("not a whole record")

// readRecord returns the next record's data, io.EOF after the last one, or errRecord.
func readRecord(r io.Reader) ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, tornOr(err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	if binary.LittleEndian.Uint32(head[8:]) != masked(head[:8]) || n > maxRecord {
		return nil, errRecord
	}
	data := make([]byte, n+4)
	if _, err := io.ReadFull(r, data); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, tornOr(err)
	}
	data, sum := data[:n], data[n:]
	if binary.LittleEndian.Uint32(sum) != masked(data) {
		return nil, errRecord
	}
	return data, nil
}

func tornOr(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errRecord
	}
	return err
}
