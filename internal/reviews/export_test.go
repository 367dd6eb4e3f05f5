package reviews

// TakeUp has a sweep read that many commissions at a time.
func (s *Service) TakeUp(most int) { s.most = most }
