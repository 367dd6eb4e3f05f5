package groups

// CanRead says whether somebody with that role reads what is written in the circle and who is in it: those who are in it do, also once it
// is closed. Nobody else does, be the circle open.
func CanRead(_ Group, r Role) bool { return r != None }

// CanFind says whether somebody with that role may know that the circle exists: its name, description, rules and how many are in it.
func CanFind(g Group, r Role) bool { return r != None || g.Visibility == Open && g.ClosedAt == nil }

// CanPost says whether somebody with that role may write in the circle.
func CanPost(g Group, r Role) bool { return r != None && g.ClosedAt == nil }

// CanModerate says whether somebody with that role decides about reports and takes down what others wrote. It goes on in a closed circle,
// which its members still read.
func CanModerate(_ Group, r Role) bool { return r == Owner || r == Moderator }

// Desk is who decides about a report.
type Desk string

// The desks.
const (
	ByCircle   Desk = "group"
	ByPlatform Desk = "platform"
)

// DeskOf says who decides about a report: the platform about circles and their owners, since nobody else could; otherwise those who
// moderate the circle. The role is that of whose deed it is.
func DeskOf(k Kind, about Role) Desk {
	if k == AGroup || about == Owner {
		return ByPlatform
	}
	return ByCircle
}
