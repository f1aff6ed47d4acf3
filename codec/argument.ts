import { BoundaryLogError } from './errors.js';
import { isClass, shown } from './shown.js';

/** @throws ERR_INVALID_OPTION unless the argument of a function is acceptable. */
export function checkArgument(name: string, value: unknown, isAccepted: boolean, expected: string): void {
  if (isAccepted) return;
  throw new BoundaryLogError('ERR_INVALID_OPTION', `${name}: got ${shown(value)}, expected ${expected}`);
}

/** Whether a value is a function that can be called. A class cannot. */
export function isCallable(value: unknown): boolean {
  return typeof value === 'function' && !isClass(value);
}

/** Whether a value is an object with properties, and not an array, a Date, a Map or the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' || tag === '[object Module]';
}
