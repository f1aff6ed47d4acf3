package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/workspaceagents/me/rpc", func(w http.ResponseWriter, r *http.Request) {
		if n, _ := strconv.Atoi(r.URL.Query().Get("redirected")); n < s.redirects {
			query := r.URL.Query()
			query.Set("redirected", strconv.Itoa(n+1))
			http.Redirect(w, r, r.URL.Path+"?"+query.Encode(), http.StatusTemporaryRedirect)
			return
		}
		status, message := s.judge(r)
		tell(map[string]any{"attempt": map[string]any{
			"status": status, "at": time.Now().UnixMilli(),
			"version": r.URL.Query().Get("version"), "role": r.URL.Query().Get("role"),
		}})
		if status == http.StatusSwitchingProtocols {
			s.session(w, r)
			return
		}
		if s.retryAfter != "" {
			w.Header().Set("Retry-After", s.retryAfter)
		}
		answer(w, status, map[string]string{"message": message})
	})
	return mux
}

// judge decides whether to accept a connection attempt. Like coderd, it checks
// the token first, and then the version.
func (s *server) judge(r *http.Request) (status int, message string) {
	if s.status != 0 && s.times.again() {
		return s.status, http.StatusText(s.status)
	}
	if r.Header.Get("Coder-Session-Token") != s.token {
		return http.StatusUnauthorized, "Workspace agent not authorized."
	}
	if !speaks(s.apiVersion, r.URL.Query().Get("version")) {
		return http.StatusBadRequest, "Unknown or unsupported API version"
	}
	return http.StatusSwitchingProtocols, ""
}

// speaks reports whether a server with version ours supports the version asked:
// the same major version, and a minor version that is not newer.
func speaks(ours, asked string) bool {
	var ourMajor, ourMinor, major, minor int
	if _, err := fmt.Sscanf(ours+" "+asked, "%d.%d %d.%d", &ourMajor, &ourMinor, &major, &minor); err != nil {
		return false
	}
	return major == ourMajor && minor <= ourMinor
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
