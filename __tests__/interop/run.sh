#!/usr/bin/env bash
# Checks and builds the Go programs, builds the package, and runs the tests that combine them. Arguments go to Jest.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v go >/dev/null; then
  echo 'Go is not installed: the interop tests are skipped'
  exit 0
fi
unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
  echo "not formatted, run gofmt -w on them: $unformatted" >&2
  exit 1
fi
go vet ./...
go build -o bin/ ./cmd/...
# A module of its own, because it needs newer versions of what the programs above use.
(cd collector && go vet . && go build -o ../bin/collector .)

cd ../..
npm run -s build
npm run -s jest -- --config __tests__/interop/jest.config.js "$@"
