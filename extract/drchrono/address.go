package drchrono

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

// vendorHosts are one place: next and bulk links have been seen on either
// (vendors/drchrono-facts §1).
var vendorHosts = []string{"app.drchrono.com", "drchrono.com"}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func allowedHosts(base *url.URL, more []string) map[string]bool {
	hosts := map[string]bool{hostPort(base): true}
	if loopback(base.Hostname()) { // one machine by any of its names
		for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
			more = append(slices.Clone(more), name+":"+portOf(base))
		}
	}
	if base.Scheme == "https" && slices.Contains(vendorHosts, strings.ToLower(base.Host)) {
		more = append(slices.Clone(more), vendorHosts...)
	}
	for _, h := range more {
		hosts[hostPort(&url.URL{Scheme: base.Scheme, Host: h})] = true
	}
	return hosts
}

// hostPort is the host in lower case with its port, the scheme's own if none
// is written.
func hostPort(u *url.URL) string {
	return net.JoinHostPort(strings.ToLower(u.Hostname()), portOf(u))
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}

// place turns a link into the URL to ask. A link is a path with a query
// ("/api/patients?since=…", with or without the base's path prefix) or an
// absolute URL on an allowed host, as next and Location carry it. Path and
// query are kept byte for byte. Scheme and host are the configured ones, unless
// keepHost says to go where the link says (a redirect).
//
// The error is a reason in our own words.
func (c *Client) place(link string, keepHost bool) (*url.URL, error) {
	if !printable(link) {
		return nil, errors.New("it holds spaces, control or non-ASCII characters")
	}
	host, rest := c.base.Host, link
	if !strings.HasPrefix(link, "/") || strings.HasPrefix(link, "//") {
		u, err := c.foreign(link, keepHost)
		if err != nil {
			return nil, err
		}
		if keepHost {
			host = u.Host
		}
		rest = afterHost(link)
	}
	rest, err := c.underAPI(rest)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.base.Scheme + "://" + host + rest)
	if err != nil || u.RequestURI() != rest {
		return nil, errors.New("its path cannot be sent byte for byte")
	}
	return u, nil
}

// foreign refuses an absolute URL that does not lead to an allowed host
// (research/reliability S9). A link that is followed to the configured host may
// name it by http or https, or be the vendor's own, as a server behind a proxy
// writes it; a redirect, which is followed to where it says, may not.
func (c *Client) foreign(link string, keepHost bool) (*url.URL, error) {
	u, err := url.Parse(link)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("it is neither a path nor an absolute URL")
	case u.Scheme != c.base.Scheme && (keepHost || u.Scheme != "https" && u.Scheme != "http"):
		return nil, errors.New("its scheme is not " + c.base.Scheme)
	case u.User != nil:
		return nil, errors.New("it carries a user name")
	case !keepHost && slices.Contains(vendorHosts, strings.ToLower(u.Hostname())) && portOf(u) == portOf(&url.URL{Scheme: u.Scheme}):
		return u, nil
	}
	asked := &url.URL{Scheme: c.base.Scheme, Host: u.Host}
	if !c.hosts[hostPort(asked)] {
		return nil, errors.New("its host or port is not an allowed one")
	}
	return u, nil
}

// underAPI checks that a path lies below /api/ of the base, whose prefix it
// adds where the link lacks it.
func (c *Client) underAPI(rest string) (string, error) {
	if strings.Contains(rest, "#") {
		return "", errors.New("it has a fragment")
	}
	prefix := c.base.EscapedPath()
	if !strings.HasPrefix(rest, prefix+"/api/") {
		rest = prefix + rest
	}
	path, _, _ := strings.Cut(rest, "?")
	plain, err := url.PathUnescape(path)
	if err != nil || !strings.HasPrefix(path, prefix+"/api/") {
		return "", errors.New("its path is not below /api/")
	}
	for _, part := range strings.Split(plain, "/") {
		if part == "." || part == ".." {
			return "", errors.New("its path climbs")
		}
	}
	return rest, nil
}

// printable reports whether a link has only bytes that may stand in a request
// line; a backslash, which some parsers take for a slash, may not.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// afterHost is what follows the authority of an absolute URL, untouched.
func afterHost(link string) string {
	_, rest, _ := strings.Cut(link, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[i:]
	}
	return ""
}
