package conf

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// SystemFile is the configuration that all users share.
const SystemFile = "/etc/postern/config.toml"

// Files are the configuration files to read, in order: the one named by option, else by POSTERN_CONFIG, else the
// system's and the user's. required tells that the file was asked for by name, so it has to exist.
func Files(option string) (files []string, required bool) {
	if option != "" {
		return []string{option}, true
	}
	if env := os.Getenv("POSTERN_CONFIG"); env != "" {
		return []string{env}, true
	}
	files = []string{SystemFile}
	if dir := UserDir(); dir != "" {
		files = append(files, filepath.Join(dir, "postern", "config.toml"))
	}
	return files, false
}

// UserDir is where programs have the user's configuration: $XDG_CONFIG_HOME, else a folder of the home folder. It is empty
// where there is no home folder.
func UserDir() string {
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // the XDG specification has relative ones ignored
		return dir
	}
	home := HomeDir()
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".config")
}

// HomeDir is the user's home folder: $HOME, else what the password file says of the user id, since cron and mail
// servers start programs without an environment. It is empty if neither tells.
func HomeDir() string {
	if home := os.Getenv("HOME"); home != "" {
		return home
	}
	if u, err := user.LookupId(strconv.Itoa(os.Getuid())); err == nil {
		return u.HomeDir
	}
	return ""
}

// StateDir is where the user's files are that are kept from one run to the next: $XDG_STATE_HOME, else for root the
// system's, since cron and a login shell have to find the same. It is empty where there is no home folder.
func StateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "postern")
	}
	if os.Getuid() == 0 {
		return "/var/lib/postern"
	}
	home := HomeDir()
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".local", "state", "postern")
}
