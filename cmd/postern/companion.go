package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// companion is the program under its own name: what a person types.
func companion(args []string, std streams) int {
	status := exOK
	root := rootCommand(std, &status)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	if c, err := root.ExecuteC(); err != nil {
		fmt.Fprintf(std.err, "postern: %v\n", err)
		fmt.Fprintf(std.err, "postern: hint: the usage is %s; %s --help has more\n", c.UseLine(), c.CommandPath())
		return exUsage
	}
	return status
}

// rootCommand is the tree of the commands; what one of them comes to goes into status.
func rootCommand(std streams, status *int) *cobra.Command {
	root := &cobra.Command{
		Use:   "postern COMMAND",
		Short: "a sendmail for machines that have no mail server",
		Long: `postern hands messages to the mail server of your provider.
Programs call it as sendmail; the commands here are for people.`,
		Example: `  postern setup ann@example.org
  postern check
  postern send -s Hello bob@example.org`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand is ours
	root.AddCommand(demoCommand(std, status), passwordCommand(std, status))
	root.AddCommand(catchCommand(std, status))
	root.AddCommand(queueCommand(std, status), sendCommand(std, status))
	root.AddCommand(mailCommand(std, status))
	root.AddCommand(loginCommand(std, status), tokenCommand(std, status), accountsCommand(std, status))
	root.AddCommand(completionCommand(std, status))
	root.AddCommand(setupCommand(std, status))
	root.AddCommand(useCommand(std, status), gitCommand(std, status), installCommand(std, status))
	root.AddCommand(checkCommand(std, status), capabilitiesCommand(std, status))
	root.AddCommand(importCommand(std, status), whyCommand(std, status))
	root.AddCommand(decodeCommand(std, status))
	for _, name := range []string{"sendmail", "mailq", "newaliases"} { // run dispatches them; here they are listed
		root.AddCommand(&cobra.Command{Use: name, Short: "the program under the name " + name, Run: func(*cobra.Command, []string) {}})
	}
	return root
}
