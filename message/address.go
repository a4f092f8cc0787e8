package message

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Address is one address of a list.
type Address struct {
	Name string // display name, unquoted; encoded words stay as they are
	Spec string // what goes between angle brackets on the wire: "ann@example.org", `"a b"@x`, or a bare local name
}

// ParseAddresses reads the address list of a field, or of an argument, as real mail has them: groups, comments,
// quoted local parts, source routes, domain literals, bare local names, unquoted commas in a display name ("Doe,
// John <j@x>"). An entry that can't be read is told of in errs and doesn't lose the others.
func ParseAddresses(list string) (addrs []Address, errs []error) {
	tokens, errs := tokeniseList(list)
	errs = append(errs, eachEntry(tokens, func(entry []token) error {
		a, err := parseEntry(entry)
		if a.Spec != "" {
			addrs = append(addrs, a)
		}
		if err != nil {
			err = fmt.Errorf("%w in %q", err, shorten(spell(entry)))
		}
		return err
	})...)
	return addrs, errs
}

// eachEntry calls visit for each entry of a list that isn't empty, and gives its errors, with those of entries that
// it isn't called for.
func eachEntry(tokens []token, visit func(entry []token) error) (errs []error) {
	entry := func(from, to int) {
		if from == to {
			return
		}
		if err := visit(tokens[from:to]); err != nil {
			errs = append(errs, err)
		}
	}
	start := 0
	for i := 0; i < len(tokens); i++ {
		switch tokens[i].kind {
		case '<':
			i += routeLen(tokens[i+1:])
		case ':': // what came before names a group (RFC 5322 section 3.4), unless it is an address
			if slices.ContainsFunc(tokens[start:i], func(t token) bool { return t.kind == '@' || t.kind == '<' }) {
				for i < len(tokens) && tokens[i].kind != ',' && tokens[i].kind != ';' {
					i++
				}
				errs = append(errs, fmt.Errorf("an unexpected ':' in %q", shorten(spell(tokens[start:i]))))
			}
			start = i + 1
		case ',':
			if !looksLikeName(tokens[start:i], tokens[i+1:]) {
				entry(start, i)
				start = i + 1
			}
		case ';':
			entry(start, i)
			start = i + 1
		}
	}
	entry(min(start, len(tokens)), len(tokens))
	return errs
}

// HasDomain tells whether an address has a domain; an at sign in a quoted local part is none.
func HasDomain(spec string) bool {
	return strings.Contains(spec[strings.LastIndexByte(spec, '"')+1:], "@")
}

// maxBadEntries is how many entries that can't be taken apart a list may have before its rest is left out.
const maxBadEntries = 20

// tokeniseList takes a list apart. Where an entry can't be, it is told of and dropped, and the reading goes on behind
// the next comma.
func tokeniseList(list string) (tokens []token, errs []error) {
	for list != "" {
		if len(errs) == maxBadEntries { // each may have been looked for to the end of the list
			return tokens, append(errs, fmt.Errorf("too many of them; left out: %q", shorten(list)))
		}
		more, rest, err := tokenise(list)
		tokens = append(tokens, more...)
		if err == nil {
			break
		}
		errs = append(errs, fmt.Errorf("%w in %q", err, shorten(strings.TrimSpace(rest))))
		for len(tokens) > 0 && !strings.ContainsRune(",;:", rune(tokens[len(tokens)-1].kind)) {
			tokens = tokens[:len(tokens)-1]
		}
		_, list, _ = strings.Cut(rest, ",")
	}
	return tokens, errs
}

// looksLikeName tells whether the comma behind entry belongs to a display name: "Doe, John <j@x>" rather than a
// local name before another entry. There has to be a word alone, and after the comma words that end in "<".
func looksLikeName(entry, after []token) bool {
	if len(entry) == 0 || len(after) == 0 {
		return false
	}
	for _, t := range entry {
		if t.kind == '@' || t.kind == '<' {
			return false
		}
	}
	switch strings.ToLower(entry[0].text) { // names that every machine has, in any case
	case "postmaster", "root", "mailer-daemon", "abuse":
		return false
	}
	words := 0
	for _, t := range after {
		switch t.kind {
		case 'a', 'q':
			words++
		case '<':
			return words > 0 && len(entry) <= 2 && strings.ToLower(entry[0].text) != entry[0].text
		default:
			return false
		}
	}
	return false
}

