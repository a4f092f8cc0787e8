package compose

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestChromium has a browser show the HTML part with its pictures, as a mail reader does: cid: names become the files of
// the parts with these names.
func TestChromium(t *testing.T) {
	program := ""
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") == "true" { // .ci/run installs it
			t.Fatal("there is no chromium; Debian's package is chromium-headless-shell")
		}
		t.Skip("there is no chromium; Debian's package is chromium-headless-shell")
	}
	dir := t.TempDir()
	picture := func(name string, width, height int) string {
		img := image.NewRGBA(image.Rect(0, 0, width, height))
		for x := range width {
			img.Set(x, x%height, color.RGBA{uint8(x), 100, 200, 255})
		}
		var data bytes.Buffer
		if err := png.Encode(&data, img); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	big, small := picture("größer.png", 41, 23), picture("small one.png", 17, 11)
	for name, d := range map[string]*Draft{
		"text": {Text: FromString("the text", "Grüße <b>\n\nHere: [image: größer.png] it is\n"), Images: []string{big, small}},
		"html": {HTML: FromString("the HTML", `<html><body><p>Gr&uuml;&szlig;e &lt;b&gt;</p><p>Here: <img src="gr%C3%B6%C3%9Fer.png"> it is</p><img src='cid:small one.png'></body></html>`), Images: []string{big, small}},
	} {
		t.Run(name, func(t *testing.T) {
			dom := shown(t, program, written(t, d))
			for _, want := range []string{"Grüße &lt;b&gt;", ` data-size="41x23"`, ` data-size="17x11"`, "images=2 broken=0"} {
				if !strings.Contains(dom, want) {
					t.Errorf("the page has no %q:\n%s", want, dom)
				}
			}
			if a, b := strings.Index(dom, `data-size="41x23"`), strings.Index(dom, "it is"); a > b {
				t.Errorf("the first picture is not in its place:\n%s", dom)
			}
		})
	}
}

// measuring has the page write down how large its images are.
const measuring = `<script>window.onload = () => { let broken = 0; for (const i of document.images) {
i.dataset.size = i.naturalWidth + "x" + i.naturalHeight; if (!i.naturalWidth) broken++ }
document.body.append(" images=" + document.images.length + " broken=" + broken) }</script>`

// shown is the page of a message as the browser has it in the end.
func shown(t *testing.T, program, text string) string {
	t.Helper()
	dir := t.TempDir()
	page := ""
	_, parts := leaves(t, text)
	for _, p := range parts {
		if p.kind == "text/html" {
			page = string(p.data)
		}
	}
	for _, p := range parts {
		if p.id == "" {
			continue
		}
		file := strings.ReplaceAll(p.id, "@", "-") + ".png"
		if err := os.WriteFile(filepath.Join(dir, file), p.data, 0o600); err != nil {
			t.Fatal(err)
		}
		page = strings.ReplaceAll(page, "cid:"+p.id, file)
	}
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(`<meta charset="utf-8">`+measuring+page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	browser := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+file)
	browser.Stdout, browser.Stderr = &out, &errs
	if err := browser.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return out.String()
}
