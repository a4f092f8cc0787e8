package main

// change is a field of a header with what becomes of it: "-" is taken out, "+" is added, " " stays.
type change struct {
	What string `json:"what"`
	Text string `json:"text"` // its lines
}

// compareHeaders tells what has become of a header's fields. They keep their order, so that what is in both goes along.
func compareHeaders(before, after []string) (changes []change) {
	was, is := headerFields(before), headerFields(after)
	inBefore, inAfter := counted(was), counted(is)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(was) > 0 && (inAfter[was[0]] == 0 || len(is) == 0):
			changes = append(changes, change{"-", was[0]})
			inBefore[was[0]]--
			was = was[1:]
		case len(is) > 0 && (inBefore[is[0]] == 0 || len(was) == 0):
			changes = append(changes, change{"+", is[0]})
			inAfter[is[0]]--
			is = is[1:]
		case was[0] == is[0]:
			changes = append(changes, change{" ", was[0]})
			inBefore[was[0]]--
			inAfter[is[0]]--
			was, is = was[1:], is[1:]
		default: // it has gone to another place
			changes = append(changes, change{"-", was[0]})
			inBefore[was[0]]--
			was = was[1:]
		}
	}
	return changes
}

// headerFields are the lines of a header, those that go on with a field together.
func headerFields(lines []string) (fields []string) {
	for _, line := range lines {
		if line == "" {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(fields) > 0 {
			fields[len(fields)-1] += "\n" + line
			continue
		}
		fields = append(fields, line)
	}
	return fields
}

func counted(texts []string) map[string]int {
	n := map[string]int{}
	for _, text := range texts {
		n[text]++
	}
	return n
}
