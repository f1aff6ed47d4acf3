/**
 * @typedef {object} Definition
 * @property {string} name
 * @property {'counter' | 'gauge' | 'histogram'} type
 * @property {string} help
 * @property {string} [label]
 * @property {readonly string[]} [labels]
 */

/** What the names of the proxy's own metrics begin with. Panels and alerts leave it out. */
const PREFIX = 'agent_boundary_log_proxy_';

/** A name in PromQL that no letter precedes, with its matchers; or a string, which contains no names. */
const NAME = /"(?:[^"\\]|\\.)*"|(?<![\w$])([a-z_][a-z0-9_]*)(?:\{([^}]*)\})?/g;

/** The metrics that a running `serve` can have. */
export class Metrics {
  /** @type {Map<string, Definition>} */
  #byName = new Map();

  /** @param {readonly Definition[]} definitions */
  constructor(definitions) {
    for (const definition of definitions) {
      const { name, type } = definition;
      const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const suffix of suffixes) this.#byName.set(short + suffix, definition);
    }
  }

  /**
   * PromQL with the complete names of its metrics.
   *
   * @param {string} expression With the names of metrics as they are in docs/operating.md.
   * @param {string} [matchers] Which time series of each metric it is about.
   */
  expand(expression, matchers = '') {
    return expression.replaceAll(NAME, (text, name, own) => {
      const definition = this.#byName.get(name);
      if (definition === undefined) return text;
      const prefix = definition.name.startsWith(PREFIX) ? PREFIX : '';
      const all = [matchers, own ?? ''].filter((one) => one !== '').join(', ');
      return `${prefix}${name}${all === '' ? '' : `{${all}}`}`;
    });
  }

  /**
   * The definitions of the metrics in an expression, each once.
   *
   * @param {string} expression
   * @returns {Definition[]}
   */
  in(expression) {
    const found = [...expression.matchAll(NAME)].flatMap(([, name]) => this.#byName.get(name ?? '') ?? []);
    return [...new Set(found)];
  }
}
