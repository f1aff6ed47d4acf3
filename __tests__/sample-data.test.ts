import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { filesIn, PAGES, ROOT } from './helpers/code-blocks.js';

/** Names that no one can register (RFC 2606 and 6761), single labels, and IP addresses. */
const RESERVED =
  /^((.+\.)?example(\.(com|org|net))?|.+\.(test|invalid|localhost)|[^.]*|[\d.]+|0x[\da-f.]+|\[.*?)\.?$/i;

/** What stands for itself, and is not a sample: specifications, and the place that this package is to be released from. */
const MEANT = /https?:\/\/(json-schema|no-color)\.org|\.github\/workflows/g;
/** The test of the release names that place. */
const RELEASE = '__tests__/release.test.ts';

/** Services that somebody operates, also when they stand alone, as in a rule. The list is closed. */
const OPERATED = [
  'npmjs',
  'pypi',
  'pythonhosted',
  'crates.io',
  'rubygems',
  'maven.org',
  'nuget.org',
  'proxy.golang',
  'docker.io',
  'github',
  'gitlab.com',
  'bitbucket',
  'anthropic',
  'openai.com',
  'googleapis',
  'amazonaws',
].map((name) => new RegExp(`\\b${name.replaceAll('.', '\\.')}`, 'i'));

const self = '__tests__/sample-data.test.ts';
const programs = ['lib', 'codec', 'bench', 'examples', '__tests__']
  .flatMap((folder) => filesIn(folder, /^(?!.*\/(generated|node_modules)\/).*\.[jt]s$/, true))
  .filter((file) => file !== self && file !== RELEASE);
const pages = [...PAGES, 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md', 'bench/README.md'];

/** What a file shows as data: everything in a program except its comments, and the code in a page. */
function dataOf(file: string): string {
  const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(MEANT, '');
  if (!file.endsWith('.md')) return text.replaceAll(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)/gm, '');
  return (text.match(/^```[\s\S]*?^```$|`[^`\n]+`/gm) ?? []).join('\n');
}

/** The names in a text that somebody operates. */
function operatedIn(text: string): string[] {
  const urls = text.matchAll(/https?:\/\/(?:[^\s/@'"`]+@)?(\[[^\]]*\]|[\w.-]+)/g);
  const hosts = [...urls].map(([, host]) => host as string);
  return [
    ...hosts.filter((host) => !RESERVED.test(host)),
    ...OPERATED.flatMap((name) => text.match(name) ?? []),
  ];
}

test.each([...programs, ...pages])('%s names only hosts that nobody operates', (file) => {
  expect(operatedIn(dataOf(file))).toEqual([]);
});

test.each([
  ['https://shop.real-name.com/', ['shop.real-name.com']],
  ['http://user:secret@real-name.org', ['real-name.org']],
  ['https://example.com.real-name.net', ['example.com.real-name.net']],
  ['domain=mirror.npmjs.example', ['npmjs']],
  [
    'https://user@api.example.com/v1 https://a.example. HTTPS://A.Example.COM http://a.localhost http://localhost:1 http://127.0.0.1 https://[::1]:2',
    [],
  ],
])('in %s it finds %j', (text, names) => {
  expect(operatedIn(text)).toEqual(names);
});
