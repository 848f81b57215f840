package store_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// recorder keeps the statements that change the schema.
type recorder struct{ ddl []string }

func (r *recorder) LogMode(logger.LogLevel) logger.Interface { return r }
func (r *recorder) Info(context.Context, string, ...any)     {}
func (r *recorder) Warn(context.Context, string, ...any)     {}
func (r *recorder) Error(context.Context, string, ...any)    {}
func (r *recorder) Trace(_ context.Context, _ time.Time, fc func() (string, int64), _ error) {
	sql, _ := fc()
	for _, word := range []string{"create ", "alter ", "drop ", "comment "} {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(sql)), word) {
			r.ddl = append(r.ddl, sql)
		}
	}
}

// The models and the migrations say the same: after the migrations GORM finds nothing to change. That a column may not be
// null or is unique is the migrations' word alone; the first is compared with the models by the test below.
func TestModelsFitTheSchema(t *testing.T) {
	k := testkit.New(t)
	rec := &recorder{}
	db := k.Store.DB(t.Context()).Session(&gorm.Session{Logger: rec})
	for _, m := range store.Models() {
		if err := db.AutoMigrate(m); err != nil && !strings.Contains(err.Error(), "uni_") {
			t.Errorf("%T: %v", m, err)
		}
	}
	for _, sql := range rec.ddl {
		if strings.HasSuffix(sql, "DROP NOT NULL") || strings.Contains(sql, `DROP CONSTRAINT "uni_`) {
			continue
		}
		t.Errorf("the model differs from the migrations: %s", sql)
	}
}

// A field is a pointer exactly where its column may be null, and every column has a field.
func TestModelsKnowEveryColumn(t *testing.T) {
	k := testkit.New(t)
	for _, m := range store.Models() {
		st := &gorm.Statement{DB: k.Store.DB(t.Context())}
		if err := st.Parse(m); err != nil {
			t.Fatal(err)
		}
		var columns []struct {
			Name string
			Null bool
		}
		err := k.Store.DB(t.Context()).Raw(`select column_name as name, is_nullable = 'YES' as null from information_schema.columns
			where table_schema = current_schema() and table_name = ?`, st.Schema.Table).Scan(&columns).Error
		if err != nil || len(columns) == 0 {
			t.Fatalf("%s: %v", st.Schema.Table, err)
		}
		if len(columns) != len(st.Schema.DBNames) {
			t.Errorf("%s: %d columns, %d fields", st.Schema.Table, len(columns), len(st.Schema.DBNames))
		}
		for _, c := range columns {
			f := st.Schema.FieldsByDBName[c.Name]
			if f == nil {
				t.Errorf("%s.%s has no field", st.Schema.Table, c.Name)
				continue
			}
			if pointer := f.FieldType.Kind() == reflect.Pointer; pointer != c.Null {
				t.Errorf("%s.%s: may be null %t, field is a pointer %t", st.Schema.Table, c.Name, c.Null, pointer)
			}
		}
	}
}
