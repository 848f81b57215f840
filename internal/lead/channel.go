package lead

import (
	"net/url"
	"strings"
)

// Channels are the ways somebody comes, a closed list, so that a report never counts spellings.
const (
	ChannelDirect   = "direct"
	ChannelSearch   = "search"
	ChannelSocial   = "social"
	ChannelEmail    = "email"
	ChannelPaid     = "paid"
	ChannelReferral = "referral"
	ChannelCampaign = "campaign"
)

// Channels lists them.
func Channels() []string {
	return []string{ChannelDirect, ChannelSearch, ChannelSocial, ChannelEmail, ChannelPaid, ChannelReferral, ChannelCampaign}
}

var searchHosts = []string{"google.", "bing.", "duckduckgo.", "ecosia.", "qwant.", "yahoo.", "baidu.", "yandex.", "startpage.", "search.brave."}
var socialHosts = []string{"linkedin.", "lnkd.in", "facebook.", "fb.com", "instagram.", "x.com", "twitter.", "t.co", "xing.", "youtube.", "reddit.", "threads.", "bsky.", "mastodon."}

// Channel says how somebody came, from utm_medium first (what marketing said), then from the referrer's host. own is the
// host of the installation itself, which is no referrer.
func Channel(utmSource, utmMedium, referrer, own string) string {
	switch m := strings.ToLower(utmMedium); {
	case m == "":
	case strings.Contains(m, "mail"), m == "newsletter":
		return ChannelEmail
	case strings.Contains(m, "cpc"), strings.Contains(m, "ppc"), strings.Contains(m, "paid"), m == "display", m == "ads", m == "ad", m == "banner":
		return ChannelPaid
	case strings.Contains(m, "social"):
		return ChannelSocial
	case m == "organic":
		return ChannelSearch
	case m == "referral":
		return ChannelReferral
	default:
		return ChannelCampaign
	}
	if utmSource != "" {
		return ChannelCampaign
	}
	u, err := url.Parse(referrer)
	if err != nil || u.Hostname() == "" || strings.EqualFold(u.Hostname(), own) {
		return ChannelDirect
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	switch {
	case hostIn(host, searchHosts):
		return ChannelSearch
	case hostIn(host, socialHosts):
		return ChannelSocial
	}
	return ChannelReferral
}

// hostIn matches a host, or a label chain inside it, against names; a name that ends in a dot matches any top-level domain.
func hostIn(host string, names []string) bool {
	for _, n := range names {
		if host == n || strings.HasPrefix(host, n) && strings.HasSuffix(n, ".") || strings.HasSuffix(host, "."+n) ||
			strings.HasSuffix(n, ".") && strings.Contains(host, "."+n) {
			return true
		}
	}
	return false
}
