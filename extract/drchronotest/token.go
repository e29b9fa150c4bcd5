package drchronotest

// RefreshToken is the one that counts now, as a person's new consent would
// give it.
func (s *Server) RefreshToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth.refresh
}
