package document

import (
	"context"
	"errors"
	"io"
	"runtime/metrics"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

var (
	errTooComplex = errors.New("document: the check took too much memory")
	errTooSlow    = errors.New("document: the check took too long")
)

// checking lets one PDF be read at a time in the process: memory is bounded, and uploads are rare.
var checking = make(chan struct{}, 1)

// enterCheck waits for its turn and gives a context that ends when the time or the memory of a check is used up; its
// cause says which. A small file may unpack to a thousand times its size, many times over, so the heap itself is watched.
func enterCheck(parent context.Context) (context.Context, func(), error) {
	select {
	case checking <- struct{}{}:
	case <-parent.Done():
		return nil, nil, errs.Wrap(parent.Err(), errs.Unavailable, "Another file is being checked. Please try again in a moment.")
	}
	ctx, stopTimer := context.WithTimeoutCause(parent, checkTime, errTooSlow)
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watchHeap(ctx, cancel, heap()+checkMemory)
	}()
	return ctx, func() {
		cancel(nil)
		stopTimer()
		<-ended
		<-checking
	}, nil
}

func watchHeap(ctx context.Context, cancel context.CancelCauseFunc, limit uint64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if heap() > limit {
				cancel(errTooComplex)
				return
			}
		}
	}
}

// heap gives the bytes of live and not yet collected objects; unlike runtime.ReadMemStats it stops nobody.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// boundedReader makes loops over the file end with the context, also where pdfcpu does not ask it.
type boundedReader struct {
	ctx context.Context
	io.ReadSeeker
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.ReadSeeker.Read(p)
}

func (b *boundedReader) Seek(offset int64, whence int) (int64, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.ReadSeeker.Seek(offset, whence)
}
