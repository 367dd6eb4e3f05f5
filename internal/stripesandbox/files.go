package stripesandbox

import (
	"relais/internal/stripesandbox/params"
)

// mostEvidence is how large a file may be.
const mostEvidence = 5 << 20

// file is what the sandbox keeps of an upload: what it is, not what is in it.
type file struct {
	ID        string   `json:"id"`
	Object    string   `json:"object"`
	Created   int64    `json:"created"`
	ExpiresAt *int64   `json:"expires_at"`
	Filename  optional `json:"filename"`
	Purpose   string   `json:"purpose"`
	Size      int64    `json:"size"`
	Title     optional `json:"title"`
	Type      string   `json:"type"`
	URL       optional `json:"url"`
}

func (o file) id() string   { return o.ID }
func (o file) kind() string { return "file" }

var fileTypes = map[string]string{"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}

func createFile(c *call) (any, *params.Refusal) {
	f := c.form
	up := file{
		ID: newID("file_", 24), Object: "file", Created: c.tx.now.Unix(), Filename: optional(f.Text("file[name]")),
		Size: f.Number("file[size]", 0), Type: fileTypes[f.Text("file[type]")],
	}
	f.Need("purpose")
	up.Purpose = f.Choice("purpose", "dispute_evidence")
	f.Text("file[sum]")
	switch {
	case !f.Good():
	case !f.Has("file[sum]"):
		f.Fail(params.Malformed("parameter_missing", "file", "Missing required param: file."))
	case up.Size == 0:
		f.Fail(params.Malformed("", "file", "The file is empty."))
	case up.Size > mostEvidence:
		f.Fail(params.Malformed("", "file", "The file is too large: evidence can have up to 5 MB."))
	case up.Type == "":
		f.Fail(params.Malformed("", "file", "This file type is not allowed: evidence is a JPEG, PNG or PDF."))
	}
	if err := f.Done(); err != nil {
		return nil, err
	}
	c.tx.put(up)
	return up, nil
}

func readFile(c *call) (any, *params.Refusal) { return read[file](c, "file upload") }

func listFiles(c *call) (any, *params.Refusal) {
	purpose, within := c.form.Text("purpose"), c.form.Created()
	return page(c, "file", "/v1/files", func(up file) bool { return (purpose == "" || up.Purpose == purpose) && within(up.Created) })
}
