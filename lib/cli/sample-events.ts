import type { BoundaryEvent } from '../text/event.js';

/** What an agent at work might ask for, and what its rules make of it. */
const REQUESTS: readonly (readonly [method: string, url: string, rule?: string])[] = [
  ['GET', 'https://registry.npmjs.org/express', 'domain=registry.npmjs.org'],
  ['POST', 'https://api.anthropic.com/v1/messages', 'domain=api.anthropic.com'],
  ['GET', 'https://github.com/coder/boundary/archive/refs/heads/main.tar.gz', 'domain=github.com method=GET'],
  ['POST', 'https://collect.example.net/upload?name=.env'],
  ['GET', 'https://pypi.org/simple/requests/', 'domain=pypi.org'],
  ['CONNECT', 'https://203.0.113.7:8443'],
  ['GET', 'https://raw.githubusercontent.com/coder/coder/main/README.md', 'domain=*.githubusercontent.com'],
  ['DELETE', 'https://api.github.com/repos/example/production'],
];

/** `n` made-up events, always the same but for their time. */
export function* sampleEvents(n: number): Generator<BoundaryEvent> {
  for (let i = 0; i < n; i++) {
    const [http_method, http_url, matched_rule] = REQUESTS[i % REQUESTS.length] as (typeof REQUESTS)[number];
    const event: BoundaryEvent = {
      decision: matched_rule === undefined ? 'deny' : 'allow',
      http_method,
      http_url,
    };
    yield matched_rule === undefined ? event : { ...event, matched_rule };
  }
}
