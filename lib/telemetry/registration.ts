import type { Metric } from 'prom-client';
import { BoundaryLogError } from '../errors.js';
import type { Guard } from '../guard.js';
import type { MetricsRegistry } from './prom-client.js';

/**
 * Marks a registry that has the metrics of a closed proxy. Another copy of this module has to understand it: after a hot
 * reload, the registry may be that of a proxy of the code before.
 */
const RELEASED = Symbol.for('boundary-log-proxy.released');

type Marked = MetricsRegistry & { [RELEASED]?: boolean };
type Named = Metric & { readonly name: string };

/** The metrics that one proxy has in a registry, which may be shared with the rest of the program. */
export class Registration {
  readonly #registry: Marked;
  readonly #metrics: readonly Named[];
  readonly #guard: Guard;
  #isReleased = false;

  /**
   * @param guard Calls the registry, which may fail: then some metrics are missing.
   * @throws ERR_REGISTRY_IN_USE if the registry has metrics of these names, unless they are those of a closed proxy.
   */
  constructor(registry: MetricsRegistry, metrics: readonly Metric[], guard: Guard) {
    this.#registry = registry;
    this.#metrics = metrics as readonly Named[];
    this.#guard = guard;
    const existing = this.#metrics.find(({ name }) => this.#find(name) !== undefined);
    if (existing !== undefined) {
      if (this.#registry[RELEASED] !== true) {
        throw new BoundaryLogError(
          'ERR_REGISTRY_IN_USE',
          `registry: it already contains ${existing.name}: use one registry per proxy, or close the other proxy first`,
        );
      }
      for (const { name } of this.#metrics) this.#remove(name);
    }
    guard.call(() => Reflect.deleteProperty(this.#registry, RELEASED));
    for (const metric of metrics) guard.call(() => registry.registerMetric(metric));
  }

  /**
   * Ends the registration, once.
   *
   * @param keepsValues Whether the last values stay in the registry until another proxy uses it.
   */
  release(keepsValues: boolean): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (keepsValues) {
      this.#guard.call(() => Object.assign(this.#registry, { [RELEASED]: true }));
      return;
    }
    for (const metric of this.#metrics) {
      // The program may have replaced it.
      if (this.#find(metric.name) === metric) this.#remove(metric.name);
    }
  }

  #find(name: string): object | undefined {
    return this.#guard.call(() => this.#registry.getSingleMetric(name));
  }

  #remove(name: string): void {
    this.#guard.call(() => this.#registry.removeSingleMetric(name));
  }
}
