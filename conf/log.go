package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Log is the log key: where the receipts of messages go.
type Log struct {
	To   string // "file", "syslog", "journal" or "stderr"; empty or "off" is nowhere
	Path string // of the file or the socket, where it is not the usual one
}

// On tells whether there is a log.
func (l Log) On() bool { return l.To != "" && l.To != "off" }

// UnmarshalTOML reads a string, or a table with the path of a file or a socket.
func (l *Log) UnmarshalTOML(value any) error {
	*l = Log{}
	switch v := value.(type) {
	case string:
		switch v {
		case "off", "file", "syslog", "journal", "stderr":
			l.To = v
			return nil
		}
		return fmt.Errorf("%q is none of off, file, syslog, journal, stderr", v)
	case map[string]any:
		for to, path := range v {
			switch to {
			case "file", "syslog", "journal":
			default:
				return fmt.Errorf("unknown log %q; with a path there are file, syslog, journal", to)
			}
			text, _ := path.(string)
			if text == "" {
				return fmt.Errorf("%s should be a path", to)
			}
			l.To, l.Path = to, text
		}
		if len(v) == 1 {
			return nil
		}
	}
	return errors.New("should be a string, or a table with one of file, syslog, journal")
}

// LogFile is the file of log = "file": the user's, or for root the system's. It is empty where there is no home folder.
func LogFile() string {
	if os.Getuid() == 0 && !filepath.IsAbs(os.Getenv("XDG_STATE_HOME")) {
		return "/var/log/postern.log"
	}
	dir := StateDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "log")
}
