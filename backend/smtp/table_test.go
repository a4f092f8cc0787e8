package smtp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// stageTable is the table of docs/SMTP.md: what a cell says, by the pattern of its row and the stage of its column.
type stageTable map[string]map[string]string

// nothing is a cell of what can't happen.
const nothing = "–"

// readStageTable reads all tables of the page whose second column is the dialogue.
func readStageTable(t *testing.T) stageTable {
	page, err := os.ReadFile("../../docs/SMTP.md")
	if err != nil {
		t.Fatal(err)
	}
	table := stageTable{}
	var stages []string
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "|") {
			stages = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		switch {
		case len(cells) > 2 && cells[1] == "dialogue":
			stages = cells[2:]
		case stages == nil, strings.HasPrefix(line, "|---"):
		case len(cells) != 2+len(stages):
			t.Errorf("a row of %d cells: %s", len(cells), line)
		default:
			pattern := strings.Trim(cells[1], "`")
			if table[pattern] == nil {
				table[pattern] = map[string]string{}
			}
			for i, stage := range stages {
				if _, ok := table[pattern][stage]; ok {
					t.Errorf("%s has two cells for %s", pattern, stage)
				}
				table[pattern][stage] = cells[2+i]
			}
		}
	}
	if len(table) == 0 {
		t.Fatal("docs/SMTP.md has no table of dialogues")
	}
	return table
}

// TestStageTable: each cell of the table has its dialogue, whose result is as the cell says.
func TestStageTable(t *testing.T) {
	for pattern, row := range readStageTable(t) {
		if strings.Count(pattern, "*") != 1 {
			t.Errorf("%q is no pattern", pattern)
		}
		for stage, cell := range row {
			if cell == nothing {
				continue
			}
			name := strings.Replace(pattern, "*", stage, 1)
			archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txt"))
			if err != nil {
				t.Errorf("the table says %s: %v", cell, err)
				continue
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = string(f.Data)
			}
			if got := cellOf(part, stage); got != cell {
				t.Errorf("%s: the table says %s, and the dialogue %s", name, cell, got)
			}
			if !dotMayLeave(stage) && strings.ContainsAny(cell, "QX") && strings.Contains(part["dialogue"], "\nC: .\n") {
				t.Errorf("%s: the dot has left", name)
			}
		}
	}
}

// TestStageTableIsWhole: each dialogue that is named as the table's are has its cell.
func TestStageTableIsWhole(t *testing.T) {
	table := readStageTable(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for pattern, row := range table {
			before, after, _ := strings.Cut(pattern, "*")
			stage, begins := strings.CutPrefix(name, before)
			stage, ends := strings.CutSuffix(stage, after)
			if cell, ok := row[stage]; begins && ends && (!ok || cell == nothing) {
				t.Errorf("%s is a dialogue of %s, and has no cell", name, pattern)
			}
		}
	}
}

// dotMayLeave tells at which stages a dot was there before the event: it has been asked for, or is that of the message
// before.
func dotMayLeave(stage string) bool {
	return slices.Contains([]string{"dot", "chunk", "lmtp", "quit", "flight-dot", "flight-chunk", "kept-mail", "connect"}, stage)
}

// statusOf has the exit status of each kind, as cmd/postern has it.
var statusOf = map[string]int{
	"taken": 0, "data": 65, "no recipient": 67, "no host": 68, "refused": 69, "local": 74, "unknown": 75, "again": 75,
	"uncertain": 75, "protocol": 76, "denied": 77, "config": 78,
}

var fateLine = regexp.MustCompile(`(?m)^(?:all|\S+@\S+): ([a-z ]+), `)

// cellOf is what the table has to say of a dialogue: the exit status for its last recipient, and the letter for what
// happened.
func cellOf(part map[string]string, stage string) string {
	fates := fateLine.FindAllStringSubmatch(part["result"], -1)
	if fates == nil {
		return "nothing, for it has no result"
	}
	kind := fates[len(fates)-1][1]
	status, ok := statusOf[kind]
	if !ok {
		return "a kind that nobody knows: " + kind
	}
	return fmt.Sprintf("%d %s", status, letterOf(part["dialogue"], kind, stage))
}

func letterOf(dialogue, kind, stage string) string {
	said := ""
	for line := range strings.Lines(dialogue) {
		if command, ok := strings.CutPrefix(line, "C: "); ok {
			said = strings.TrimSuffix(command, "\n")
		}
	}
	switch {
	case strings.Contains(dialogue, ": once more, a command at a time\n"):
		return "A"
	case strings.Count("\n"+dialogue, "\n* connected to ") > 1:
		return "N"
	case kind == "uncertain":
		return "U"
	case kind == "taken" && stage == "ehlo" && strings.Contains(dialogue, "\nC: HELO "):
		return "H"
	case kind == "taken":
		return "T"
	case said == "QUIT":
		return "Q"
	}
	return "X"
}
