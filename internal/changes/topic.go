package changes

import (
	"strconv"
	"strings"
)

// Everything is the topic of what shows a little of everybody: it changes with any other.
const Everything = "*"

// Brand is the topic of what the pages of a brand and of its products show.
func Brand(id int64) string { return "brand:" + strconv.FormatInt(id, 10) }

// Member is the topic of what the storefront and the links of a member show.
func Member(id int64) string { return "member:" + strconv.FormatInt(id, 10) }

// Story is the topic of what the page of a story and the links to it show.
func Story(id int64) string { return "story:" + strconv.FormatInt(id, 10) }

// topicOf is the topic of a row "transaction topic".
func topicOf(row string) string {
	_, topic, _ := strings.Cut(row, " ")
	return topic
}
