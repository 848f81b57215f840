package document

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/filter"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// pages counts the pages by walking their tree, and unpacks each one's content: a damaged page is found here and not by
// the reader.
func (s *survey) pages(rep *Report) error {
	root, err := s.table.Catalog()
	if err != nil {
		return err
	}
	top, _ := root.Find("Pages")
	visited := map[types.IndirectRef]bool{}
	stack := []types.Object{top}
	for len(stack) > 0 {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		node := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if ref, ok := node.(types.IndirectRef); ok {
			if visited[ref] {
				return errors.New("a page stands twice in the tree")
			}
			visited[ref] = true
		}
		if node, err = s.resolve(node); err != nil {
			return err
		}
		d, ok := node.(types.Dict)
		if !ok {
			return fmt.Errorf("a page is missing after page %d", rep.Pages)
		}
		if kids, found := d.Find("Kids"); found {
			if kids, err = s.resolve(kids); err != nil {
				return err
			}
			list, _ := kids.(types.Array)
			for _, kid := range slices.Backward(list) {
				stack = append(stack, kid)
			}
			continue
		}
		rep.Pages++
		if rep.Pages > maxPages {
			return refusal("too-many-pages", "The PDF has more than %d pages.", maxPages)
		}
		if err := s.content(d); err != nil {
			return fmt.Errorf("page %d: %w", rep.Pages, err)
		}
	}
	if rep.Pages == 0 {
		return refusal("no-pages", "The PDF has no pages.")
	}
	return nil
}

// content unpacks a page's streams and throws the bytes away.
func (s *survey) content(page types.Dict) error {
	o, found := page.Find("Contents")
	if !found {
		return nil // an empty page
	}
	o, err := s.resolve(o)
	if err != nil {
		return err
	}
	parts, ok := o.(types.Array)
	if !ok {
		parts = types.Array{o}
	}
	for _, part := range parts {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		if part, err = s.resolve(part); err != nil {
			return err
		}
		if stream, ok := part.(types.StreamDict); ok { // a copy: what it unpacks to is not kept
			if err := stream.DecodeWithLimit(maxStream); err != nil && !errors.Is(err, filter.ErrUnsupportedFilter) {
				return err
			}
		} else if !ok {
			return errors.New("content that is missing or of the wrong kind")
		}
	}
	return nil
}

// describe reads title, language and tags.
func (s *survey) describe(rep *Report) {
	root, _ := s.table.Catalog()
	if s.table.Info != nil {
		if info, err := s.resolve(*s.table.Info); err == nil {
			if d, ok := info.(types.Dict); ok {
				rep.Title = s.text(d, "Title")
			}
		}
	}
	if rep.Title == "" {
		rep.Title = s.metadataTitle(root)
	}
	rep.Title = tidy(rep.Title, 300)
	rep.Language = tidy(s.text(root, "Lang"), 35)
	if o, found := root.Find("MarkInfo"); found {
		o, _ = s.resolve(o)
		if d, ok := o.(types.Dict); ok {
			marked, _ := d.Find("Marked")
			marked, _ = s.resolve(marked)
			_, structured := root.Find("StructTreeRoot")
			rep.Tagged = structured && marked == types.Boolean(true)
		}
	}
	for code, missing := range map[string]bool{"no-title": rep.Title == "", "no-language": rep.Language == "", "untagged": !rep.Tagged} {
		if missing {
			s.mark(code)
		}
	}
}

func (s *survey) text(d types.Dict, key string) string {
	o, _ := d.Find(key)
	o, err := s.resolve(o)
	if err != nil {
		return ""
	}
	text, err := model.Text(o)
	if err != nil {
		return ""
	}
	return text
}

// metadataTitle reads dc:title out of the XMP packet, which is where PDF 2.0 keeps it.
func (s *survey) metadataTitle(root types.Dict) string {
	o, _ := root.Find("Metadata")
	o, _ = s.resolve(o)
	stream, ok := o.(types.StreamDict)
	if !ok || stream.DecodeWithLimit(1<<20) != nil {
		return ""
	}
	var packet struct {
		Descriptions []struct {
			Title struct {
				Texts []string `xml:"Alt>li"`
			} `xml:"http://purl.org/dc/elements/1.1/ title"`
		} `xml:"RDF>Description"`
	}
	if xml.Unmarshal(stream.Content, &packet) != nil {
		return ""
	}
	for _, d := range packet.Descriptions {
		if len(d.Title.Texts) > 0 {
			return d.Title.Texts[0]
		}
	}
	return ""
}
