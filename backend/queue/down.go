package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Down is an account whose server could not be reached, or let nobody in. That is no fault of any message: all wait, with
// their states untouched, until the account is due.
type Down struct {
	Account string    `json:"account"`
	Tries   int       `json:"tries"`
	Since   time.Time `json:"since"`
	Tried   time.Time `json:"tried,omitzero"` // the last time
	Due     time.Time `json:"due"`
	Error   string    `json:"error"`
}

func downName(account string) string { return downDir + "/" + url.PathEscape(account) }

// Down tells whether an account is down, and since when.
func (s *Spool) Down(account string) (Down, bool) {
	var d Down
	f, err := s.files.open(downName(account))
	if err != nil {
		return d, false
	}
	defer f.Close()
	data := make([]byte, 64<<10)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) || json.Unmarshal(data[:n], &d) != nil {
		return Down{}, false
	}
	return d, true
}

// setDown notes that an account is down. It may be lost in a crash: then the account is tried at once.
func (s *Spool) setDown(d Down) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := s.replace(downName(d.Account), data, nil); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// setUp notes that an account can be sent by.
func (s *Spool) setUp(account string) { _ = s.files.remove(downName(account)) }

// Up notes that an account can be sent by, as somebody has found out; what waits for that is due.
func (s *Spool) Up(account string) {
	if s.files.remove(downName(account)) == nil {
		s.Sooner(s.now())
	}
}

// Nudge has an account that is down tried once more, if the last time was so long ago: somebody sends by it, and perhaps knows that
// the network is back.
func (s *Spool) Nudge(account string, ago time.Duration) {
	now := s.now()
	if d, down := s.Down(account); down && d.Due.After(now) && now.Sub(d.Tried) >= ago {
		d.Due = now
		_ = s.setDown(d) // else its pause goes on
	}
}
