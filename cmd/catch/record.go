package catch

import "time"

// Record is an event for programs.
type Record struct {
	Event      string    `json:"event"`
	Time       time.Time `json:"time"`
	Client     string    `json:"client"`
	Fault      string    `json:"fault,omitempty"`
	What       string    `json:"what,omitempty"`
	*Delivered           // of a message
}

// Delivered is a message for programs.
type Delivered struct {
	Number      int64        `json:"number"`
	Hello       string       `json:"hello"`
	TLS         string       `json:"tls"`
	User        string       `json:"user"`
	Mechanism   string       `json:"mechanism"`
	From        string       `json:"from"`
	Parameters  []string     `json:"parameters"`
	To          []Recipient  `json:"to"`
	Size        int64        `json:"size"`
	Faults      []string     `json:"faults"`
	Headers     []Field      `json:"headers"`
	Text        string       `json:"text"`
	TextMore    int64        `json:"text_more,omitempty"`
	HTML        int64        `json:"html,omitempty"`
	Attachments []Attachment `json:"attachments"`
	Trouble     string       `json:"trouble,omitempty"`
	File        string       `json:"file,omitempty"`
}

// Record has the event for programs. Lists that are empty are lists.
func (e *Event) Record() Record {
	r := Record{Event: e.Kind, Time: time.Now(), Client: e.Client, Fault: e.Fault, What: e.Text}
	if m := e.Message; m != nil {
		c := Read(m.Open())
		r.Time = m.Time
		r.Delivered = &Delivered{
			Number: m.Number, Hello: m.Hello, TLS: m.TLS, User: m.User, Mechanism: m.Mechanism,
			From: m.From, Parameters: list(m.Parameters), To: list(m.To), Size: m.Size, Faults: list(m.Faults),
			Headers: list(c.Header), Text: c.Text, TextMore: c.More, HTML: c.HTML, Attachments: list(c.Attachments),
			Trouble: c.Trouble, File: m.File,
		}
	}
	return r
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
