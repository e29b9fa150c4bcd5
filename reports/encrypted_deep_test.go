//go:build deep

package reports

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// unlock opens a workbook in LibreOffice with a passphrase and saves it without.
const unlock = `
import subprocess, sys, time, uno
from com.sun.star.beans import PropertyValue
def prop(name, value):
    p = PropertyValue(); p.Name, p.Value = name, value
    return p
profile, pipe, path, passphrase, out = sys.argv[1:]
office = subprocess.Popen(["soffice", "-env:UserInstallation=file://" + profile, "--headless", "--norestore", "--accept=pipe,name=" + pipe + ";urp;"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    for n in range(240):
        try:
            context = resolver.resolve("uno:pipe,name=" + pipe + ";urp;StarOffice.ComponentContext")
            break
        except Exception:
            time.sleep(0.5)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    book = desktop.loadComponentFromURL("file://" + path, "_blank", 0, (prop("Hidden", True), prop("Password", passphrase)))
    if book is None:
        sys.exit("it does not open")
    book.storeToURL("file://" + out, (prop("FilterName", "Calc MS Excel 2007 XML"),))
    book.close(True)
    desktop.terminate()
    office.wait(60)
finally:
    office.kill()
`

// LibreOffice opens what we encrypt, and finds the rows that we wrote.
func TestLibreOfficeOpensAnEncryptedWorkbook(t *testing.T) {
	files, out := encryptedBook(t, "correct horse"), filepath.Join(t.TempDir(), "open.xlsx")
	cmd := exec.Command("timeout", "-k", "5", "120", "/usr/bin/python3", "-c", unlock, t.TempDir(), fmt.Sprint("chartbridge", os.Getpid()), files.Reconciliation, "correct horse", out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	book, err := ReadReturned(out, testKey, "")
	if err != nil || signed(book) == 0 {
		t.Errorf("LibreOffice saves %d rows of ours (%v)", signed(book), err)
	}
}
