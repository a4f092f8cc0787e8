package compose

import (
	"errors"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// pictures are the images of a message, which its HTML shows.
type pictures struct {
	draft  *Draft
	msg    *Message
	all    []*picture
	folder string
}

type picture struct {
	file string // as it was named
	part *Part
	used bool
}

// page makes the HTML, and the parts of the images in it.
func (d *Draft) page(m *Message) (page string, images []*Part, err error) {
	p := &pictures{draft: d, msg: m, folder: d.Folder}
	for _, name := range d.Images {
		if err := p.take(name); err != nil {
			return "", nil, err
		}
	}
	if d.HTML == nil {
		page, err = p.ofText(d.Text)
	} else if page, err = d.HTML.whole(); err == nil {
		m.open = append(m.open, d.HTML)
		page, err = p.refer(page)
	}
	if err != nil {
		return "", nil, err
	}
	page = p.append(page)
	for _, one := range p.all {
		images = append(images, one.part)
	}
	return page, images, nil
}

// take adds an image.
func (p *pictures) take(name string) error {
	base := filepath.Base(name)
	for _, other := range p.all {
		if filepath.Base(other.file) == base {
			return dataError("two images have the name %s: a text could not tell them apart", base)
		}
	}
	part, err := p.msg.file(name)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(part.Type, "image/") {
		return dataError("%s is no image but %s: attach it", name, part.Type)
	}
	part.Encoding, part.text, part.Charset = "base64", false, "" // of an SVG
	part.Disposition = "inline"
	part.ContentID = p.draft.token() + "@inline"
	p.all = append(p.all, &picture{file: name, part: part})
	return nil
}

// find is the image that a reference means: its name as it was given, or without its folder.
func (p *pictures) find(ref string) *picture {
	for _, one := range p.all {
		if ref == one.file || ref == filepath.Base(one.file) {
			return one
		}
	}
	return nil
}

// tag is the element that shows an image.
func (one *picture) tag() string {
	one.used = true
	return `<img src="cid:` + one.part.ContentID + `" alt="` + html.EscapeString(one.part.Name) + `">`
}

// append adds the images that the page doesn't show to its end.
func (p *pictures) append(page string) string {
	var rest strings.Builder
	for _, one := range p.all {
		if !one.used {
			rest.WriteString("<p>" + one.tag() + "</p>\n")
		}
	}
	end := len(page)
	if i := strings.LastIndex(strings.ToLower(page), "</body"); i >= 0 && len(strings.ToLower(page)) == len(page) {
		end = i
	}
	if rest.Len() > 0 && end > 0 && page[end-1] != '\n' {
		page, end = page[:end]+"\n"+page[end:], end+1
	}
	return page[:end] + rest.String() + page[end:]
}

// refer has the page name its images as the message does: src="photo.png" or src="cid:photo.png" for one of the images,
// and for those that are beside the page src="photo.png". What a text says of src= is no reference.
func (p *pictures) refer(page string) (string, error) {
	element := regexp.MustCompile(`<[a-zA-Z](?:"[^"]*"|'[^']*'|[^"'>])*>`)
	attribute := regexp.MustCompile(`(?i)(\s(?:src|background)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)`)
	var out strings.Builder
	last := 0
	for _, at := range element.FindAllStringIndex(page, -1) {
		tag, err := p.referIn(page[at[0]:at[1]], attribute)
		if err != nil {
			return "", err
		}
		out.WriteString(page[last:at[0]] + tag)
		last = at[1]
	}
	return out.String() + page[last:], nil
}

// referIn is refer for an element, of which an attribute may be a reference.
func (p *pictures) referIn(tag string, attribute *regexp.Regexp) (string, error) {
	var out strings.Builder
	last := 0
	for _, at := range attribute.FindAllStringSubmatchIndex(tag, -1) {
		ref := unescape(strings.Trim(tag[at[4]:at[5]], `"'`))
		one, err := p.meant(ref)
		if err != nil {
			return "", err
		}
		if one == nil {
			continue
		}
		one.used = true
		out.WriteString(tag[last:at[4]] + `"cid:` + one.part.ContentID + `"`)
		last = at[5]
	}
	return out.String() + tag[last:], nil
}

// meant is the image that a reference of the page means, or nil where it means something else.
func (p *pictures) meant(ref string) (*picture, error) {
	name, inner := strings.CutPrefix(ref, "cid:")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	one := p.find(strings.TrimPrefix(name, "./"))
	switch {
	case one != nil:
		return one, nil
	case inner:
		return nil, dataError("the HTML shows %s, and no image has that name", oneLine(ref))
	}
	u, err := url.Parse(ref)
	if err != nil || u.Scheme != "" && u.Scheme != "file" || u.Host != "" || !strings.HasPrefix(typeByName(name), "image/") {
		return nil, nil // a place on the web, mostly
	}
	if p.folder == "" || u.Scheme != "" || !filepath.IsLocal(name) {
		if p.draft.TextIsHTML { // of a script's, which knows of no images
			return nil, nil
		}
		return nil, dataError("the HTML shows %s, which is neither one of the images nor beside the page", oneLine(ref))
	}
	file := filepath.Join(p.folder, name)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{file, errors.New("the HTML shows it, and it isn't there")}
	}
	if err := p.take(file); err != nil {
		return nil, err
	}
	return p.all[len(p.all)-1], nil
}
