package stack

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestConfigFromEnv(t *testing.T) {
	valid := map[string]string{
		"PERSO_ARM": "traces-10", "PERSO_LISTEN": "fd:3", "PERSO_DECISION_URL": "http://127.0.0.1:1/",
		"PERSO_KAFKA_BROKERS": "127.0.0.1:2,127.0.0.1:3", "PERSO_REDIS_ADDR": "127.0.0.1:4", "PERSO_SEED": "-7",
		"PERSO_SPIN": "200us", "PERSO_LOG_LEVEL": "debug", "PERSO_ITEM_LABELS": "true", "PERSO_ARMS": "off,full",
		"PERSO_REFRESH": "0", "OTEL_TRACES_EXPORTER": "none",
	}
	cfg, err := ConfigFromEnv(func(name string) string { return valid[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Arm != "traces-10" || cfg.DecisionURL != "http://127.0.0.1:1" || len(cfg.Brokers) != 2 || cfg.Seed != -7 ||
		cfg.Spin != 200*time.Microsecond || !cfg.Debug || !cfg.ItemLabels || len(cfg.Arms) != 2 || cfg.Refresh != 0 ||
		cfg.Users != role.Defaults().Users || cfg.Items != role.Defaults().Items {
		t.Errorf("got %+v", cfg)
	}
	if want := (Level{Metrics: true, Logs: true}); cfg.Level != want {
		t.Errorf("level is %+v, want %+v", cfg.Level, want)
	}
}

func TestRolesNeedTheirVariables(t *testing.T) {
	for _, r := range Roles() {
		err := r.Run(t.Context(), Config{Config: role.Config{Listen: role.DefaultListen, Users: 1, Items: 1}, Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), r.Name+" needs PERSO_ARM") {
			t.Errorf("%s without variables: got %v", r.Name, err)
		}
	}
}
