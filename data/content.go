package data

// DecodePicture turns a picture file's content into size x size pixels of RGB, as Pictures.Load does for a row, with the same limits of
// pixels and sides, which are checked before any pixel is decoded. What is wrong with it is a *Refused without a path.
func DecodePicture(content []byte, size int, fit string) ([]byte, error) {
	format, config, err := sniff(content)
	if err != nil {
		return nil, err
	}
	pixels := make([]byte, size*size*3)
	return pixels, render(content, format, config, size, fit, pixels)
}
