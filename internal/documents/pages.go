package documents

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

const documentColumns = `
select d.id, d.number, d.kind, d.cause, d.order_id, d.shipment_id, d.refund_id, d.corrects_id, d.brand_id, d.member_id, d.month, d.currency as "total.currency",
  d.total_minor as "total.minor", d.net_minor, d.vat_minor, d.issued_at, d.hash, coalesce(o.number, '') as order_number,
  coalesce(o.name, b.name, m.name, '') as party
from documents d left join orders o on o.id = d.order_id left join brands b on b.id = d.brand_id left join members m on m.id = d.member_id `

// OfOrder is the invoices and credit notes of an order, in the order in which they were issued.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Document, error) {
	var list []Document
	err := sqlx.SelectContext(ctx, q, &list, documentColumns+`where d.order_id = $1 order by d.id`, orderID)
	return list, postgres.Translate(err)
}

// Query chooses documents for a list, newest first.
type Query struct {
	BrandID  int64     // in a brand's name or to it
	MemberID int64     // in a member's name
	Kinds    []Kind    // none: all
	Text     string    // the number contains it, or it is the number of the order
	Before   int64     // only ids below; 0: from the newest
	Limit    int       // 0: 50
	Since    time.Time // issued since then; zero: ever
}

const selectList = `
where ($1 = 0 or d.brand_id = $1) and ($2 = 0 or d.member_id = $2) and ($3 = '' or d.kind = any(string_to_array($3, ',')))
  and ($4 = '' or position(upper($4) in d.number) > 0 or o.number = upper($4)) and ($5 = 0 or d.id < $5) and d.issued_at >= $6
order by d.id desc limit $7`

// List is the documents that a query chooses, without their contents.
func List(ctx context.Context, q sqlx.QueryerContext, f Query) ([]Document, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	kinds := make([]string, len(f.Kinds))
	for i, k := range f.Kinds {
		kinds[i] = string(k)
	}
	var list []Document
	err := sqlx.SelectContext(ctx, q, &list, documentColumns+selectList, f.BrandID, f.MemberID, strings.Join(kinds, ","), f.Text, f.Before, f.Since, f.Limit)
	return list, postgres.Translate(err)
}

// Owner is whose a document must be for whoever asks; the zero value is the platform's admins, who may see all.
type Owner struct {
	OrderID  int64
	BrandID  int64
	MemberID int64
}

const selectByNumber = `
select d.id, d.number, d.kind, d.content, d.hash, d.issued_at from documents d
where d.number = $1 and ($2 = 0 or d.order_id = $2) and ($3 = 0 or d.brand_id = $3) and ($4 = 0 or d.member_id = $4)`

// ByNumber is one document with its content; ErrNotFound where there is none, or it is somebody else's.
func ByNumber(ctx context.Context, q sqlx.QueryerContext, number string, of Owner) (Document, error) {
	var list []Document
	if err := sqlx.SelectContext(ctx, q, &list, selectByNumber, number, of.OrderID, of.BrandID, of.MemberID); err != nil {
		return Document{}, fmt.Errorf("read document %s: %w", number, err)
	}
	if len(list) == 0 {
		return Document{}, ErrNotFound
	}
	return list[0], nil
}
