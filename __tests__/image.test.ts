import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { ROOT } from './helpers/code-blocks.js';
import { until } from './helpers/until.js';

/*
 * Builds the image, and runs it as docs/service.md says. It takes a minute, and needs a Docker daemon and an image with
 * Node, so it runs only if NODE_IMAGE names one: NODE_IMAGE=node:24-slim npm run -s jest -- __tests__/image.test.ts
 */
jest.setTimeout(600_000);

const { NODE_IMAGE } = process.env;
const isPossible = NODE_IMAGE !== undefined && spawnSync('docker', ['info']).status === 0;
const name = `boundary-log-proxy-test-${process.pid}`;
const docker = (...args: string[]) =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

afterAll(() => {
  if (!isPossible) return;
  spawnSync('docker', ['rm', '--force', '--volumes', name]);
  spawnSync('docker', ['rmi', '--force', name]);
});

test('the image runs as an unprivileged user, and its health check has no other program than Node', () => {
  const file = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  expect(file).toMatch(/^ARG NODE_IMAGE=/m);
  expect(file).toMatch(/^USER 10001:10001$/m);
  expect(file).toMatch(/^HEALTHCHECK .*\\\n {2}CMD \["node", .*\/livez/m);
  expect(file).toMatch(/^ENTRYPOINT \["node", "\/app\/dist\/lib\/cli\/main\.js"\]$/m);
});

const testImage = isPossible ? test : test.skip;
testImage(
  `the image serves on a read-only file system, is healthy, and ends at docker stop${isPossible ? '' : ' (skipped: NODE_IMAGE is not set, or there is no Docker daemon)'}`,
  async () => {
    docker('build', '--network', 'host', '--build-arg', `NODE_IMAGE=${NODE_IMAGE}`, '--tag', name, ROOT);
    const safe = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    docker('run', '--detach', '--network', 'none', ...safe, '--name', name, name);
    const log = () => {
      const { stdout, stderr } = spawnSync('docker', ['logs', name], { encoding: 'utf8' });
      return stdout + stderr;
    };
    await until('it listens', () => log().includes('"listening"'), 60_000);
    expect(docker('exec', name, 'node', '-p', 'process.getuid()')).toBe('10001\n');
    docker('exec', name, 'node', '/app/dist/lib/cli/main.js', 'send', '--sample', '5');
    await until('the events are on stdout', () => log().split('boundary_request').length === 6, 60_000);
    const health = () => docker('inspect', '--format', '{{.State.Health.Status}}', name).trim();
    await until('it is healthy', () => health() === 'healthy', 60_000);
    docker('stop', name);
    expect(docker('inspect', '--format', '{{.State.ExitCode}}', name)).toBe('0\n');
    expect(log()).toContain('"msg":"closed"');
  },
);
