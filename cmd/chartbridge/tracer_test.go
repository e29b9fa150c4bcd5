//go:build deep && amd64

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// An act is a system call that changes something outside the program: a file
// below the tracer's root, or what a vendor hears. Between two acts nothing
// changes out there, so a death at each act is a death at any instant.
type act struct {
	call     uint64
	name     string
	path, to string // of the file, and of what it is renamed to; "" = the network
	fd       int
	data     []byte // what is written
	at       int64  // where; or the new length
	flags    uint64
	change   *change // in the disk's model
	covered  int     // changes that a sync brings down
}

// A stroke is what is done to an act before it happens.
type stroke struct {
	kill bool
	fail syscall.Errno // 0: it goes on
}

// A tracer runs the program under ptrace and sees the acts of all its threads,
// in the one order in which they happen.
type tracer struct {
	t      *testing.T
	root   string
	disk   *disk // follows the files; nil: nobody asks for them
	strike func(act) stroke
	pid    int
	acts   map[int]*act // under way, by thread
	failed map[int]syscall.Errno
	memory *os.File
	struck int // acts that a stroke hit
}

const (
	ptraceSyscallInfo = 0x420e
	ptraceExitKill    = 0x100000
	waitAll           = 0x40000000 // __WALL
	waitOwn           = 0x20000000 // __WNOTHREAD: each trial's tracer waits for its own
	atEntry, atExit   = 1, 2
)

// names are the calls that act; open and the truncating ones are looked at
// more closely.
var names = map[uint64]string{
	syscall.SYS_WRITE: "write", syscall.SYS_PWRITE64: "pwrite", syscall.SYS_FTRUNCATE: "ftruncate", syscall.SYS_TRUNCATE: "truncate",
	syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fdatasync", syscall.SYS_OPENAT: "openat", syscall.SYS_OPEN: "open",
	syscall.SYS_UNLINK: "unlink", syscall.SYS_UNLINKAT: "unlinkat", syscall.SYS_RENAME: "rename", syscall.SYS_RENAMEAT: "renameat",
	316: "renameat2", syscall.SYS_MKDIR: "mkdir", syscall.SYS_MKDIRAT: "mkdirat", syscall.SYS_RMDIR: "rmdir", syscall.SYS_SYMLINKAT: "symlinkat",
	syscall.SYS_CONNECT: "connect", syscall.SYS_SENDTO: "sendto",
	// These the model does not know: a program that begins to use them on its files is told so.
	syscall.SYS_WRITEV: "writev", syscall.SYS_PWRITEV: "pwritev", syscall.SYS_SENDFILE: "sendfile", syscall.SYS_FALLOCATE: "fallocate",
	syscall.SYS_LINK: "link", syscall.SYS_LINKAT: "linkat", 326: "copy_file_range",
}

// run traces such a process to its end.
func (r *tracer) run(args, env []string, out *os.File) syscall.WaitStatus {
	r.t.Helper()
	runtime.LockOSThread() // ptrace knows its tracer by the thread
	defer runtime.UnlockOSThread()
	p, err := os.StartProcess(args[0], args, &os.ProcAttr{Env: env, Files: []*os.File{nil, out, out}, Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.pid = p.Pid
	defer p.Release()
	r.acts, r.failed = map[int]*act{}, map[int]syscall.Errno{}
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(r.pid, &ws, waitAll, nil); err != nil || !ws.Stopped() {
		r.t.Fatalf("the traced process did not stop at its start: %v", err)
	}
	if r.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", r.pid)); err != nil {
		r.t.Fatal(err)
	}
	defer r.memory.Close()
	if err := syscall.PtraceSetOptions(r.pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|ptraceExitKill); err != nil {
		r.t.Fatal(err)
	}
	known := map[int]bool{r.pid: true}
	_ = syscall.PtraceSyscall(r.pid, 0) // an error: it is dead, and the wait tells
	for {
		tid, err := syscall.Wait4(-1, &ws, waitAll|waitOwn, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			r.t.Fatalf("wait for the traced process: %v", err)
		}
		signal := 0
		switch {
		case !ws.Stopped():
			if tid == r.pid {
				return ws
			}
			continue
		case ws.StopSignal() == syscall.SIGTRAP|0x80:
			r.stopped(tid)
		case ws.StopSignal() == syscall.SIGTRAP, !known[tid] && ws.StopSignal() == syscall.SIGSTOP: // a new thread
		default:
			signal = int(ws.StopSignal())
		}
		known[tid] = true
		_ = syscall.PtraceSyscall(tid, signal)
	}
}

// stopped looks at a thread that enters or leaves a call.
func (r *tracer) stopped(tid int) {
	var info struct {
		op         uint8
		_          [3]uint8
		_          uint32
		_, _       uint64
		nr         uint64 // at an exit: what came back
		args       [6]uint64
		_, _, _, _ uint64
	}
	if _, _, e := syscall.Syscall6(syscall.SYS_PTRACE, ptraceSyscallInfo, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); e != 0 {
		return // it was killed meanwhile
	}
	switch info.op {
	case atEntry:
		a := r.act(info.nr, info.args)
		if a == nil {
			return
		}
		s := r.strike(*a)
		if s != (stroke{}) {
			r.struck++
		}
		switch {
		case s.kill:
			_ = syscall.Kill(r.pid, syscall.SIGKILL)
			return
		case s.fail != 0:
			r.failed[tid] = s.fail
			r.setRegisters(tid, func(regs *syscall.PtraceRegs) { regs.Orig_rax = ^uint64(0) })
			return
		}
		if r.disk != nil {
			r.disk.begins(a)
		}
		r.acts[tid] = a
	case atExit:
		if errno, ok := r.failed[tid]; ok {
			delete(r.failed, tid)
			r.setRegisters(tid, func(regs *syscall.PtraceRegs) { regs.Rax = uint64(-int64(errno)) })
			return
		}
		if a := r.acts[tid]; a != nil {
			delete(r.acts, tid)
			if r.disk != nil {
				r.disk.ended(a, int64(info.nr))
			}
		}
	}
}

func (r *tracer) setRegisters(tid int, change func(*syscall.PtraceRegs)) {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return // it was killed meanwhile
	}
	change(&regs)
	_ = syscall.PtraceSetRegs(tid, &regs)
}

