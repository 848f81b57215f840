package app

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // a photo may be one
	"image/jpeg"
	_ "image/png" // a photo may be one
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"
	"golang.org/x/image/draw"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Person is a member of staff with profile and absences, as their own page shows them.
type Person struct {
	store.User
	Profile  store.UserProfile
	Absences []AbsenceLine // those that are not over, in order
	Teams    []string
	Zone     *time.Location // that the days away are whole days of
}

// AbsenceLine is an absence with its deputy's name.
type AbsenceLine struct {
	store.Absence
	Deputy string
}

// PersonOf reads it. Somebody without a profile has an empty one with version 0.
func (a *App) PersonOf(ctx context.Context, id uuid.UUID) (p Person, err error) {
	if p.User, err = a.store.User(ctx, id); err != nil {
		return p, err
	}
	db := a.store.DB(ctx)
	var rows []store.UserProfile
	if err := db.Where("user_id = ?", id).Find(&rows).Error; err != nil {
		return p, a.store.Translate(err)
	}
	p.Profile = store.UserProfile{UserID: id}
	if len(rows) > 0 {
		p.Profile = rows[0]
	}
	if p.Zone, err = zoneOf(db, id); err != nil {
		return p, a.store.Translate(err)
	}
	err = db.Raw(`select b.*, coalesce(u.name, '') as deputy from absences b left join users u on u.id = b.deputy_id
		where b.user_id = ? and b.ends_at > ? order by b.starts_at`, id, a.now()).Scan(&p.Absences).Error
	if err != nil {
		return p, a.store.Translate(err)
	}
	err = db.Raw("select t.name from teams t join team_members m on m.team_id = t.id where m.user_id = ? and t.archived_at is null order by 1", id).Scan(&p.Teams).Error
	return p, a.store.Translate(err)
}

// ProfileEdit is a profile as it is typed. Hours are by day, Sunday first: "09:00-12:30, 13:30-17:00".
type ProfileEdit struct {
	User          uuid.UUID
	Version       int64
	JobTitle      string
	Tel           string
	BookingURL    string
	TimeZone      string
	HolidayRegion string
	Hours         [7]string
}

// EditProfile changes how somebody is shown to prospects, and when they work.
func (a *App) EditProfile(ctx context.Context, in ProfileEdit, by store.Actor) error {
	p, err := checkProfile(in)
	if err != nil {
		return err
	}
	return a.changeProfile(ctx, in.User, in.Version, "profile.edit", by, func(old *store.UserProfile) {
		old.JobTitle, old.Tel, old.BookingURL, old.TimeZone, old.HolidayRegion, old.Hours = p.JobTitle, p.Tel, p.BookingURL, p.TimeZone, p.HolidayRegion, p.Hours
	})
}

// changeProfile writes a profile, the first one too, and sets running clocks anew.
func (a *App) changeProfile(ctx context.Context, user uuid.UUID, read int64, action string, by store.Actor, change func(*store.UserProfile)) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var u store.User
		if err := tx.ForChange().Where("id = ?", user).Take(&u).Error; err != nil {
			return a.store.Translate(err)
		}
		var rows []store.UserProfile
		if err := tx.ForUpdate().Where("user_id = ?", user).Find(&rows).Error; err != nil {
			return err
		}
		p := store.UserProfile{UserID: user}
		if len(rows) > 0 {
			p = rows[0]
		}
		if p.Version != read {
			return errChanged
		}
		left := p.LeftAt != nil
		change(&p)
		if left && p.LeftAt == nil {
			if err := tx.SetLevel(user); err != nil {
				return err
			}
		}
		p.Version, p.UpdatedAt = read+1, tx.Now()
		if err := tx.Save(&p).Error; err != nil {
			return err
		}
		if err := a.resetClocks(tx, user); err != nil {
			return err
		}
		return tx.Audit(by, action, "user", user.String(), nil)
	})
}

func checkProfile(in ProfileEdit) (p store.UserProfile, err error) {
	var e edits
	p.JobTitle = e.line("job_title", in.JobTitle, 0, 120)
	if tel := strings.TrimSpace(in.Tel); tel != "" {
		n, err := phonenumbers.Parse(tel, "")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			e.add("tel", "invalid", "Please give the number with its country code, such as +44 20 7946 0000.")
		} else {
			p.Tel = phonenumbers.Format(n, phonenumbers.E164)
		}
	}
	if p.BookingURL = strings.TrimSpace(in.BookingURL); p.BookingURL != "" {
		u, err := url.Parse(p.BookingURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(p.BookingURL) > 500 {
			e.add("booking_url", "invalid", "Please give a whole address that begins with https://.")
		}
	}
	if p.TimeZone = in.TimeZone; p.TimeZone != "" {
		if _, err := time.LoadLocation(p.TimeZone); err != nil || p.TimeZone == "Local" {
			e.add("time_zone", "not-an-option", "Please choose a time zone of the list.")
		}
	}
	if p.HolidayRegion = in.HolidayRegion; p.HolidayRegion != "" {
		if _, ok := pipeline.RegionOf(p.HolidayRegion); !ok {
			e.add("holiday_region", "not-an-option", "Please choose a region of the list.")
		}
	}
	for d, typed := range in.Hours {
		spans, ok := ReadHours(typed)
		if !ok {
			e.add("hours_"+strconv.Itoa(d), "invalid", "Please give hours such as 09:00-12:30, 13:30-17:00, or nothing for a day off.")
		}
		p.Hours[d] = spans
	}
	return p, e.err()
}

