// Package queue keeps messages that can't be delivered now, so that none is lost whenever the program or the machine
// ends.
//
// # The states
//
// A message has an ID, which is never used again. Its state is which of these files are there:
//
//	state  tmp/ID  q/ID  q/ID.state  meaning
//	S1     -       -     -           unknown, or gone
//	S2     +       -     -           being written; garbage when old
//	S3     -       +     -           queued, never tried
//	S4     -       +     +           tried, recipients left
//	S5     -       -     +           settled; garbage
//	S6     failed/ID (+ .state)      given up, kept for the user
//	S7     corrupt/ID (+ .state)     damaged, set aside
//
// q/ID is a line of JSON, the Record, and behind it the message in wire form. It is complete before it gets its name,
// and never changed. q/ID.state, the State, is only ever replaced as a whole. Its modification time is when the message is
// due, so that a runner needs to open nothing that is not.
//
// # The moves
//
//	Open              make the folders, fsync them and all that they lie in, make down/
//	Put     S1 → S2   create tmp/ID (new, mode 0600), write, fsync
//	        S2 → S3   rename to q/ID, fsync q/; now Put returns, and the message is our responsibility
//	Retry   S3 → S4   write and fsync tmp/ID.state, rename to q/ID.state, fsync q/
//	        S4 → S4   the same
//	Done    S3 → S1   unlink q/ID, fsync q/
//	        S4 → S5   the same; S5 → S1 unlink q/ID.state
//	Fail    S4 → S6   link q/ID to failed/ID, fsync failed/, unlink q/ID, fsync q/; then the same with ID.state
//	Revive  S6 → S4   the other way round
//	Damaged S3/4 → S7 as Fail, to corrupt/
//
// # Why nothing is lost
//
// Where down/ is, the other folders have names that last, since it is made behind their fsync. The content of a message is on
// the disk before its name is, so a name in q/ stands for a whole message: a crash in S2 leaves a file
// in tmp/, which nobody was promised, and nothing in q/ is ever written to. Put returns after the fsync of q/, so that from
// then on a crash finds S3. From S3 and S4 only Done and Fail lead away. Done is called when each recipient has a
// server that took the message, or its failure has been told to the sender, in a message of its own that is in S3 by then.
// In the middle of Fail both names may be there, and the message is tried or given up once more; or the state without the
// message, which Sweep takes along.
//
// Only one process works on a message: who holds the lock (flock) of q/ID, and sees that the name still stands for the
// file that it has locked.
//
// # The limit
//
// A crash between a server's 250 and the end of Done has the message sent once more; so has a connection lost between the final dot
// and its reply (RFC 5321 section 4.2.5). Both keep the Message-ID, by which mail programs find duplicates. A crash between the
// Put of a report and the end of the move that it is about has the sender told once more. A disk that forgets what it has
// reported as written is beyond help.
package queue
