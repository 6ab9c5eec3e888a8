//go:build peers

package projector

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"deeprank/data"
	"deeprank/internal/retrieval"
)

// readProjector prints what TensorBoard's own reader of the config and of the embeddings finds.
const readProjector = `
import json, os, sys
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector import projector_config_pb2, projector_plugin
at = lambda name: os.path.join(sys.argv[1], name)
c = projector_config_pb2.ProjectorConfig()
text_format.Parse(open(at("projector_config.pbtxt")).read(), c)
e, = c.embeddings
values = projector_plugin._read_tensor_tsv_file(at(e.tensor_path))
print(json.dumps(dict(values=values.tolist(), cell=list(e.sprite.single_image_dim), sprite=Image.open(at(e.sprite.image_path)).size, lines=len(open(at(e.metadata_path)).readlines()))))
`

func TestTensorBoardReads(t *testing.T) {
	exe := os.Getenv("DEEPRANK_PYTHON")
	if exe == "" {
		t.Fatal("DEEPRANK_PYTHON names no Python with tensorboard; run make peers")
	}
	m := &data.Metadata{}
	e := retrieval.Matrix{Values: []float32{1, -2.5, 3e-9, 4, 0.1, 6}, Columns: 2}
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} { // that are not there
		m.Name, m.ID, m.Category, m.Color, m.Gender = append(m.Name, name), append(m.ID, "1"), append(m.Category, "hat"), append(m.Color, ""), append(m.Gender, "")
	}
	pictures, err := data.OpenPictures(m, t.TempDir(), data.PictureOptions{Size: CellOf(3), Fit: "pad"})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	dir := t.TempDir()
	if err := Write(t.Context(), dir, e, m, pictures, nil); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), exe, "-c", readProjector, dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got struct {
		Values [][]float32
		Cell   []int
		Sprite []int
		Lines  int
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Values) != 3 || got.Lines != 4 || len(got.Cell) != 2 || got.Cell[0] != 64 || got.Sprite[0] != 128 {
		t.Errorf("%+v", got)
	}
	for i, v := range got.Values {
		for j, x := range v {
			if x != e.Values[2*i+j] {
				t.Errorf("%d %d: %v, want %v", i, j, x, e.Values[2*i+j])
			}
		}
	}
}
