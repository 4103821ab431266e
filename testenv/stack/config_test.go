package stack

import (
	"io"
	"strings"
	"testing"
	"time"
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
		cfg.Users != defaultUsers || cfg.Items != defaultItems {
		t.Errorf("got %+v", cfg)
	}
	if want := (Level{Metrics: true, Logs: true}); cfg.Level != want {
		t.Errorf("level is %+v, want %+v", cfg.Level, want)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, test := range []struct{ name, value, legal string }{
		{"PERSO_ARM", "Full", "a-z"},
		{"PERSO_ARM", "a/b", "a-z"},
		{"PERSO_LISTEN", "localhost", "host:port"},
		{"PERSO_LISTEN", "fd:0", "fd:N"}, // standard input is no listener
		{"PERSO_MODEL_URL", "127.0.0.1:1", "base URL"},
		{"PERSO_PROFILE_URL", "http://h/?q=1", "base URL"},
		{"PERSO_KAFKA_BROKERS", "127.0.0.1:1,", "each host:port"},
		{"PERSO_REDIS_ADDR", "127.0.0.1:99999", "65535"},
		{"PERSO_SEED", "x", "integer"},
		{"PERSO_USERS", "0", "from 1"},
		{"PERSO_ITEMS", "-1", "from 1"},
		{"PERSO_SPIN", "200", "200us"},
		{"PERSO_SPIN", "-1ms", "0s to 1s"},
		{"PERSO_REFRESH", "NaN", "number"},
		{"PERSO_LOG_LEVEL", "trace", "info or debug"},
		{"PERSO_ITEM_LABELS", "yes", "false or true"},
		{"PERSO_ARMS", "a,,b", "arm name"},
	} {
		_, err := ConfigFromEnv(func(name string) string {
			if name == test.name {
				return test.value
			}
			return ""
		}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.name) || !strings.Contains(err.Error(), test.legal) {
			t.Errorf("%s=%q: got %v, want an error that names the variable and %q", test.name, test.value, err, test.legal)
		}
	}
}

func TestRolesNeedTheirVariables(t *testing.T) {
	for _, role := range Roles() {
		err := role.Run(t.Context(), Config{Listen: "127.0.0.1:0", Users: 1, Items: 1, Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), role.Name+" needs PERSO_ARM") {
			t.Errorf("%s without variables: got %v", role.Name, err)
		}
	}
}

func TestListenRefusesWhatIsNoListener(t *testing.T) {
	for _, address := range []string{"fd:9999", "fd:x", "127.0.0.1:no"} {
		if l, err := Listen(address); err == nil {
			t.Errorf("%s: no error", address)
			_ = l.Close()
		}
	}
}
