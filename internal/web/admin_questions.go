package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// questionsForm is what a document asks its reader, for editing.
func questionsForm(own string, version int64, lines []app.QuestionLine) *templates.QuestionsForm {
	f := &templates.QuestionsForm{Action: own + "/questions", Hidden: versionOf(version)}
	for i, q := range lines {
		f.Rows = append(f.Rows, templates.QuestionRow{Index: i, Name: app.QuestionField(i), ID: q.ID.String(), Text: q.Text, Ours: q.Ours})
	}
	return markEnds(f)
}

func markEnds(f *templates.QuestionsForm) *templates.QuestionsForm {
	for i := range f.Rows {
		f.Rows[i].Index, f.Rows[i].Name = i, app.QuestionField(i)
		f.Rows[i].First, f.Rows[i].Last = i == 0, i == len(f.Rows)-1
	}
	return f
}

// documentQuestions saves what a document asks, or moves a row of the form.
func (s *Server) documentQuestions(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	var rows []templates.QuestionRow
	for i := 0; i < maxRows && c.Request().PostForm.Has(app.QuestionField(i)); i++ {
		ours, _ := strconv.Atoi(posted(c, "ours"+strconv.Itoa(i)))
		rows = append(rows, templates.QuestionRow{ID: posted(c, "id"+strconv.Itoa(i)), Text: posted(c, app.QuestionField(i)), Ours: ours})
	}
	show := func(status int, change func(*templates.QuestionsForm)) error {
		return s.showDocument(c, status, id, func(p *templates.DocumentPageStaff) {
			p.Questions.Rows, p.Questions.Hidden = rows, versionOf(read)
			change(markEnds(p.Questions))
		})
	}
	if do := posted(c, "do"); do == "add" || strings.Contains(do, ".") {
		verb, at, _ := strings.Cut(do, ".")
		if i, err := strconv.Atoi(at); verb == "add" {
			rows = append(rows, templates.QuestionRow{})
		} else if err == nil {
			moved(&rows, verb, i)
		}
		return show(http.StatusOK, func(f *templates.QuestionsForm) { f.Unsaved = true })
	}
	edits := make([]app.QuestionEdit, len(rows))
	for i, r := range rows {
		edits[i].Text = r.Text
		if r.ID != "" {
			if edits[i].ID, err = uuid.Parse(r.ID); err != nil {
				return errs.New(errs.Malformed, "The form could not be read. Reload the page and try again.")
			}
		}
	}
	err = s.app.EditQuestions(c.Request().Context(), id, read, edits, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return show(status, func(f *templates.QuestionsForm) {
			e := errs.Public(err)
			f.Error = e.Message
			for _, x := range e.Fields {
				for i := range f.Rows {
					if f.Rows[i].Name == x.Field {
						f.Rows[i].Error = x.Message
					}
				}
			}
		})
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "Saved. Readers are asked this from now on.", documentsPath+"/"+id.String()+"#questions")
}
