package compose

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ofText is a text as HTML: paragraphs, line ends and spaces as they are. An image shows where the text says [image:
// photo.png], and else at the end.
func (p *pictures) ofText(text *Source) (string, error) {
	whole := ""
	if text != nil {
		var err error
		if whole, err = text.whole(); err != nil {
			return "", err
		}
	}
	mark := regexp.MustCompile(`\[image: *([^\]\r\n]+)\]`)
	whole = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(whole)
	var out strings.Builder
	out.WriteString("<!DOCTYPE html>\n<html><body>\n")
	for paragraph := range strings.SplitSeq(whole, "\n\n") {
		paragraph = strings.Trim(paragraph, "\n")
		if paragraph == "" {
			continue
		}
		out.WriteString("<p>")
		last := 0
		for _, at := range mark.FindAllStringSubmatchIndex(paragraph, -1) {
			if one := p.find(strings.TrimSpace(paragraph[at[2]:at[3]])); one != nil {
				out.WriteString(escape(paragraph[last:at[0]]) + one.tag())
				last = at[1]
			}
		}
		out.WriteString(escape(paragraph[last:]) + "</p>\n")
	}
	out.WriteString("</body></html>\n")
	return out.String(), nil
}

// escape is text as HTML.
func escape(text string) string {
	text = html.EscapeString(text)
	return strings.NewReplacer("  ", "&nbsp; ", "\t", "&nbsp; &nbsp; ", "\n ", "<br>\n&nbsp;", "\n", "<br>\n").Replace(text)
}

// plainText is what HTML says, for those who read no HTML: without what doesn't show, a line for each block, and the
// places that links lead to.
func plainText(page string) string {
	for _, hidden := range []string{`(?s)<!--.*?-->`, `(?is)<(?:head|title)\b.*?</(?:head|title)\s*>`, `(?is)<style\b.*?</style\s*>`, `(?is)<script\b.*?</script\s*>`} {
		page = regexp.MustCompile(hidden).ReplaceAllString(page, "")
	}
	page = regexp.MustCompile(`\s+`).ReplaceAllString(page, " ")
	page = regexp.MustCompile(`(?i)<a\b[^>]*\bhref="(https?:[^"]*)"[^>]*>(.*?)</a>`).ReplaceAllStringFunc(page, withPlace)
	page = regexp.MustCompile(`(?i)<img\b[^>]*\balt="([^"]+)"[^>]*>`).ReplaceAllString(page, "[image: $1]")
	page = regexp.MustCompile(`(?i) *<br\b[^>]*> *`).ReplaceAllString(page, "\n")
	page = regexp.MustCompile(`(?i) *<li\b[^>]*> *`).ReplaceAllString(page, "\n- ")
	page = regexp.MustCompile(`(?i) *</?(?:p|div|h[1-6]|ul|ol|table|blockquote|pre|hr|section|article)\b[^>]*> *`).ReplaceAllString(page, "\n\n")
	page = regexp.MustCompile(`(?i) *</?tr\b[^>]*> *`).ReplaceAllString(page, "\n")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "")
	page = strings.ReplaceAll(unescape(page), "\u00a0", " ")
	page = regexp.MustCompile(`\n(?: *\n)+`).ReplaceAllString(page, "\n\n")
	return strings.TrimSpace(strings.ReplaceAll(page, "\x00", "")) + "\n"
}

// unescape is HTML's text as it reads. It knows the names that people and programs use, and any number; the table of all
// names would be larger than the rest of this package.
func unescape(text string) string {
	return regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});`).ReplaceAllStringFunc(text, func(entity string) string {
		name := entity[1 : len(entity)-1]
		digits, isNumber := strings.CutPrefix(name, "#")
		if !isNumber {
			if char := named(name); char != "" {
				return char
			}
			return entity
		}
		base := 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		number, err := strconv.ParseUint(digits, base, 32)
		if err != nil || number < ' ' && number != '\n' && number != '\t' || !utf8.ValidRune(rune(number)) {
			return entity
		}
		return string(rune(number))
	})
}

// named is the character of a name.
func named(name string) string {
	switch name {
	case "amp":
		return "&"
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "quot":
		return `"`
	case "apos":
		return "'"
	case "nbsp":
		return "\u00a0"
	case "auml":
		return "ä"
	case "ouml":
		return "ö"
	case "uuml":
		return "ü"
	case "Auml":
		return "Ä"
	case "Ouml":
		return "Ö"
	case "Uuml":
		return "Ü"
	case "szlig":
		return "ß"
	case "eacute":
		return "é"
	case "egrave":
		return "è"
	case "agrave":
		return "à"
	case "ccedil":
		return "ç"
	case "ntilde":
		return "ñ"
	case "ndash":
		return "–"
	case "mdash":
		return "—"
	case "hellip":
		return "…"
	case "lsquo":
		return "‘"
	case "rsquo":
		return "’"
	case "ldquo":
		return "“"
	case "rdquo":
		return "”"
	case "bull":
		return "•"
	case "middot":
		return "·"
	case "laquo":
		return "«"
	case "raquo":
		return "»"
	case "euro":
		return "€"
	case "copy":
		return "©"
	case "reg":
		return "®"
	case "times":
		return "×"
	case "deg":
		return "°"
	}
	return ""
}

// withPlace is a link with the place behind its words, unless they are the place.
func withPlace(link string) string {
	parts := regexp.MustCompile(`(?i)\bhref="([^"]*)"[^>]*>(.*?)</a>`).FindStringSubmatch(link)
	if parts == nil || strings.TrimSpace(parts[2]) == parts[1] {
		return link
	}
	return parts[2] + " (" + parts[1] + ")"
}
