package discover

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// element is an element of an XML text with what is in it. encoding/xml would fill tables at each start of the program,
// and some of the files that are about have entities that it refuses.
type element struct {
	name       string
	attributes map[string]string
	text       strings.Builder
	children   []*element
}

const (
	maxDepth    = 20
	maxElements = 5000
)

// child is the text of the first element of the name, or "".
func (e *element) child(name string) string {
	for _, c := range e.all(name) {
		return strings.TrimSpace(c.text.String())
	}
	return ""
}

// all are the elements of the name.
func (e *element) all(name string) (found []*element) {
	for _, c := range e.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// errCut is an XML text whose end is missing.
var errCut = errors.New("its end is missing")

// parseXML reads as much of XML 1.0 as autoconfig files have: elements, attributes, text, CDATA, comments. Namespaces and
// entities of the text's own are not known.
func parseXML(text string) (*element, error) {
	root := &element{}
	open := []*element{root}
	for count := 0; ; {
		now := open[len(open)-1]
		before, rest, more := strings.Cut(text, "<")
		now.text.WriteString(unescape(before))
		if !more {
			break
		}
		var inside string
		switch {
		case strings.HasPrefix(rest, "!--"):
			_, text, more = strings.Cut(rest[3:], "-->")
		case strings.HasPrefix(rest, "![CDATA["):
			inside, text, more = strings.Cut(rest[8:], "]]>")
			now.text.WriteString(inside)
		case strings.HasPrefix(rest, "?"):
			_, text, more = strings.Cut(rest, "?>")
		case strings.HasPrefix(rest, "!"):
			inside, text, more = strings.Cut(rest, ">")
			if strings.Contains(inside, "[") {
				return nil, errors.New("it has entities of its own")
			}
		case strings.HasPrefix(rest, "/"):
			inside, text, more = strings.Cut(rest[1:], ">")
			if name := strings.TrimSpace(inside); more && (len(open) == 1 || name != now.name) {
				return nil, fmt.Errorf("</%.20s> ends nothing", clean(name))
			}
			open = open[:max(1, len(open)-1)]
		default:
			var begun *element
			var empty bool
			if begun, empty, text, more = tag(rest); !more {
				break
			}
			if count++; count > maxElements || len(open) > maxDepth {
				return nil, errors.New("it has too many elements")
			}
			now.children = append(now.children, begun)
			if !empty {
				open = append(open, begun)
			}
		}
		if !more {
			return nil, errCut
		}
	}
	if len(open) > 1 {
		return nil, errCut
	}
	return root, nil
}

// tag reads the tag that begins an element, behind its bracket.
func tag(text string) (e *element, empty bool, rest string, ok bool) {
	const space = " \t\r\n"
	n := strings.IndexAny(text, space+"/>")
	if n <= 0 {
		return nil, false, "", false
	}
	e = &element{name: text[:n], attributes: map[string]string{}}
	for text = text[n:]; ; {
		text = strings.TrimLeft(text, space)
		if rest, ok := strings.CutPrefix(text, "/>"); ok {
			return e, true, rest, true
		}
		if rest, ok := strings.CutPrefix(text, ">"); ok {
			return e, false, rest, true
		}
		name, after, found := strings.Cut(text, "=")
		after = strings.TrimLeft(after, space)
		if !found || after == "" || after[0] != '"' && after[0] != '\'' || strings.Contains(name, ">") {
			return nil, false, "", false
		}
		value, behind, found := strings.Cut(after[1:], after[:1])
		if !found {
			return nil, false, "", false
		}
		e.attributes[strings.TrimSpace(name)] = unescape(value)
		text = behind
	}
}

// unescape has the characters that entities stand for. What is no entity stays.
func unescape(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	text = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&#38;").Replace(text)
	var out strings.Builder
	for {
		before, rest, more := strings.Cut(text, "&#")
		out.WriteString(before)
		if !more {
			return out.String()
		}
		digits, after, ended := strings.Cut(rest, ";")
		number, base := digits, 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			number, base = hex, 16
		}
		code, err := strconv.ParseUint(number, base, 21)
		if !ended || err != nil {
			out.WriteString("&#")
			text = rest
			continue
		}
		out.WriteRune(rune(code))
		text = after
	}
}
