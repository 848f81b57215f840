package templates

import (
	"fmt"
	"html/template"
)

// icons are drawn on a square of 20 in strokes of 1.5.
var icons = map[string]string{
	"home":     `<path d="M3 9.2 10 3l7 6.2M5 8v8.5h10V8M8.2 16.5v-4.7h3.6v4.7"/>`,
	"person":   `<circle cx="10" cy="6.5" r="3.2"/><path d="M3.8 17c.4-3.6 3-5.4 6.2-5.4s5.8 1.8 6.2 5.4"/>`,
	"people":   `<circle cx="7.3" cy="7" r="2.7"/><path d="M2.2 16.3c.3-3.1 2.4-4.7 5.1-4.7s4.8 1.6 5.1 4.7M12.7 4.5a2.7 2.7 0 0 1 0 5M14.3 11.9c2 .5 3.3 2 3.5 4.4"/>`,
	"shield":   `<path d="M10 2.8 16 5v4.6c0 3.7-2.4 6.3-6 7.6-3.6-1.3-6-3.9-6-7.6V5zM10 6.8v3.6M10 13v.2"/>`,
	"gate":     `<path d="M3.5 17V8.5a6.5 6.5 0 0 1 13 0V17M2 17h16M8 17v-6.5a2 2 0 0 1 4 0V17"/>`,
	"document": `<path d="M5 2.8h6.5L15.5 7v10.2H5zM11.3 3v4.2h4M7.6 10.6h5.2M7.6 13.5h5.2"/>`,
	"mail":     `<path d="M2.8 4.8h14.4v10.4H2.8zM3 5.2l7 5.6 7-5.6"/>`,
	"board":    `<path d="M3 3.5h3.8v13H3zM8.2 3.5H12v9H8.2zM13.4 3.5h3.8v11h-3.8z"/>`,
	"chart":    `<path d="M3 3v14h14M6.5 13.5V10M10 13.5V6M13.5 13.5V8.5"/>`,
	"rules":    `<path d="M3.5 5h7M3.5 10h4M3.5 15h7M13.5 5.2l1.4 1.4 2.4-2.8M13.5 14.8l1.4 1.4 2.4-2.8M10.5 10H17"/>`,
	"team":     `<circle cx="10" cy="5.5" r="2.3"/><circle cx="4.6" cy="8.6" r="1.8"/><circle cx="15.4" cy="8.6" r="1.8"/><path d="M5.8 16.8c.2-4 1.8-5.8 4.2-5.8s4 1.8 4.2 5.8M1.8 15c.1-2 1-3 2.6-3M18.2 15c-.1-2-1-3-2.6-3"/>`,
	"plug":     `<path d="M7 2.8v4M13 2.8v4M4.8 6.8h10.4v3a5.2 5.2 0 0 1-10.4 0zM10 15v3"/>`,
	"phone":    `<path d="M4 3.2h3l1.4 3.6-2 1.6a11 11 0 0 0 5.2 5.2l1.6-2 3.6 1.4v3c0 .6-.5 1-1 1C8.400 16.500 3.500 11.600 3 4.200c0-.5.4-1 1-1z"/>`,
	"calendar": `<path d="M3.2 4.8h13.6v12H3.2zM3.2 8.4h13.6M6.8 2.8v3.4M13.2 2.8v3.4"/>`,
	"check":    `<path d="m4 10.6 4 4 8-9"/>`,
	"key":      `<circle cx="6.5" cy="13.5" r="3.3"/><path d="m9 11 7.5-7.5M13 7l2.5 2.5"/>`,
	"settings": `<path d="M3 6h7.5M14.5 6H17M3 14h2.5M9.5 14H17"/><circle cx="12.5" cy="6" r="2"/><circle cx="7.5" cy="14" r="2"/>`,
	"list":     `<path d="M7 5h10M7 10h10M7 15h10M3.2 5h.6M3.2 10h.6M3.2 15h.6"/>`,
	"search":   `<circle cx="8.8" cy="8.8" r="5"/><path d="m12.6 12.6 4.2 4.2"/>`,
	"download": `<path d="M10 3v9.5M6 9l4 4 4-4M3.5 16.8h13"/>`,
	"upload":   `<path d="M10 13V3.5M6 7.2l4-4 4 4M3.5 16.8h13"/>`,
	"read":     `<path d="M10 5.2C8.3 4 6 3.5 3 3.5v11.8c3 0 5.3.5 7 1.7 1.7-1.2 4-1.7 7-1.7V3.5c-3 0-5.3.5-7 1.7zm0 0V17"/>`,
	"arrow":    `<path d="M3.5 10h12.5M11 5l5 5-5 5"/>`,
	"back":     `<path d="M16.5 10H4M9 5l-5 5 5 5"/>`,
	"external": `<path d="M8 4H4v12h12v-4M11.5 3.5h5v5M16.2 3.8 9.5 10.5"/>`,
	"clock":    `<circle cx="10" cy="10" r="6.8"/><path d="M10 6v4.2l2.7 1.8"/>`,
	"warning":  `<path d="M10 3.2 17.6 16.5H2.4zM10 8v4M10 14.2v.2"/>`,
	"info":     `<circle cx="10" cy="10" r="6.8"/><path d="M10 9.2v4.3M10 6.5v.2"/>`,
	"close":    `<path d="m5 5 10 10M15 5 5 15"/>`,
	"plus":     `<path d="M10 4v12M4 10h12"/>`,
	"up":       `<path d="m5.5 12 4.5-4.5 4.5 4.5"/>`,
	"down":     `<path d="m5.5 8 4.5 4.5L14.5 8"/>`,
	"undo":     `<path d="M4 8h8.2a4.3 4.3 0 0 1 0 8.6H7.5M7.5 4.3 3.8 8l3.7 3.7"/>`,
	"edit":     `<path d="m4 16 .8-3.6L13.6 3.6l2.8 2.8-8.8 8.8zM11.8 5.4l2.8 2.8"/>`,
	"trash":    `<path d="M3.5 5.8h13M8 5.5V3.5h4v2M5.3 6l.7 11h8l.7-11M8.4 9v5M11.6 9v5"/>`,
	"send":     `<path d="M17 3 3 8.6l5.8 2.6L11.4 17zM8.8 11.2 17 3"/>`,
	"menu":     `<path d="M3 5.5h14M3 10h14M3 14.5h14"/>`,
	"logout":   `<path d="M8.5 3.5h-5v13h5M8.5 10h8M13 6.5l3.5 3.5-3.5 3.5"/>`,
}

