import type { BoundaryEvent } from '../text/event.js';

/** Typical requests of an agent. A request without a rule was denied. */
const REQUESTS: readonly (readonly [method: string, url: string, rule?: string])[] = [
  ['GET', 'https://registry.example.com/express', 'domain=registry.example.com'],
  ['POST', 'https://api.example.com/v1/messages', 'domain=api.example.com'],
  ['GET', 'https://code.example.org/team/project/archive/main.tar.gz', 'domain=code.example.org method=GET'],
  ['POST', 'https://collect.example.net/upload?name=.env'],
  ['GET', 'https://packages.example.com/simple/requests/', 'domain=packages.example.com'],
  ['CONNECT', 'https://203.0.113.7:8443'],
  ['GET', 'https://raw.example.org/team/project/main/README.md', 'domain=*.example.org'],
  ['DELETE', 'https://api.code.example.org/repos/team/production'],
];

/** Yields `n` invented events: always the same ones, in the same order. */
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
