package conf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people write it: "90s", "5m", "1h30m", "5d".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads, and days.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is not a length of time such as \"30s\", \"5m\" or \"5d\"", s)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a length of time such as \"30s\", \"5m\" or \"5d\"", s)
	}
	*d = Duration(v)
	return nil
}

// Strings is a list of strings; one string alone is a list of one.
type Strings []string

// UnmarshalTOML reads a string as a list of one.
func (l *Strings) UnmarshalTOML(value any) (err error) {
	if text, ok := value.(string); ok {
		*l = Strings{text}
		return nil
	}
	*l, err = stringsOf(value)
	return err
}

func stringsOf(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("should be a string or a list of strings")
	}
	var texts []string
	for _, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, errors.New("should be a list of strings")
		}
		texts = append(texts, text)
	}
	return texts, nil
}
