package params_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/internal/stripesandbox/params"
)

func form(t *testing.T, text string) *params.Form {
	t.Helper()
	f, refusal := params.Parse(text)
	if refusal != nil {
		t.Fatal(refusal)
	}
	return f
}

func TestWhatNobodyAskedForIsUnknown(t *testing.T) {
	f := form(t, "a=1&b=two&metadata[x]=y&expand[]=p&expand[]=q")
	if f.Number("a", 0) != 1 || f.Need("b") != "two" || f.Metadata("metadata")["x"] != "y" || strings.Join(f.Texts("expand"), " ") != "p q" {
		t.Error("a parameter was read wrong")
	}
	if err := f.Done(); err != nil {
		t.Error(err)
	}
	f = form(t, "a=1&colour=red")
	f.Number("a", 0)
	if err := f.Done(); err == nil || err.Body.Code != "parameter_unknown" || err.Body.Param != "colour" || err.Executed {
		t.Errorf("refused with %+v", err)
	}
}

func TestTheFirstFaultIsTold(t *testing.T) {
	f := form(t, "n=x&c=EUR&s="+strings.Repeat("%C3%A9", 11))
	f.Number("n", 0)
	f.LongText("s", 10)
	if err := f.Done(); f.Good() || err.Body.Param != "n" {
		t.Errorf("refused with %+v", err)
	}
	f = form(t, "s="+strings.Repeat("%C3%A9", 11)+"&c=EUR")
	if f.Currency("c") != "eur" || !f.Good() {
		t.Error("a currency was refused")
	}
	if f.LongText("s", 11); !f.Good() {
		t.Error("a text as long as it may be was refused")
	}
	if f.LongText("s", 10); f.Good() {
		t.Error("a text that is too long was taken")
	}
	f = form(t, "amount=150")
	if f.MultipleOf("amount", 150, 100); f.Done() == nil {
		t.Error("half a króna was taken")
	}
}

func upload(t *testing.T, boundary string, content []byte) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.SetBoundary(boundary); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("purpose", "dispute_evidence"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", "../a.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/files", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// The same upload is the same text, whatever boundary the library draws.
func TestUploadsAreDescribed(t *testing.T) {
	read := func(r *http.Request) string {
		text, refusal := params.Read(httptest.NewRecorder(), r)
		if refusal != nil {
			t.Fatal(refusal)
		}
		return text
	}
	first := read(upload(t, "one", []byte("%PDF-1.4 hello")))
	if again := read(upload(t, "two", []byte("%PDF-1.4 hello"))); again != first {
		t.Errorf("described as %q and %q", first, again)
	}
	if other := read(upload(t, "two", []byte("%PDF-1.4 other"))); other == first {
		t.Error("other content is described the same")
	}
	f := form(t, first)
	if f.Text("file[name]") != "a.pdf" || f.Number("file[size]", 0) != 14 || f.Text("file[type]") != "application/pdf" || f.Text("purpose") != "dispute_evidence" {
		t.Errorf("described as %q", first)
	}
	torn := upload(t, "three", []byte("x"))
	torn.Header.Set("Content-Type", "multipart/form-data; boundary=four")
	if _, refusal := params.Read(httptest.NewRecorder(), torn); refusal == nil {
		t.Error("a torn body was read")
	}
	large := upload(t, "five", make([]byte, params.MostUpload))
	if _, refusal := params.Read(httptest.NewRecorder(), large); refusal == nil {
		t.Error("a body beyond the limit was read")
	}
}
