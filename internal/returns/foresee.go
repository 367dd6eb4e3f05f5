package returns

import "relais/internal/orders"

// Expected is what the buyer gets back for what they withdraw from one parcel, in minor units.
type Expected struct {
	Parcel
	Goods    int64
	Delivery int64 // where nothing of the parcel stays with them
	Sent     bool  // it has left: it is to be sent back before the money comes
}

// Foresee says what a withdrawal from the chosen pieces (line → pieces) brings back, parcel by parcel, where the brand keeps
// nothing. Faults: those of Gather.
func (c Choice) Foresee(shipments []orders.Shipment, chosen map[int64]int64) ([]Expected, error) {
	parcels, err := Gather(shipments, c.coming, chosen, true)
	if err != nil {
		return nil, err
	}
	list := make([]Expected, len(parcels))
	for i, p := range parcels {
		e := Expected{Parcel: p, Sent: p.Shipment.State == orders.Shipped || p.Shipment.State == orders.Delivered}
		w, err := Wish(Return{Kind: Withdrawal, Lines: p.Lines}, p.Shipment, false)
		if err != nil {
			return nil, err
		}
		for _, l := range w.Lines {
			e.Goods += l.Minor
		}
		if p.Whole {
			e.Delivery = p.Shipment.DeliveryLeft()
		}
		list[i] = e
	}
	return list, nil
}

// Askable says whether something is left that the brand can be asked to take back.
func (c Choice) Askable() bool {
	for _, o := range c.Options {
		if o.Left > 0 {
			return true
		}
	}
	return false
}
