package secret

import (
	"bytes"
	"strings"
	"testing"
)

// The credentials of these tests are made up. Those with an issuer's beginning are put together here, so that nothing that looks for
// leaked ones finds these.
const letters = "a8Kq2Zt5Wm9Xc3Vb7Np4Rd6Ys1Lf0Hj"

func TestHide(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		// addresses
		{"https://me:s3cret@example.com:4318/v1/traces", "https://[redacted]@example.com:4318/v1/traces"},
		{"https://s3cret@example.com/7", "https://[redacted]@example.com/7"}, // the DSN of an error tracker
		{"postgres://app:hunter2@db:5432/shop?sslmode=disable", "postgres://[redacted]@db:5432/shop?sslmode=disable"},
		{"postgres://app:p@ss/w:rd@db/shop", "postgres://[redacted]@db/shop"},
		{"redis://:hunter2@cache:6379/0", "redis://[redacted]@cache:6379/0"},
		{"amqp://guest:guest@mq", "amqp://[redacted]@mq"},
		{"a http://u:p@h/x and b http://v:q@i/y", "a http://[redacted]@h/x and b http://[redacted]@i/y"},
		{"app:hunter2@tcp(db:3306)/shop", "[redacted]@tcp(db:3306)/shop"},
		{"https://example.com/in?token=s3cret&level=full", "https://example.com/in?token=[redacted]&level=full"},
		{"https://example.com/in?level=full&api_key=s3cret", "https://example.com/in?level=full&api_key=[redacted]"},
		{"https://x.blob.core.windows.net/c?sv=2024&sig=abc%2Fdef%3D", "https://x.blob.core.windows.net/c?sv=2024&sig=[redacted]"},
		{"https://otlp.example.com:4318", "https://otlp.example.com:4318"},
		{"https://otlp-gateway-prod-eu-west-2.grafana.net/otlp", "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp"},
		{"https://in.example.com/" + letters + "/v1/traces", "https://in.example.com/[redacted]/v1/traces"},
		{"http://127.0.0.1:8080/health", "http://127.0.0.1:8080/health"},

		// pairs
		{"team=search,api_key=s3cret,region=eu", "team=search,api_key=[redacted],region=eu"},
		{"service.namespace=shop,deployment.environment.name=prod", "service.namespace=shop,deployment.environment.name=prod"},
		{"service.instance.id=627cc493-f310-47de-96bd-71410b7dec09", "service.instance.id=627cc493-f310-47de-96bd-71410b7dec09"},
		{"k8s.pod.name=checkout-7d9f8b6c5d-x2x4z", "k8s.pod.name=checkout-7d9f8b6c5d-x2x4z"},
		{"Endpoint=sb://x.net/;SharedAccessKeyName=root;SharedAccessKey=aB3/dE+f=", "Endpoint=sb://x.net/;SharedAccessKeyName=[redacted];SharedAccessKey=[redacted]"},
		{"Server=db;User Id=app;Password=hunter2;Pooling=true", "Server=db;User Id=app;Password=[redacted];Pooling=true"},
		{"host=db user=app password='hunter 2' dbname=shop", "host=db user=app password='[redacted]' dbname=shop"},
		{`{"user": "app", "password": "hunter2", "port": 5432}`, `{"user": "app", "password": "[redacted]", "port": 5432}`},
		{"authorization=Bearer%20abcdef123", "authorization=[redacted]"},
		{"Authorization: Basic dXNlcjpwYXNz", "Authorization: [redacted] [redacted]"},
		{"DB_PASS=hunter2", "DB_PASS=[redacted]"},
		{"OTEL_RESOURCE_ATTRIBUTES=api_key=s3cret", "OTEL_RESOURCE_ATTRIBUTES=api_key=[redacted]"},
		{"sessionid=42", "sessionid=[redacted]"},

		// keys of issuers
		{"ghp_" + letters, Hidden},
		{"github_pat_" + letters, Hidden},
		{"glpat-" + letters[:20], Hidden},
		{"AKIA" + strings.ToUpper(letters[:16]), Hidden},
		{"sk-proj-" + letters, Hidden},
		{"sk_live_" + letters[:24], Hidden},
		{"xoxb-1234567890-abcdefgh", Hidden},
		{"the token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl is old", "the token [redacted] is old"},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabcd\n-----END RSA PRIVATE KEY-----\nthen", "[redacted]\nthen"},
		{"-----BEGIN PRIVATE KEY-----\nMIIE cut off", Hidden},

		// random text
		{letters, Hidden},
		{"0123456789abcdef0123456789abcdef0a1b2c3d", Hidden},
		{"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Hidden},
		{"Zm9v-YmFyQ_mF6cXV4MTIzNDU2Nzg5MGFiY2RlZg==", Hidden},

		// what levels really say
		{"otlp", "otlp"}, {"true", "true"}, {"0.1", "0.1"}, {"16384", "16384"}, {"", ""},
		{"parentbased_traceidratio", "parentbased_traceidratio"},
		{"base2_exponential_bucket_histogram", "base2_exponential_bucket_histogram"},
		{"tracecontext,baggage,b3multi", "tracecontext,baggage,b3multi"},
		{"endpoint=http://jaeger:14250,pollingIntervalMs=5000,initialSamplingRate=0.25", "endpoint=http://jaeger:14250,pollingIntervalMs=5000,initialSamplingRate=0.25"},
		{"/usr/share/opentelemetry/JavaAgentExtension2/otel-2024.jar", "/usr/share/opentelemetry/JavaAgentExtension2/otel-2024.jar"},
		{"/tmp/TestRunOfAScriptThatDoesNotLoad2842523845/001/load/users.js:2:30", "/tmp/TestRunOfAScriptThatDoesNotLoad2842523845/001/load/users.js:2:30"},
		{"token-service", "token-service"},
		{"a dial to tcp 127.0.0.1:5432: connect: connection refused", "a dial to tcp 127.0.0.1:5432: connect: connection refused"},
	} {
		if got := Hide(tt.text); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
		}
		if once := Hide(tt.text); Hide(once) != once {
			t.Errorf("%s: hidden twice: %s", tt.text, Hide(once))
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]struct{ named, holds bool }{
		"DB_PASS": {true, true}, "DB_PASSWORD": {true, true}, "dbpass": {true, true}, "PGPASSWORD": {true, true}, "MYSQL_PWD": {true, true},
		"PRIVATE_KEY": {true, true}, "AWS_ACCESS_KEY_ID": {true, true}, "AWS_SECRET_ACCESS_KEY": {true, true}, "GITHUB_PAT": {true, true},
		"SESSION_COOKIE": {true, true}, "SENTRY_DSN": {true, true}, "SharedAccessKey": {true, true}, "apiKey": {true, true}, "x-api-key": {true, true},
		"VENDOR_TOKEN": {true, true}, "clientSecret": {true, true}, "TLS_KEY_BASE64": {true, true}, "authtoken": {true, true},
		"TOKEN_TTL": {true, false}, "LLM_MAX_TOKENS": {true, false}, "SESSION_TIMEOUT": {true, false}, "KEY_SERIALIZER": {true, false},
		"DB_POOL_SIZE": {false, false}, "FEATURE_X": {false, false}, "service.name": {false, false}, "AUTHOR": {false, false}, "COMPASS_ON": {true, false},
		"GOMAXPROCS": {false, false}, "region": {false, false}, "": {false, false}, "PATH": {false, false},
	} {
		if Named(name) != want.named || Holds(name) != want.holds {
			t.Errorf("%s: named %t, holds %t, want %+v", name, Named(name), Holds(name), want)
		}
	}
}

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	text := "cannot reach postgres://app:hunter2@db/shop\n"
	if n, err := (Writer{&out}).Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if want := "cannot reach postgres://[redacted]@db/shop\n"; out.String() != want {
		t.Errorf("passed on %q", out.String())
	}
}

// FuzzHide: no text makes it fail, and what it has hidden stays hidden.
func FuzzHide(f *testing.F) {
	f.Add("https://a:b@c?token=d,e=f;-----BEGIN X-----")
	f.Fuzz(func(t *testing.T, text string) {
		const planted = "hunter2hunter2"
		if hidden := Hide(text + "\npassword=" + planted + "\n"); strings.Contains(hidden, planted) {
			t.Errorf("%q: the password is still there: %q", text, hidden)
		}
	})
}
