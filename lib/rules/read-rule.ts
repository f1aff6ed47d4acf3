/** A rule that was parsed. A property is undefined if the rule does not restrict it. */
export interface Rule {
  /** The text of the rule. */
  readonly text: string;
  /** The methods that it allows; `*` stands for any. */
  readonly methods: readonly string[] | undefined;
  /** The labels of its domain; `*` stands for any, and at the beginning for one or more. */
  readonly domain: readonly string[] | undefined;
  /** The segments of each of its paths; `*` stands for any, and at the end for one or more. No segments match any path. */
  readonly paths: readonly (readonly string[])[] | undefined;
}

/** Why a text is not a rule. */
export interface RuleFault {
  /** The index of the first character that is wrong. */
  readonly position: number;
  /** What is wrong there, and what to do. */
  readonly message: string;
}

const KEYS = ['method', 'domain', 'path'] as const;
const TOKEN = /[\w!#$%&'*+.^`|~-]+/y;
const LABEL = /\*|[a-zA-Z\d](?:[a-zA-Z\d-]*[a-zA-Z\d])?/y;
const SEGMENT = /(?:[\w.~!$&'()*+;=:@-]|%[\da-fA-F]{2})+/y;

/** Reads a rule in the grammar of boundary. */
export function readRule(text: string): Rule | RuleFault {
  return new RuleReader(text).read();
}

class RuleReader {
  readonly #text: string;
  #at = 0;
  #methods: string[] | undefined;
  #domain: string[] | undefined;
  #paths: string[][] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Rule | RuleFault {
    let last: (typeof KEYS)[number] | undefined;
    while (this.#at < this.#text.length) {
      const key = KEYS.find((key) => this.#text.startsWith(`${key}=`, this.#at));
      if (key === undefined) return this.#fault(this.#insteadOfKey(last));
      last = key;
      this.#at += key.length + 1;
      const wrong = this[key]();
      if (wrong !== undefined) return this.#fault(wrong);
      while (/[ \t\n]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    }
    return { text: this.#text, methods: this.#methods, domain: this.#domain, paths: this.#paths };
  }

  private method(): string | undefined {
    this.#methods ??= [];
    do {
      const method = this.#next(TOKEN);
      if (method === undefined)
        return 'a method is missing: write method=GET, or method=GET,HEAD without spaces';
      this.#methods.push(method);
    } while (this.#skip(','));
    return undefined;
  }

  private domain(): string | undefined {
    const labels: string[] = [];
    do {
      const label = this.#next(LABEL);
      if (label === undefined) {
        return 'a label of a domain consists of letters, digits and hyphens, and begins and ends without a hyphen; or it is *';
      }
      labels.push(label);
    } while (this.#skip('.'));
    if (labels.length > 1 && labels.at(-1) === '*') return 'the last label of a domain cannot be *';
    this.#domain = [...(this.#domain ?? []), ...labels];
    return undefined;
  }

  private path(): string | undefined {
    this.#paths ??= [];
    do {
      const segments: string[] = [];
      this.#skip('/');
      for (let segment = this.#next(SEGMENT); segment !== undefined; segment = this.#next(SEGMENT)) {
        if (
          segment.startsWith('*') &&
          !(segment === '*' && /^[/, \t\n]?$/.test(this.#text.charAt(this.#at)))
        ) {
          this.#at -= segment.length;
          return 'a segment of a path that begins with * cannot contain anything else: write * alone, or the whole segment';
        }
        segments.push(segment);
        if (!this.#skip('/')) break;
      }
      this.#paths.push(segments);
    } while (this.#skip(','));
    return undefined;
  }

  #next(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skip(character: string): boolean {
    const isThere = this.#text.startsWith(character, this.#at);
    if (isThere) this.#at += 1;
    return isThere;
  }

  #fault(message: string): RuleFault {
    return { position: this.#at, message };
  }

  /** @param last The key whose value has ended here. */
  #insteadOfKey(last: (typeof KEYS)[number] | undefined): string {
    const character = this.#text.charAt(this.#at);
    if (last === undefined && /\s/.test(character)) return 'a rule cannot begin with white space: remove it';
    if (last === undefined || /\s/.test(this.#text.charAt(this.#at - 1)))
      return 'a key is expected here: method=, domain= or path=';
    if (last === 'method')
      return 'a method cannot contain this character, and a space comes before the next key';
    if (last === 'path' && character === '/')
      return 'a path cannot contain an empty segment: no rule can express //';
    if (last === 'path')
      return 'a path cannot contain this character, not even escaped, because decoded paths are compared: write * for the segment';
    return (
      DOMAIN_ENDS[character] ??
      'a domain has only letters, digits, hyphens and dots: write other letters as xn-- does'
    );
  }
}

/** What to do instead of writing one of these characters after a domain. */
const DOMAIN_ENDS: Readonly<Record<string, string>> = {
  ':': 'a domain has no port: leave it out, because a rule allows every port',
  '/': 'a domain has no path: write a space and path= before it',
  ',': 'a rule has one domain, and no commas between its keys: write a second rule for a second domain',
  '-': 'a label of a domain cannot end with a hyphen',
};
