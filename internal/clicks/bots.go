package clicks

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

//go:embed bots.txt
var botList string

// Agent is what kind of program sends a request.
type Agent string

// The kinds of agents.
const (
	Person    Agent = "person"    // a browser: somebody looks at it
	Messenger Agent = "messenger" // draws the preview of a link for its members
	Program   Agent = "program"   // crawlers, libraries, command lines
)

const (
	agentsKept   = 8192 // user agents whose kind is remembered
	agentMaxSize = 512  // bytes of a User-Agent that are looked at
)

// Agents tells kinds of agents apart by their User-Agent. Reading one against some 1,500 patterns takes milliseconds, so
// the answers are remembered. It is safe for concurrent use.
type Agents struct {
	all, messengers *regexp.Regexp
	known           *lru.Cache[string, Agent]
}

// NewAgents compiles the list.
func NewAgents() (*Agents, error) {
	sections := map[string][]string{}
	section := ""
	for line := range strings.Lines(botList) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "[previews]" || line == "[programs]":
			section = line
		default:
			sections[section] = append(sections[section], line)
		}
	}
	previews := strings.Join(sections["[previews]"], "|")
	messengers, err := regexp.Compile(previews)
	if err != nil {
		return nil, fmt.Errorf("compile list of messengers: %w", err)
	}
	all, err := regexp.Compile(previews + "|" + strings.Join(sections["[programs]"], "|"))
	if err != nil {
		return nil, fmt.Errorf("compile list of bots: %w", err)
	}
	known, err := lru.New[string, Agent](agentsKept)
	if err != nil {
		return nil, fmt.Errorf("make cache of agents: %w", err)
	}
	return &Agents{all: all, messengers: messengers, known: known}, nil
}

// Kind is the kind of agent that sends this User-Agent. One that says nothing is a program.
func (a *Agents) Kind(userAgent string) Agent {
	if len(userAgent) > agentMaxSize {
		userAgent = userAgent[:agentMaxSize]
	}
	if kind, ok := a.known.Get(userAgent); ok {
		return kind
	}
	kind := Person
	switch {
	case strings.TrimSpace(userAgent) == "":
		kind = Program
	case !a.all.MatchString(userAgent):
	case a.messengers.MatchString(userAgent):
		kind = Messenger
	default:
		kind = Program
	}
	a.known.Add(userAgent, kind)
	return kind
}

// deviceOf is phone, tablet or desktop.
func deviceOf(userAgent string) string {
	has := func(word string) bool { return strings.Contains(userAgent, word) }
	switch {
	case has("iPad") || has("Tablet") || has("Android") && !has("Mobile"):
		return "tablet"
	case has("Mobi") || has("iPhone"):
		return "phone"
	}
	return "desktop"
}
