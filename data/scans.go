package data

import "bytes"

// maxScans bounds the scans of a JPEG. Each passes over the whole picture, but need hold no more than some bytes: a file of 200 kB can have a thousand, and keep the
// decoder busy for minutes. Encoders write ten.
const maxScans = 100

// scansInJPEG counts the scans up to the end of the picture, at most most+1 of them. What comes after, such as a phone's film, is not looked at.
func scansInJPEG(content []byte, most int) int {
	const marker, fill, stuffed, restart0, restart7, soi, eoi, sos, tem = 0xff, 0xff, 0x00, 0xd0, 0xd7, 0xd8, 0xd9, 0xda, 0x01
	scans := 0
	for rest := content; scans <= most; {
		i := bytes.IndexByte(rest, marker)
		if i < 0 || i+1 >= len(rest) {
			return scans
		}
		rest = rest[i+1:]
		switch m := rest[0]; {
		case m == fill:
			continue // it may be the marker
		case m == eoi:
			return scans
		case m == stuffed || m >= restart0 && m <= restart7 || m == soi || m == tem:
			rest = rest[1:] // no segment
			continue
		case m == sos:
			scans++
		}
		if len(rest) < 3 {
			return scans
		}
		rest = rest[min(len(rest), 1+max(2, int(rest[1])<<8|int(rest[2]))):]
	}
	return scans
}
