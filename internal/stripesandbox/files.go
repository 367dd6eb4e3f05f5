package stripesandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
)

// mostEvidence is how large a file may be, and mostUpload the request that brings it.
const (
	mostEvidence = 5 << 20
	mostUpload   = mostEvidence + 1<<16
)

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

// parameters reads a request's parameters as one text, "a=b&c=d". A multipart body is turned into such a text too, with
// its file described: the boundary is another in every request, and the content is not kept.
func parameters(w http.ResponseWriter, r *http.Request) (string, *apiError) {
	if r.Method != http.MethodPost {
		return r.URL.RawQuery, nil
	}
	kind, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	most := int64(maxBody)
	upload := err == nil && kind == "multipart/form-data"
	if upload {
		most = mostUpload
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return "", malformed("", "", "The request body could not be read: %v", err)
	}
	if !upload {
		return string(raw), nil
	}
	text, err := describe(raw, options["boundary"])
	if err != nil {
		return "", malformed("", "", "The request body could not be read: %v", err)
	}
	return text, nil
}

func describe(raw []byte, boundary string) (string, error) {
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return values.Encode(), nil
		}
		if err != nil {
			return "", err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return "", err
		}
		name := part.FormName()
		if part.FileName() == "" {
			values.Set(name, string(content))
			continue
		}
		sum := sha256.Sum256(content)
		values.Set(name+"[name]", path.Base(part.FileName()))
		values.Set(name+"[size]", strconv.Itoa(len(content)))
		values.Set(name+"[type]", http.DetectContentType(content))
		values.Set(name+"[sum]", hex.EncodeToString(sum[:]))
	}
}

var fileTypes = map[string]string{"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}

func createFile(c *call) (any, *apiError) {
	f := c.form
	up := file{
		ID: newID("file_", 24), Object: "file", Created: c.tx.now.Unix(), Filename: optional(f.text("file[name]")),
		Size: f.number("file[size]", 0), Type: fileTypes[f.text("file[type]")],
	}
	f.need("purpose")
	up.Purpose = f.choice("purpose", "dispute_evidence")
	f.text("file[sum]")
	switch {
	case f.err != nil:
	case !f.has("file[sum]"):
		f.fail(malformed("parameter_missing", "file", "Missing required param: file."))
	case up.Size == 0:
		f.fail(malformed("", "file", "The file is empty."))
	case up.Size > mostEvidence:
		f.fail(malformed("", "file", "The file is too large: evidence can have up to 5 MB."))
	case up.Type == "":
		f.fail(malformed("", "file", "This file type is not allowed: evidence is a JPEG, PNG or PDF."))
	}
	if err := f.done(); err != nil {
		return nil, err
	}
	c.tx.put(up)
	return up, nil
}

func readFile(c *call) (any, *apiError) { return read[file](c, "file upload") }

func listFiles(c *call) (any, *apiError) {
	purpose, within := c.form.text("purpose"), c.form.created()
	return page(c, "file", "/v1/files", func(up file) bool { return (purpose == "" || up.Purpose == purpose) && within(up.Created) })
}
