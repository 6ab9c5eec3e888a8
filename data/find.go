package data

import (
	"os"
	"path/filepath"
)

// FindMetadata gives the metadata file that belongs to a triplets file when no other was named: sample_set.csv beside it.
func FindMetadata(triplets string) (string, error) {
	path := filepath.Join(filepath.Dir(triplets), "sample_set.csv")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", &Refused{Path: path, Reason: "no metadata beside the triplets", Remedy: "name the file with --metadata"}
	}
	return path, nil
}

// FindImages gives the pictures' folder that belongs to a metadata file when no other was named: images beside it, or
// else ../images.
func FindImages(metadata string) (string, error) {
	dir := filepath.Dir(metadata)
	for _, path := range []string{filepath.Join(dir, "images"), filepath.Join(dir, "..", "images")} {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path, nil
		}
	}
	return "", &Refused{Path: metadata, Reason: "no folder images beside it or one level up", Remedy: "name the pictures' folder with --images"}
}