// ReadHours reads the working hours of one day: spans with commas between them.
func ReadHours(typed string) (out []pipeline.Span, ok bool) {
	typed = strings.NewReplacer("–", "-", "—", "-", " ", "").Replace(typed)
	if typed == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(typed, ",") {
		from, until, found := strings.Cut(part, "-")
		a, ok := ReadMinutes(from)
		b, ok2 := ReadMinutes(until)
		if !found || !ok || !ok2 {
			return nil, false
		}
		out = append(out, pipeline.Span{From: a, Until: b})
	}
	return out, pipeline.Week{1: out}.Valid()
}

// ReadMinutes reads a time of day, 24:00 included, as minutes since midnight.
func ReadMinutes(typed string) (int, bool) {
	h, m, _ := strings.Cut(strings.TrimSpace(typed), ":")
	hour, err := strconv.Atoi(h)
	minute := 0
	if err == nil && m != "" {
		minute, err = strconv.Atoi(m)
	}
	at := hour*60 + minute
	return at, err == nil && hour >= 0 && minute >= 0 && minute < 60 && at <= 24*60 && len(h) > 0
}

// Photos are kept small and made anew: whatever else a file holds does not leave this place.
const (
	photoSide   = 256
	photoBytes  = 8 << 20
	photoPixels = 40_000_000
)

// TakePhoto makes a square picture of an uploaded one and shows it to prospects.
func (a *App) TakePhoto(ctx context.Context, user uuid.UUID, read int64, file io.Reader, by store.Actor) error {
	bad := errs.InvalidFields(errs.Field{Field: "file", Code: "invalid", Message: "Please choose a picture: JPEG, PNG or GIF, at most 8 MB."})
	raw, err := io.ReadAll(io.LimitReader(file, photoBytes+1))
	if err != nil || len(raw) > photoBytes {
		return bad
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || head.Width < 32 || head.Height < 32 || head.Width*head.Height > photoPixels {
		return bad
	}
	full, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return bad
	}
	b := full.Bounds()
	side := min(b.Dx(), b.Dy())
	crop := image.Rect(0, 0, side, side).Add(b.Min).Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/3))
	small := image.NewRGBA(image.Rect(0, 0, photoSide, photoSide))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Bounds(), full, crop, draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 85}); err != nil {
		return err
	}
	stored, err := a.files.Put(ctx, bytes.NewReader(out.Bytes()))
	if err != nil {
		return err
	}
	return a.changeProfile(ctx, user, read, "profile.photo", by, func(p *store.UserProfile) { p.PhotoKey = stored.Key })
}

// RemovePhoto takes it down.
func (a *App) RemovePhoto(ctx context.Context, user uuid.UUID, read int64, by store.Actor) error {
	return a.changeProfile(ctx, user, read, "profile.photo", by, func(p *store.UserProfile) { p.PhotoKey = "" })
}

// PlanLeaving says when somebody leaves, and who takes over: on the day, leads, due steps and running clocks go to the
// heir, or to whom the rules choose. An empty day takes it back.
func (a *App) PlanLeaving(ctx context.Context, user uuid.UUID, read int64, day, heir string, by store.Actor) error {
	var e edits
	db := a.store.DB(ctx)
	zone, err := zoneOf(db, user)
	if err != nil {
		return a.store.Translate(err)
	}
	var at *time.Time
	if day != "" {
		t, err := time.ParseInLocation(time.DateOnly, day, zone)
		if err != nil {
			e.add("leaves", "invalid", "Please give the first day on which they are gone.")
		}
		at = &t
	}
	var to *uuid.UUID
	if heir != "" {
		id, err := uuid.Parse(heir)
		var ok bool
		serr := a.store.Tx(ctx, func(tx *store.Tx) (err error) { ok, err = a.mayStandIn(tx, id); return err })
		switch {
		case serr != nil:
			return serr
		case err != nil || !ok || id == user:
			e.add("heir", "not-an-option", "Please choose somebody else who sells.")
		default:
			to = &id
		}
	}
	if err := e.err(); err != nil {
		return err
	}
	return a.changeProfile(ctx, user, read, "profile.leaving", by, func(p *store.UserProfile) {
		p.LeavesAt, p.HeirID = at, to
		if at == nil || at.After(a.now()) {
			p.LeftAt = nil
		}
	})
}

// Face opens the photo of a member of staff who may log in.
func (a *App) Face(ctx context.Context, user uuid.UUID) (io.ReadSeekCloser, time.Time, error) {
	var keys []string
	err := a.store.DB(ctx).Raw(`select p.photo_key from user_profiles p join users u on u.id = p.user_id
		where p.user_id = ? and p.photo_key <> '' and u.disabled_at is null and p.left_at is null`, user).Scan(&keys).Error
	if err != nil {
		return nil, time.Time{}, a.store.Translate(err)
	}
	if len(keys) == 0 {
		return nil, time.Time{}, errs.New(errs.NotFound, "There is no picture here.")
	}
	f, _, err := a.files.Open(ctx, keys[0])
	return f, time.Time{}, err
}
