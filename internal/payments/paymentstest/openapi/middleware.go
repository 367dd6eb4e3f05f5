package openapi

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Middleware checks every request to the API below /v1/ that passes through it, and every answer. Faults fail the
// test. It is for requests that ought to be right: one that is deliberately wrong is a fault too.
func Middleware(t testing.TB, next http.Handler) http.Handler {
	spec, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		params := r.URL.RawQuery
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if params, err = formOf(body, r.Header.Get("Content-Type")); err != nil {
				t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			}
		}
		if err := spec.Request(r.Method, r.URL.Path, params); err != nil {
			t.Errorf("our request: %v", err)
		}
		copied := &copier{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(copied, r)
		if err := spec.Answer(r.Method, r.URL.Path, copied.status, copied.body.Bytes()); err != nil {
			t.Errorf("the sandbox's answer: %v", err)
		}
	})
}

// formOf returns the parameters of a body as a form's text. Of a file in a multipart body it keeps the name alone.
func formOf(body []byte, contentType string) (string, error) {
	kind, options, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return string(body), nil
	}
	form, err := multipart.NewReader(bytes.NewReader(body), options["boundary"]).ReadForm(int64(len(body)))
	if err != nil {
		return "", err
	}
	values := url.Values(form.Value)
	for name, files := range form.File {
		for _, f := range files {
			values.Add(name, f.Filename)
		}
	}
	return values.Encode(), nil
}

// copier passes an answer on and keeps a copy.
type copier struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copier) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *copier) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}
