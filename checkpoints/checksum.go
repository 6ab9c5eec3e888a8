package checkpoints

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"strings"
)

const (
	// checksumKey holds the checksum in the metadata. Its value begins with
	// checksumMark and a version, so that a damaged key is noticed too: the
	// mark would stand under another name.
	checksumKey  = "deeprank.checksum"
	checksumMark = "deeprank-checksum-"
	checksumV1   = checksumMark + "1:"

	pieceBytes = 4 << 20 // data is read and summed in pieces of this size
)

// summed is what the checksum says of one tensor: its entry and the CRC-32C of each piece of its data.
type summed struct {
	name, dtype string
	shape       []int
	crc         []uint32
}

func pieces(bytes int64) int { return int((bytes + pieceBytes - 1) / pieceBytes) }

// crcTable is built once by the standard library, whatever the number of calls.
func crcTable() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// checksum is the SHA-256 over, in sorted order, all metadata but the checksum
// itself and all tensors. Every variable part is preceded by its length.
func checksum(metadata map[string]string, tensors []summed) string {
	h := sha256.New()
	number := func(v uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		h.Write(b[:])
	}
	str := func(s string) {
		number(uint64(len(s)))
		h.Write([]byte(s))
	}
	keys := slices.DeleteFunc(sortedKeys(metadata), func(k string) bool { return k == checksumKey })
	number(uint64(len(keys)))
	for _, k := range keys {
		str(k)
		str(metadata[k])
	}
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b summed) int { return strings.Compare(a.name, b.name) })
	number(uint64(len(tensors)))
	for _, t := range tensors {
		str(t.name)
		str(t.dtype)
		number(uint64(len(t.shape)))
		for _, side := range t.shape {
			number(uint64(side))
		}
		number(uint64(len(t.crc)))
		for _, c := range t.crc {
			number(uint64(c))
		}
	}
	return checksumV1 + hex.EncodeToString(h.Sum(nil))
}

// storedChecksum finds the checksum in the metadata; "" when the file has none.
func storedChecksum(metadata map[string]string) (string, error) {
	if v, ok := metadata[checksumKey]; ok {
		if !strings.HasPrefix(v, checksumV1) {
			return "", unsupported("use the program that wrote it, or another file", "unknown kind of checksum %q", v)
		}
		return v, nil
	}
	for k, v := range metadata {
		if strings.HasPrefix(v, checksumMark) {
			return "", damaged("its checksum is stored under the name %q", k)
		}
	}
	return "", nil
}