// suits are filled, on a square of 24; "mark" is the house's spade with its keyhole. The whitepaper draws the same ones.
var suits = map[string]string{
	"spade":   `<path d="M12 2C14 6.5 21 9.5 21 14.2C21 17 19 18.6 16.8 18.6C15 18.6 13.6 17.7 12.8 16.4C13 19 14 20.8 15.6 22H8.4C10 20.8 11 19 11.2 16.4C10.4 17.7 9 18.6 7.2 18.6C5 18.6 3 17 3 14.2C3 9.5 10 6.5 12 2Z"/>`,
	"heart":   `<path d="M12 21.5C5 15.5 2 11.8 2 8C2 4.9 4.2 3 6.8 3C9 3 11 4.3 12 6.4C13 4.3 15 3 17.2 3C19.8 3 22 4.9 22 8C22 11.8 19 15.5 12 21.5Z"/>`,
	"diamond": `<path d="M12 1.5C14 5.6 17 9.3 19.8 12C17 14.7 14 18.4 12 22.5C10 18.4 7 14.7 4.2 12C7 9.3 10 5.6 12 1.5Z"/>`,
	"club":    `<circle cx="12" cy="6.8" r="4.7"/><circle cx="6.8" cy="13.8" r="4.7"/><circle cx="17.2" cy="13.8" r="4.7"/><path d="M10.5 9H13.5L13.2 14C13.3 17.6 14 20.2 15.6 22H8.4C10 20.2 10.7 17.6 10.8 14Z"/>`,
	"mark":    `<path fill-rule="evenodd" d="M12 1C14.2 6 22 9.2 22 14.4C22 17.4 19.8 19.2 17.3 19.2C15.4 19.2 13.8 18.2 12.9 16.8C13.1 19.5 14.3 21.5 16 23H8C9.7 21.5 10.9 19.5 11.1 16.8C10.2 18.2 8.6 19.2 6.7 19.2C4.2 19.2 2 17.4 2 14.4C2 9.2 9.8 6 12 1ZM12 8A2.1 2.1 0 0 0 11 12L10.2 15.6H13.8L13 12A2.1 2.1 0 0 0 12 8Z"/>`,
}

// icon is an inline SVG that says nothing to a screen reader: text always stands beside it.
func icon(name string) (template.HTML, error) {
	if d, ok := icons[name]; ok {
		return template.HTML(`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">` + d + `</svg>`), nil
	}
	if d, ok := suits[name]; ok {
		return template.HTML(`<svg class="icon suit" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">` + d + `</svg>`), nil
	}
	return "", fmt.Errorf("icon: no %q", name)
}
