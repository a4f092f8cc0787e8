package main

import (
	"strings"

	"github.com/spf13/cobra"

	"postern/backend/queue"
)

// completer is what cobra asks for the words that may stand at a place.
type completer = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// completeAccounts offers the accounts' names, as the first argument or for a flag. A configuration that can't be read
// offers nothing: the command itself will tell.
func completeAccounts(_ *cobra.Command, args []string, begun string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return accountNames(begun), cobra.ShellCompDirectiveNoFileComp
}

// completeAccountFlag is for a flag, which takes a name whatever arguments there are.
func completeAccountFlag(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return accountNames(begun), cobra.ShellCompDirectiveNoFileComp
}

func accountNames(begun string) (found []cobra.Completion) {
	config, err := loadConfig("")
	if err != nil {
		return nil
	}
	for _, a := range config.Accounts {
		if strings.HasPrefix(a.Name, begun) {
			found = append(found, cobra.CompletionWithDesc(a.Name, a.From))
		}
	}
	return found
}

// completeMessages offers the messages in the queue, at most limit of them on a line, or any number where it is 0.
func completeMessages(limit int) completer {
	return func(_ *cobra.Command, args []string, begun string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
		config, err := loadConfig("")
		if err != nil || limit > 0 && len(args) >= limit {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		_ = queue.At(config.Queue.Dir).List(func(l queue.Listed) error {
			if strings.HasPrefix(l.ID, begun) {
				found = append(found, cobra.CompletionWithDesc(l.ID, strings.Join(l.Left(), " ")))
			}
			return nil
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completionCommand is postern completion. It stands in for cobra's own, which has a command and a long text for each
// shell.
func completionCommand(std streams, status *int) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "print what has a shell complete commands, accounts and messages",
		Long: `completion prints a script for a shell, which then completes commands, flags, the names of accounts and the ids of
messages in the queue. In bash it needs the package bash-completion, which also finds the script at the place of the
first example.`,
		Example: `  postern completion bash > ~/.local/share/bash-completion/completions/postern
  postern completion zsh > /usr/local/share/zsh/site-functions/_postern
  postern completion fish > ~/.config/fish/completions/postern.fish`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish"},
		Run: func(c *cobra.Command, args []string) {
			var err error
			switch root := c.Root(); args[0] {
			case "bash":
				err = root.GenBashCompletionV2(std.out, true)
			case "zsh":
				err = root.GenZshCompletion(std.out)
			case "fish":
				err = root.GenFishCompletion(std.out, true)
			}
			if err != nil {
				*status = report(std.err, "postern", []error{ioError{err}})
			}
		},
	}
}
