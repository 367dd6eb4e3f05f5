package apptest

import (
	"relais/internal/postgres/pgtest"
)

// Published makes a product that is on sale already the published design of a member, at that royalty in basis points, which varies another publication (0:
// none), and returns the publication. It is written behind the domain's back: nothing was drawn.
func (w *World) Published(product, author, royaltyBps, varies int64) (id int64) {
	w.T.Helper()
	w.behind(&id, `with v as (insert into base_versions (product_id, number, state, content, created_by, created_at, updated_at, published_at, currency)
		  select $1::bigint, coalesce(max(number), 0) + 1, 'retired', '{"version":1,"days":1,"views":[]}', $2::bigint, now(), now(), now(), 'EUR' from base_versions where product_id = $1::bigint returning id),
		d as (insert into designs (author_id, version_id, title, content, created_at, updated_at, varied_from)
		  select $2::bigint, id, 'Dessin', '{"version":1,"parts":[]}', now(), now(), nullif($4::bigint, 0) from v returning id, version_id),
		r as (insert into design_revisions (design_id, revision, version_id, title, content, option_minor, kept_at) select id, 1, version_id, 'Dessin', '{"version":1,"parts":[]}', 0, now() from d),
		p as (insert into publications (design_id, revision, author_id, base_product_id, product_id, parent_id, title, royalty_bps, may_vary, state, asked_at)
		  select id, 1, $2::bigint, $1::bigint, nullif($1::bigint, 0), nullif($4::bigint, 0), 'Dessin ' || $2::bigint, $3, true, case when $1::bigint = 0 then 'left' else 'listed' end, now() from d returning id, state),
		m as (insert into publication_moves (publication_id, kind, revision, by_member_id, at) select id, k.kind, 1, $2::bigint, now() from p, unnest(array['asked', p.state]) with ordinality k (kind, n) order by k.n)
		select id from p`, product, author, royaltyBps, varies)
	return id
}

// Agreed has the publication of an author carry another royalty, basis points, than it was asked with. It is written behind the domain's back, as Published.
func (w *World) Agreed(author, royaltyBps int64) {
	w.T.Helper()
	var id int64
	w.behind(&id, `update publications set royalty_bps = $2 where author_id = $1 returning id`, author, royaltyBps)
}

// CameOf has a product hang on the thread of an idea of a member, and returns the idea. It is written behind the domain's back, as Published.
func (w *World) CameOf(s Shop, author int64) (id int64) {
	w.T.Helper()
	w.behind(&id, `with made as (insert into ideas (brand_id, author_id, operation, lang, title, text, named, threshold, answer_days, supporters, state, proposed_at, closes_at, reached_at, answer_by,
		  answer, answer_text, answered_by, answered_at, made_at)
		values ($1, $2::bigint, 'an idea of ' || $3::bigint, 'fr', 'Un bol plus grand', 'Il tiendrait une soupe.', true, 5, 7, 5, 'made', now(), now() + interval '20 days', now(), now() + interval '7 days', 'yes', 'Oui.', $2::bigint, now(), now()) returning id),
		supported as (insert into idea_supports (idea_id, member_id, at) select id, -n, now() from made, generate_series(1, 5) n)
		insert into idea_steps (idea_id, kind, ref_id, at) select id, 'product', $3::bigint, now() from made returning idea_id`, s.Brand, author, s.Product)
	return id
}

// behind runs a statement as the owner of the database, with its triggers off.
func (w *World) behind(id *int64, query string, args ...any) {
	w.T.Helper()
	tx, err := pgtest.Owner(w.T, w.DB).Beginx()
	must(w.T, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec(`set local session_replication_role = replica`)
	must(w.T, err)
	must(w.T, tx.Get(id, query, args...))
	must(w.T, tx.Commit())
}
