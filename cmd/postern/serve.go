package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"postern/backend/queue"
)

// keepRunning is sendmail -q30m: it delivers at intervals, and new messages at once, until a signal comes.
func (m *mailer) keepRunning(ctx context.Context, every time.Duration, told func(queue.Outcome)) error {
	s, err := m.spool()
	if err != nil {
		return err
	}
	wake := make(chan struct{}, 1)
	// Without a watch, as where the system has too many, the intervals remain.
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer w.Close()
		if err := w.Add(filepath.Join(m.config.Queue.Dir, queue.Folder)); err == nil {
			go watch(w, wake)
		}
	}
	return m.runner(s, told).Serve(ctx, every, wake)
}

// watch passes on that messages have come.
func watch(w *fsnotify.Watcher, wake chan<- struct{}) {
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if !e.Has(fsnotify.Create) || !queue.IsID(filepath.Base(e.Name)) {
				continue
			}
			select {
			case wake <- struct{}{}:
			default: // it will be seen to
			}
		case _, ok := <-w.Errors:
			if !ok {
				return
			}
		}
	}
}
