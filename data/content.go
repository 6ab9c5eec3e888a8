package data

import "fmt"

// DecodePicture turns a picture file's content into size x size pixels of RGB, as Pictures.Load does for a row. A picture of more pixels
// than most, or than Load takes, is refused before any is decoded; decoding takes some 10 bytes a pixel. What is wrong with the content is
// a *Refused without a path.
func DecodePicture(content []byte, size int, fit string, most int) ([]byte, error) {
	format, config, err := sniff(content)
	if err != nil {
		return nil, err
	}
	if config.Width*config.Height > most {
		return nil, &Refused{
			Reason: fmt.Sprintf("the picture has %d x %d pixels by its header", config.Width, config.Height),
			Remedy: fmt.Sprintf("send a smaller one: at most %d megapixels", most/1_000_000),
		}
	}
	pixels := make([]byte, size*size*3)
	return pixels, render(content, format, config, size, fit, pixels)
}
