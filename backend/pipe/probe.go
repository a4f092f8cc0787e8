package pipe

import (
	"context"
	"os/exec"

	"postern/backend"
)

// Probe tells whether the program is there and may be run. It isn't run: what it would do without a message is its own.
func (t *transport) Probe(ctx context.Context, tell func(backend.Step)) {
	step := backend.Step{Name: "program"}
	path, err := exec.LookPath(t.Command[0])
	if err != nil {
		step.Verdict, step.Err = backend.Failed, t.unstarted(ctx, err)
	} else {
		step.Text = path + " is there and may be run; the command is " + shown(t.Command)
		step.Facts = map[string]any{"program": path}
	}
	tell(step)
}

// Way tells which program would get a message.
func (t *transport) Way() backend.Way { return backend.Way{Program: t.Command[0]} }
