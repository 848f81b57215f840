package web_test

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
