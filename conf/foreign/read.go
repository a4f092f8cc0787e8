package foreign

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds a file: no configuration is as long, and half of one would be another.
const maxFile = 1 << 20

// Paths are where a program has its configuration, in the order in which they are looked for. home and config are the
// user's folders, the latter that of $XDG_CONFIG_HOME.
func Paths(program, home, config string) []string {
	switch program {
	case MSMTP:
		return []string{filepath.Join(home, ".msmtprc"), filepath.Join(config, "msmtp", "config"), "/etc/msmtprc"}
	case SSMTP:
		return []string{"/etc/ssmtp/ssmtp.conf"}
	case Nullmailer:
		return []string{"/etc/nullmailer"}
	case DMA:
		return []string{"/etc/dma/dma.conf"}
	case Git:
		return []string{filepath.Join(home, ".gitconfig"), filepath.Join(config, "git", "config")}
	case Mutt:
		return []string{
			filepath.Join(home, ".muttrc"), filepath.Join(home, ".mutt", "muttrc"), filepath.Join(config, "mutt", "muttrc"),
			filepath.Join(config, "neomutt", "neomuttrc"),
		}
	}
	return nil
}

// Read reads the first of paths that exists, and what belongs to it; "-" is standard input.
func Read(program string, paths []string, stdin io.Reader) ([]File, error) {
	for _, path := range paths {
		if path == "-" {
			f, err := readAll("stdin", stdin)
			return []File{f}, err
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && len(paths) > 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		if program == Nullmailer {
			return readFolder(path, info)
		}
		main, err := readFile(path)
		if err != nil {
			return nil, err
		}
		return append([]File{main}, beside(program, main)...), nil
	}
	return nil, fmt.Errorf("none of %s exists", strings.Join(paths, ", "))
}

func readFile(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	return readAll(path, f)
}

// readAll reads a file, and leaves out the mark that some editors put before UTF-8.
func readAll(name string, r io.Reader) (File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: over %d octets, which is no configuration", name, maxFile)
	}
	return File{name, strings.TrimPrefix(string(text), "\ufeff")}, err
}

// beside are the files that belong to a main file, as far as they can be read.
func beside(program string, main File) (files []File) {
	var path string
	switch program {
	case SSMTP:
		path = filepath.Join(filepath.Dir(main.Name), "revaliases")
	case DMA:
		if path = authPath(main); path == "" {
			return nil
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(main.Name), path)
		}
	default:
		return nil
	}
	if f, err := readFile(path); err == nil {
		files = append(files, f)
	}
	return files
}

// readFolder reads the folder of nullmailer, of which the list of servers is the main file. A path may name that file.
func readFolder(path string, info fs.FileInfo) ([]File, error) {
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	main, err := readFile(filepath.Join(dir, "remotes"))
	if err != nil {
		return nil, err
	}
	files := []File{main}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() == "remotes" || !slices.Contains(controlFiles(), e.Name()) {
			continue
		}
		f, err := readFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}
