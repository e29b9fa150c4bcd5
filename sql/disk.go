package sql

import (
	"errors"
	"fmt"
	"syscall"
)

// remote are the file systems on which SQLite's locks, and a sync that means
// it, cannot be relied on, by their magic number (statfs(2)).
var remote = map[uint32]string{
	0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "CIFS", 0xFE534D42: "SMB2", 0x65735546: "FUSE", 0x5346414F: "AFS",
	0x00C36400: "Ceph", 0x73757245: "Coda", 0x564C: "NCP", 0x0BD00BD0: "Lustre", 0x47504653: "GPFS", 0x013661E2: "BeeGFS",
}

// ErrRemote says that a folder does not lie on a local disk.
var ErrRemote = errors.New("the database needs a local disk: over a network or through FUSE, a commit may be lost after it was said to be there; name a data_dir on one")

func checkLocal(dir string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return localType(dir, uint32(disk.Type)) //nolint:gosec // magic numbers have 32 bits
}

func localType(dir string, magic uint32) error {
	if name, bad := remote[magic]; bad {
		return fmt.Errorf("%s lies on %s: %w", dir, name, ErrRemote)
	}
	return nil
}
