package sql

import (
	"errors"
	"testing"
)

func TestNetworkAndFUSEAreRefused(t *testing.T) {
	for magic, refused := range map[uint32]bool{
		0x6969: true, 0xFF534D42: true, 0x65735546: true, // NFS, CIFS, FUSE
		0xEF53: false, 0x58465342: false, 0x9123683E: false, 0x01021994: false, 0x794C7630: false, // ext4, XFS, Btrfs, tmpfs, overlay
	} {
		if err := localType("data", magic); errors.Is(err, ErrRemote) != refused {
			t.Errorf("%x: %v, want refused %v", magic, err, refused)
		}
	}
	if err := checkLocal(t.TempDir()); err != nil {
		t.Error(err)
	}
}
