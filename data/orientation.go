package data

import (
	"bytes"
	"encoding/binary"
	"image"

	"github.com/disintegration/imaging"
)

// The orientation of a picture is tag 0x0112 of the first directory of its EXIF block, which is a small TIFF structure:
// "II*\0" or "MM\0*", offset of the directory (4 bytes), there the number of entries (2), and entries of 12 bytes:
// tag (2), type (2), count (4), value (4). JPEG carries the block in a segment APP1, PNG in a chunk eXIf, WebP in a chunk EXIF;
// a TIFF file is such a structure itself.
//
// (imaging reads it from JPEG alone, and not where another APP1 comes first.)

// orientation gives the value of the tag, 1 to 8; 1, which is upright, when there is none.
func orientation(exif []byte) int {
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(exif[4:]))
	if at+2 > uint64(len(exif)) {
		return 1
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 1
		}
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// orient turns a picture upright: orientation 6, for instance, is a picture whose right side is up.
func orient(m *image.NRGBA, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(m)
	case 3:
		return imaging.Rotate180(m)
	case 4:
		return imaging.FlipV(m)
	case 5:
		return imaging.Transpose(m)
	case 6:
		return imaging.Rotate270(m)
	case 7:
		return imaging.Transverse(m)
	case 8:
		return imaging.Rotate90(m)
	}
	return m
}

func wholeFile(content []byte) []byte { return content }

// exifInJPEG walks the segments (0xFF, marker, length with itself) up to the start of the scan.
func exifInJPEG(content []byte) []byte {
	for rest := content[2:]; len(rest) >= 4 && rest[0] == 0xFF; {
		marker := rest[1]
		if marker == 0xFF { // fill byte
			rest = rest[1:]
			continue
		}
		n := int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xDA || marker == 0xD9 || n < 2 || 2+n > len(rest) {
			return nil
		}
		if body, ok := bytes.CutPrefix(rest[4:2+n], []byte("Exif\x00\x00")); ok && marker == 0xE1 {
			return body
		}
		rest = rest[2+n:]
	}
	return nil
}

// exifInPNG walks the chunks (length of the body, type, body, checksum).
func exifInPNG(content []byte) []byte {
	for rest := content[8:]; len(rest) >= 12; {
		n := uint64(binary.BigEndian.Uint32(rest))
		if n+12 > uint64(len(rest)) {
			return nil
		}
		if string(rest[4:8]) == "eXIf" {
			return rest[8 : 8+n]
		}
		rest = rest[12+n:]
	}
	return nil
}

// exifInWebP walks the chunks (type, length of the body, body, padding to an even length).
func exifInWebP(content []byte) []byte {
	for rest := content[12:]; len(rest) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if n+8 > uint64(len(rest)) {
			return nil
		}
		if string(rest[:4]) == "EXIF" {
			return bytes.TrimPrefix(rest[8:8+n], []byte("Exif\x00\x00"))
		}
		rest = rest[min(8+n+n%2, uint64(len(rest))):]
	}
	return nil
}
