package params

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

// MostBody is how large a call may be, and MostUpload one that brings a file.
const (
	MostBody   = 1 << 18
	MostUpload = 5<<20 + 1<<16
)

// Read reads a request's parameters as one text, "a=b&c=d". A multipart body is turned into such a text too, with
// its file described: the boundary is another in every request, and the content is not kept.
func Read(w http.ResponseWriter, r *http.Request) (string, *Refusal) {
	if r.Method != http.MethodPost {
		return r.URL.RawQuery, nil
	}
	kind, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	most := int64(MostBody)
	upload := err == nil && kind == "multipart/form-data"
	if upload {
		most = MostUpload
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return "", Malformed("", "", "The request body could not be read: %v", err)
	}
	if !upload {
		return string(raw), nil
	}
	text, err := describe(raw, options["boundary"])
	if err != nil {
		return "", Malformed("", "", "The request body could not be read: %v", err)
	}
	return text, nil
}

func describe(raw []byte, boundary string) (string, error) {
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // bare at the last boundary; wrapped where a body is torn
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