// act is what a call would do out there; nil: nothing.
func (r *tracer) act(nr uint64, args [6]uint64) *act {
	name, acts := names[nr]
	if !acts {
		return nil
	}
	a := &act{call: nr, name: name}
	switch name {
	case "connect", "sendto":
		return a
	case "openat":
		a.path, a.flags = r.named(args[0], args[1]), args[2]
	case "open":
		a.path, a.flags = r.named(atCWD, args[0]), args[1]
	case "unlink", "mkdir", "rmdir", "truncate", "link":
		a.path, a.at = r.named(atCWD, args[0]), int64(args[1])
	case "unlinkat", "mkdirat", "linkat":
		a.path, a.flags = r.named(args[0], args[1]), args[2]
	case "symlinkat":
		a.path, a.to = r.named(args[1], args[2]), r.text(args[0])
	case "rename":
		a.path, a.to = r.named(atCWD, args[0]), r.named(atCWD, args[1])
	case "renameat", "renameat2":
		a.path, a.to = r.named(args[0], args[1]), r.named(args[2], args[3])
	case "copy_file_range":
		a.path = r.opened(args[2])
	default:
		a.fd, a.path = int(int32(args[0])), r.opened(args[0])
		if strings.HasPrefix(a.path, "socket:") {
			a.path = ""
			return a
		}
	}
	if !strings.HasPrefix(a.path, r.root+"/") || strings.HasSuffix(a.path, " (deleted)") || strings.HasPrefix(name, "open") && a.flags&(syscall.O_CREAT|syscall.O_TRUNC) == 0 {
		return nil
	}
	switch name {
	case "write":
		a.data, a.at = r.read(args[1], args[2]), r.position(a.fd)
	case "pwrite":
		a.data, a.at = r.read(args[1], args[2]), int64(args[3])
	case "ftruncate":
		a.at = int64(args[1])
	case "writev", "pwritev", "sendfile", "fallocate", "link", "linkat", "copy_file_range":
		r.t.Errorf("%s of %s: the model of the disk does not know it", name, a.path)
	}
	return a
}

const atCWD = uint64(0xffffffffffffff9c)

func (r *tracer) opened(fd uint64) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", r.pid, int32(fd)))
	return path
}

// named is a path in the program's memory, made absolute.
func (r *tracer) named(dir, at uint64) string {
	path := r.text(at)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	base := ""
	if int32(dir) == -100 {
		base, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", r.pid))
	} else {
		base = r.opened(dir)
	}
	return filepath.Join(base, path)
}

// text is one that ends with a zero.
func (r *tracer) text(at uint64) string {
	text := make([]byte, 4096)
	n, _ := r.memory.ReadAt(text, int64(at)) // short at the end of a mapping
	text, _, _ = bytes.Cut(text[:n], []byte{0})
	return string(text)
}

func (r *tracer) read(at, n uint64) []byte {
	data := make([]byte, n)
	if _, err := r.memory.ReadAt(data, int64(at)); err != nil {
		r.t.Errorf("read what is written: %v", err)
	}
	return data
}

// position is where a plain write goes; -1 is the end of the file.
func (r *tracer) position(fd int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", r.pid, fd))
	if err != nil {
		r.t.Errorf("read where it is written: %v", err)
	}
	var at, flags int64
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "pos":
			at, _ = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		case "flags":
			flags, _ = strconv.ParseInt(strings.TrimSpace(value), 8, 64)
		}
	}
	if flags&syscall.O_APPEND != 0 {
		return -1
	}
	return at
}
