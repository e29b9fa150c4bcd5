package agile

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/xuri/excelize/v2"
)

// workbook is a workbook of some size.
func workbook(t *testing.T, rows int) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := range rows {
		if err := f.SetCellValue("Sheet1", fmt.Sprintf("A%d", i+1), fmt.Sprintf("%x", i*i*2654435761)); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encrypted(t *testing.T, plain []byte, passphrase string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encrypt(&b, bytes.NewReader(plain), int64(len(plain)), passphrase); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnotherProgramOpensIt(t *testing.T) {
	const passphrase = "öpen sesame 🔑"
	for _, rows := range []int{1, 5_000} {
		plain := workbook(t, rows)
		got, err := excelize.Decrypt(encrypted(t, plain, passphrase), &excelize.Options{Password: passphrase})
		if err != nil || !bytes.Equal(got[:min(len(plain), len(got))], plain) {
			t.Errorf("a workbook of %d bytes comes back as %d others (%v)", len(plain), len(got), err)
		}
	}
}

func TestAWrongPassphraseOpensNothing(t *testing.T) {
	secret := encrypted(t, workbook(t, 3), "right")
	if _, err := excelize.OpenReader(bytes.NewReader(secret), excelize.Options{Password: "wrong"}); err == nil {
		t.Error("a wrong passphrase opens it")
	}
	if bytes.Contains(secret, []byte("PK\x03\x04")) {
		t.Error("the archive stands in it in the clear")
	}
}

// Every size gives a file whose tables agree, where the FAT needs more sectors
// than the header names, too.
func TestLayout(t *testing.T) {
	for _, size := range []int64{16, 4096, 4112, 65536, 7 << 20, 8 << 20, 80 << 20, 300 << 20} {
		c := newCompound(nil, size)
		last := c.layout.dir.first + c.layout.dir.n
		if last > len(c.fat) {
			t.Errorf("%d bytes: %d sectors, but the FAT speaks of %d", size, last, len(c.fat))
		}
		if named := inHeader + c.difat*perDIFAT; c.fats > named {
			t.Errorf("%d bytes: %d sectors of the FAT, but only %d are named", size, c.fats, named)
		}
		if int64(c.layout.pack.n)*sectorSize < size {
			t.Errorf("%d bytes: the package has only %d sectors", size, c.layout.pack.n)
		}
	}
}

func TestALargeOneOpens(t *testing.T) {
	plain := bytes.Repeat([]byte("sixteen bytes of"), 9<<20/16) // beyond what the header's FAT sectors reach
	got, err := excelize.Decrypt(encrypted(t, plain, "p"), &excelize.Options{Password: "p"})
	if err != nil || len(got) < len(plain) || !bytes.Equal(got[:len(plain)], plain) {
		t.Errorf("%d bytes come back as %d (%v)", len(plain), len(got), err)
	}
}
