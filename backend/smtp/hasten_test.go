package smtp

import (
	"time"

	"postern/backend"
)

// Hasten has a transport wait for its secret no longer than wait.
func Hasten(t backend.Transport, wait time.Duration) { t.(*transport).have.Password.Wait = wait }
