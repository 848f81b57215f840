package store

import "context"

// ClaimFiles remembers the mark of the document folder that belongs to this database, and returns the one that does:
// another one than was given when the database knows its folder already.
func (s *Store) ClaimFiles(ctx context.Context, mark string) (string, error) {
	var known string
	err := s.pool.QueryRow(ctx, `with claim as (insert into file_store (mark) values ($1) on conflict (id) do nothing returning mark)
		select mark from claim union all select mark from file_store limit 1`, mark).Scan(&known)
	return known, translate(err)
}
