package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"deeprank/internal/fserror"
)

// Fingerprint gives the SHA-256, as 64 hexadecimal digits, of the SHA-256 sums of the files' contents, in the order given.
// The paths do not enter it, so data that was moved keeps its fingerprint.
func Fingerprint(paths ...string) (string, error) {
	all := sha256.New()
	for _, path := range paths {
		f, _, err := openRegular(path, "the data file")
		if err != nil {
			return "", err
		}
		one := sha256.New()
		_, err = io.Copy(one, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, fserror.Cause(err))
		}
		all.Write(one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
