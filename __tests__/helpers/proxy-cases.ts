/** Variables, a URL, and the proxy that Go's httpproxy chooses for it; null for none. */
export interface ProxyCase {
  env: Record<string, string>;
  url: string;
  proxy: string | null;
}

const HTTP = 'http://example.com';

/** The cases of `proxyForURLTests` in Go's proxy_test.go, with names that nobody operates. Those that Go answers with an error are not among them. */
export const CHOICES: ProxyCase[] = [
  [{ HTTP_PROXY: '127.0.0.1:8080' }, HTTP, 'http://127.0.0.1:8080'],
  [{ HTTP_PROXY: 'cache.corp.example.com:1234' }, HTTP, 'http://cache.corp.example.com:1234'],
  [{ HTTP_PROXY: 'cache.corp.example.com' }, HTTP, 'http://cache.corp.example.com'],
  [{ HTTP_PROXY: 'localhost' }, HTTP, 'http://localhost'],
  [{ HTTP_PROXY: 'https://cache.corp.example.com' }, HTTP, 'https://cache.corp.example.com'],
  [{ HTTP_PROXY: 'http://127.0.0.1:8080' }, HTTP, 'http://127.0.0.1:8080'],
  [{ HTTP_PROXY: 'https://127.0.0.1:8080' }, HTTP, 'https://127.0.0.1:8080'],
  [{ HTTP_PROXY: 'socks5://127.0.0.1' }, HTTP, 'socks5://127.0.0.1'],
  [{ HTTP_PROXY: 'foo://host' }, HTTP, 'foo://host'],
  [
    { HTTP_PROXY: 'http.proxy.test', HTTPS_PROXY: 'secure.proxy.test' },
    'http://insecure.test/',
    'http://http.proxy.test',
  ],
  [
    { HTTP_PROXY: 'http.proxy.test', HTTPS_PROXY: 'secure.proxy.test' },
    'https://secure.test/',
    'http://secure.proxy.test',
  ],
  [
    { HTTP_PROXY: 'http.proxy.test', HTTPS_PROXY: 'https://secure.proxy.test' },
    'https://secure.test/',
    'https://secure.proxy.test',
  ],
  [{ HTTP_PROXY: 'http.proxy.test' }, 'https://secure.test/', null],
  [
    { HTTPS_PROXY: 'https://secure.proxy.test', REQUEST_METHOD: 'GET' },
    'https://secure.test/',
    'https://secure.proxy.test',
  ],
  [{}, HTTP, null],
  [{ NO_PROXY: 'example.com', HTTP_PROXY: 'proxy' }, 'http://example.com/', null],
  [{ NO_PROXY: '.example.com', HTTP_PROXY: 'proxy' }, 'http://example.com/', 'http://proxy'],
  [{ NO_PROXY: 'ample.com', HTTP_PROXY: 'proxy' }, 'http://example.com/', 'http://proxy'],
  [{ NO_PROXY: 'example.com', HTTP_PROXY: 'proxy' }, 'http://foo.example.com/', null],
  [{ NO_PROXY: '.foo.com', HTTP_PROXY: 'proxy' }, 'http://example.com/', 'http://proxy'],
  [{ NO_PROXY: '.示例.example', HTTP_PROXY: 'proxy' }, 'http://www.示例.example', null],
  [{ NO_PROXY: 'xn--fsq092h.example', HTTP_PROXY: 'proxy' }, 'http://www.示例.example', null],
  [{ NO_PROXY: '示例.example', HTTP_PROXY: 'proxy' }, 'http://www.xn--fsq092h.example', null],
  // TestFromEnvironmentLowerCase, TestFromEnvironmentUpperAndLowerCase
  [{ http_proxy: 'lower' }, HTTP, 'http://lower'],
  [{ HTTP_PROXY: 'upper', http_proxy: 'lower' }, HTTP, 'http://lower'],
  [{ HTTPS_PROXY: 'upper', https_proxy: 'lower' }, 'https://example.com', 'http://lower'],
  [{ HTTP_PROXY: 'proxy', NO_PROXY: 'example.com', no_proxy: 'other.com' }, HTTP, 'http://proxy'],
  // Not in Go's tests: an empty variable is like none, and user and password are kept.
  [{ HTTP_PROXY: 'upper', http_proxy: '' }, HTTP, 'http://upper'],
  [{ HTTP_PROXY: 'user:p%40ss@proxy:3128' }, HTTP, 'http://user:p%40ss@proxy:3128'],
  [{ HTTP_PROXY: 'http://user@proxy/' }, HTTP, 'http://user@proxy/'],
  [{ HTTP_PROXY: '[::1]:3128' }, HTTP, 'http://[::1]:3128'],
].map(([env, url, proxy]) => ({ env, url, proxy }) as ProxyCase);

/** The value of NO_PROXY in Go's TestUseProxy. */
const GO_LIST =
  'foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64';