// parseEntry reads a mailbox: words and an address in angle brackets, or an address alone. An empty Spec without an
// error is the null address "<>".
func parseEntry(tokens []token) (Address, error) {
	for i, t := range tokens {
		if t.kind != '<' {
			continue
		}
		name := spellName(tokens[:i])
		inner := tokens[i+1:]
		end := -1
		for j, t := range inner {
			if t.kind == '>' {
				end = j
				break
			}
		}
		if end < 0 {
			return Address{}, errors.New("an angle bracket that is not closed")
		}
		for _, t := range slices.Concat(tokens[:i], inner[end+1:]) {
			if t.kind == '<' || t.kind == '@' {
				return Address{}, errors.New("two addresses without a comma between them")
			}
		}
		if end == 0 {
			return Address{}, nil
		}
		spec, err := parseSpec(inner[routeLen(inner[:end]):end])
		if err == nil && end+1 < len(inner) { // the address is good, and what stands behind it may be another
			err = errors.New("words behind the address")
		}
		return Address{name, spec}, err
	}
	spec, err := parseSpec(tokens)
	return Address{"", spec}, err
}

// routeLen is the length of the source route that tokens begin with, "@a,@b:", or 0. Receivers ignore it (RFC 5321
// appendix C).
func routeLen(tokens []token) int {
	for i := 0; i+2 < len(tokens) && tokens[i].kind == '@' && (tokens[i+1].kind == 'a' || tokens[i+1].kind == 'd'); i += 3 {
		switch tokens[i+2].kind {
		case ':':
			return i + 3
		case ',':
		default:
			return 0
		}
	}
	return 0
}

// parseSpec reads local-part "@" domain, or a local name alone.
func parseSpec(tokens []token) (string, error) {
	at := -1
	for i, t := range tokens {
		switch t.kind {
		case '@':
			if at >= 0 {
				return "", errors.New("two at signs")
			}
			at = i
		case 'a', 'q', 'd':
			if i > 0 && tokens[i-1].kind != '@' && !joins(tokens[i-1], t) {
				return "", errors.New("a space in the address")
			}
		default:
			return "", fmt.Errorf("an unexpected %q", string(t.kind))
		}
	}
	local, domain := tokens, []token(nil)
	if at >= 0 {
		local, domain = tokens[:at], tokens[at+1:]
	}
	if len(local) == 0 || at >= 0 && len(domain) == 0 {
		return "", errors.New("half an address")
	}
	var spec strings.Builder
	for _, t := range local {
		if t.kind == 'd' {
			return "", errors.New("a domain literal before the at sign")
		}
	}
	if len(local) == 1 && local[0].kind == 'a' {
		spec.WriteString(local[0].text)
	} else { // a quoted string, or the obsolete "a"."b"
		var text strings.Builder
		for _, t := range local {
			text.WriteString(t.text)
		}
		spec.WriteString(quoteLocal(text.String()))
	}
	if at < 0 {
		return spec.String(), nil
	}
	spec.WriteByte('@')
	for _, t := range domain {
		if t.kind == 'q' {
			return "", errors.New("quotation marks in the domain")
		}
		spec.WriteString(t.text)
	}
	return spec.String(), nil
}

// joins tells whether two neighbours make one local part or domain, such as "a" . "b" or a .b, which RFC 5322 section
// 4.4 calls obsolete.
func joins(a, b token) bool {
	return a.kind != 'd' && b.kind != 'd' && (strings.HasSuffix(a.text, ".") || strings.HasPrefix(b.text, "."))
}

// quoteLocal writes a local part as the wire wants it: plain where that can be, else as a quoted string (RFC 5321
// section 4.1.2).
func quoteLocal(text string) string {
	plain := true
	for _, c := range []byte(text) {
		plain = plain && isAtom(c)
	}
	dots := "." + text + "."
	if plain && !strings.Contains(dots, "..") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
