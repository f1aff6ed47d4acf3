/** What there is of WebAssembly's own API that is used here; Node's types do not have it. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** A constant that a module exports. */
export interface Constant {
  readonly value: number;
}

/**
 * What a module of `wasm/` exports, made of its code in base64.
 *
 * @returns undefined where it cannot run: there is no WebAssembly, as with `node --jitless`, or its vectors are not
 *   known.
 */
export function instantiate<T>(
  code: string,
): (T & { readonly memory: { readonly buffer: ArrayBuffer } }) | undefined {
  try {
    const module = new WebAssembly.Module(Buffer.from(code, 'base64'));
    return new WebAssembly.Instance(module).exports as T & { memory: { buffer: ArrayBuffer } };
  } catch {
    return undefined;
  }
}