/** `UseProxyTests` of Go's proxy_test.go: whether a host uses a proxy despite this list. */
const GO_HOSTS: [host: string, usesProxy: boolean][] = [
  ['localhost', false],
  ['127.0.0.1', false],
  ['127.0.0.2', false],
  ['[::1]', false],
  ['[::2]', true],
  ['192.168.1.1', false],
  ['192.168.1.2', true],
  ['192.168.1.3', false],
  ['192.168.1.4', true],
  ['10.0.0.2', false],
  ['[2001:db8::52:0:1]', false],
  ['[2001:db8::52:0:2]', true],
  ['[2001:db8::52:0:3]', false],
  ['[2002:db8:a::123]', false],
  ['[fe80::424b:c8be:1643:a1b6]', true],
  ['barbaz.net', true],
  ['www.barbaz.net', false],
  ['foobar.com', false],
  ['www.foobar.com', false],
  ['foofoobar.com', true],
  ['baz.com', true],
  ['localhost.net', true],
  ['local.localhost', true],
  ['barbarbaz.net', true],
  ['wildcard.io', true],
  ['nested.wildcard.io', false],
  ['awildcard.io', true],
];

/** Further entries of NO_PROXY. */
const ENTRIES: [noProxy: string, url: string, usesProxy: boolean][] = [
  ['', 'http://example.com', true],
  [',, ,', 'http://example.com', true],
  [':1', 'http://example.com', true],
  ['*', 'http://example.com', false],
  ['a.com,*', 'http://10.1.2.3', false],
  ['*.*', 'http://example.com', true],
  ['EXAMPLE.com', 'http://Example.COM', false],
  ['\texample.com ', 'http://example.com', false],
  ['a.com example.com', 'http://example.com', true],
  ['example.com', 'http://example.com.', true],
  ['example.com:80', 'http://example.com', false],
  ['example.com:443', 'https://example.com', false],
  ['example.com:443', 'https://example.com:8443', true],
  ['example.com:8443', 'https://example.com:8443', false],
  ['example.com:', 'http://example.com', false],
  ['example.com:http', 'http://example.com', true],
  ['.example.com:80', 'http://a.example.com', false],
  ['*.example.com:80', 'http://example.com', true],
  ['[example.com]:80', 'http://example.com', false],
  ['.', 'http://example.com', true],
  ['com', 'http://example.com', false],
  ['localhost', 'http://a.localhost', false],
  ['', 'http://127.255.255.254', false],
  ['', 'http://128.0.0.1', true],
  ['', 'http://0.0.0.0', true],
  ['', 'http://[::ffff:127.0.0.1]', false],
  ['', 'http://[0:0:0:0:0:0:0:1]:8080', false],
  ['10.0.0.0/8', 'http://10.255.255.255', false],
  ['10.0.0.0/8', 'http://11.0.0.0', true],
  ['10.1.2.3/8', 'http://10.9.9.9', false],
  ['10.0.0.0/08', 'http://10.9.9.9', false],
  ['10.0.0.0/0', 'http://203.0.113.1', false],
  ['10.1.2.3/32', 'http://10.1.2.3', false],
  ['10.1.2.3/32', 'http://10.1.2.4', true],
  ['10.0.0.0/31', 'http://10.0.0.1', false],
  ['10.0.0.0/31', 'http://10.0.0.2', true],
  ['10.0.0.0/33', 'http://10.0.0.0', true],
  ['10.0.0.0/', 'http://10.0.0.0', true],
  ['10.0.0/8', 'http://10.0.0.0', true],
  ['10.0.0.0/8:80', 'http://10.0.0.0', true],
  ['010.0.0.0/8', 'http://10.0.0.0', true],
  ['10.0.0.0/8', 'http://[::ffff:10.1.2.3]', false],
  ['::ffff:10.0.0.0/104', 'http://10.1.2.3', false],
  ['::ffff:10.0.0.0/104', 'http://11.1.2.3', true],
  ['::ffff:10.0.0.0/95', 'http://10.1.2.3', true],
  ['::/0', 'http://10.1.2.3', true],
  ['::/0', 'http://[2001:db8::1]', false],
  ['0.0.0.0/0', 'http://[2001:db8::1]', true],
  ['2001:db8::/32', 'http://[2001:db8:ffff::1]', false],
  ['2001:db8::/32', 'http://[2001:db9::1]', true],
  ['2001:db8::/33', 'http://[2001:db8:8000::1]', true],
  ['2001:DB8::1', 'http://[2001:db8:0:0::1]', false],
  ['[2001:db8::1]', 'http://[2001:db8::1]', true],
  ['2001:db8::1/128', 'http://[2001:db8::1]', false],
  ['2001:db8::1/129', 'http://[2001:db8::1]', true],
  ['[2001:db8::1]:80', 'http://[2001:db8::1]', false],
  ['[2001:db8::/32]:80', 'http://[2001:db8::1]', true],
  ['fe80::1%eth0', 'http://[fe80::1]', true],
  ['::ffff:10.1.2.3', 'http://10.1.2.3', false],
  ['10.1.2.3', 'http://[::ffff:a01:203]', false],
  ['10.1.2.3:80', 'http://10.1.2.3:8080', true],
  ['2.3', 'http://10.1.2.3', true],
  ['.2.3', 'http://10.1.2.3', true],
];

const PROXY = 'http://proxy:3128';
const listed = (noProxy: string, url: string, usesProxy: boolean): ProxyCase => ({
  env: { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: noProxy },
  url,
  proxy: usesProxy ? PROXY : null,
});

export const EXCEPTIONS: ProxyCase[] = [
  ...GO_HOSTS.map(([host, usesProxy]) => listed(GO_LIST, `http://${host}`, usesProxy)),
  ...GO_HOSTS.map(([host]) => listed('*', `http://${host}`, false)),
  ...ENTRIES.map((entry) => listed(...entry)),
];
