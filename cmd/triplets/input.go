package main

import (
	"deeprank/data"
	"deeprank/internal/cli"
)

// input names the files that a command reads, as train does.
type input struct{ triplets, metadata, images string }

// metadataFlag defines --metadata.
func (in *input) metadataFlag(f *cli.Flags, usage string) {
	f.StringVar(&in.metadata, "metadata", "", usage)
}

// imagesFlag defines --images.
func (in *input) imagesFlag(f *cli.Flags, usage string) {
	f.StringVar(&in.images, "images", "", usage)
}

// tripletsFlag defines --triplets.
func (in *input) tripletsFlag(f *cli.Flags, usage string) {
	f.StringVar(&in.triplets, "triplets", "", usage)
}

// readMetadata reads --metadata, or else sample_set.csv beside --triplets; it sets the path that it chose.
func (in *input) readMetadata() (m *data.Metadata, err error) {
	if in.metadata == "" {
		if in.triplets == "" {
			return nil, cli.Usagef("name the table of pictures with --metadata")
		}
		if in.metadata, err = data.FindMetadata(in.triplets); err != nil {
			return nil, err
		}
	}
	return data.ReadMetadata(in.metadata)
}

// findImages sets the pictures' folder where --images did not: images beside the metadata or one level up.
func (in *input) findImages() (err error) {
	if in.images == "" {
		in.images, err = data.FindImages(in.metadata)
	}
	return err
}
