package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"deeprank/data"
)

// Names of a folder's files.
const (
	embeddingsName = "embeddings.npy"
	metadataName   = "metadata.tsv"
	skippedName    = "skipped.tsv"
	infoName       = "embeddings.json"
	partName       = "embeddings.npy.part"
	progressName   = "progress.json"
)

// Info is what embeddings were made of.
type Info struct {
	Format int    `json:"format"` // formatVersion
	Rows   int    `json:"rows"`   // embeddings
	Dim    int    `json:"dim"`
	DType  string `json:"dtype"`
	// Checkpoint is the network's file, and its data.Fingerprint.
	Checkpoint    string `json:"checkpoint"`
	CheckpointSum string `json:"checkpoint_fingerprint"`
	// Metadata is the table of pictures, and its data.Fingerprint; Pictures are its rows.
	Metadata    string `json:"metadata"`
	MetadataSum string `json:"metadata_fingerprint"`
	Pictures    int    `json:"pictures"`
	Images      string `json:"images"` // folder of the pictures
	Flip        bool   `json:"flip"`   // averaged with the mirrored picture
	Skipped     int    `json:"skipped"`
}

const formatVersion = 1

// same says what of two, which are to go into one folder, differs, or "".
func (a *Info) same(b *Info) string {
	switch {
	case a.Format != b.Format:
		return fmt.Sprintf("the folder's format is %d, this program's %d", a.Format, b.Format)
	case a.CheckpointSum != b.CheckpointSum:
		return "they are of another checkpoint, " + a.Checkpoint
	case a.MetadataSum != b.MetadataSum:
		return "they are of another table of pictures, " + a.Metadata
	case a.Images != b.Images:
		return "they are of pictures in another folder, " + a.Images
	case a.Flip != b.Flip:
		return fmt.Sprintf("--flip was %v", a.Flip)
	case a.DType != b.DType:
		return "they are stored as " + a.DType
	case a.Dim != b.Dim:
		return fmt.Sprintf("they have %d numbers each, the network gives %d", a.Dim, b.Dim)
	}
	return ""
}

// Folder is embeddings that rank embed wrote, or a bare .npy file.
type Folder struct {
	*File
	Info *Info          // nil for a bare file
	Meta *data.Metadata // a row for each embedding; nil for a bare file
}

// OpenFolder opens embeddings: a folder, or a .npy file. What is wrong with them is a *data.Refused.
func OpenFolder(path string) (*Folder, error) {
	stat, err := os.Stat(path)
	if err == nil && !stat.IsDir() {
		f, err := OpenNPY(path)
		if err != nil {
			return nil, err
		}
		return &Folder{File: f}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &data.Refused{Path: path, Reason: "there are no such embeddings", Remedy: "rank embed makes them"}
	}
	if err != nil {
		return nil, &data.Refused{Path: path, Reason: "cannot be opened", Err: err}
	}
	info, err := readInfo(filepath.Join(path, infoName))
	if errors.Is(err, fs.ErrNotExist) {
		reason, remedy := "holds no embeddings: there is no "+infoName+" in it", "name a folder that rank embed wrote, or a .npy file"
		if _, err := os.Stat(filepath.Join(path, partName)); err == nil {
			reason, remedy = "its embeddings are not complete", "give the same rank embed again: it goes on where it stopped"
		}
		return nil, &data.Refused{Path: path, Reason: reason, Remedy: remedy}
	}
	if err != nil {
		return nil, err
	}
	m, err := data.ReadMetadata(filepath.Join(path, metadataName))
	if err != nil {
		return nil, err
	}
	f, err := OpenNPY(filepath.Join(path, embeddingsName))
	if err != nil {
		return nil, err
	}
	if f.rows != m.Rows() || f.rows != info.Rows || f.dim != info.Dim {
		defer f.Close()
		return nil, &data.Refused{
			Path: path, Reason: fmt.Sprintf("its files do not belong together: %d embeddings of %d numbers, %d rows of metadata, and %s says %d of %d",
				f.rows, f.dim, m.Rows(), infoName, info.Rows, info.Dim), Remedy: "make it again with rank embed",
		}
	}
	return &Folder{f, info, m}, nil
}

func readInfo(path string) (*Info, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var i Info
	if err := json.Unmarshal(text, &i); err != nil {
		return nil, &data.Refused{Path: path, Reason: "cannot be read", Remedy: "make the embeddings again with rank embed", Err: err}
	}
	if i.Format != formatVersion {
		return nil, &data.Refused{Path: path, Reason: fmt.Sprintf("has format %d; this program reads %d", i.Format, formatVersion)}
	}
	return &i, nil
}
